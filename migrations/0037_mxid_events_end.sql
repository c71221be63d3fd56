-- Sign-in events are kept for 400 days, as they are; older ones may go.
create or replace function mxid.events_refuse_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and old.at < now() - interval '400 days' then
        return old;
    end if;
    raise exception 'sign-in events are never changed, and none of the last 400 days is removed';
end
$$;
create index events_at_idx on mxid.events (at);
