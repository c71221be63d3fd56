-- Who did what, to what, when, from where, with what result. Rows are added, never changed.
create table audit_events (
    id bigint generated always as identity constraint audit_events_pkey primary key,
    company_id uuid,
    at timestamptz not null,
    person_id uuid,
    person_name text not null,
    action text not null,
    target text not null,
    details jsonb not null,
    result text not null constraint audit_events_result_check check (result in ('done', 'refused')),
    request_id text not null,
    from_address text
);
create index audit_events_company_idx on audit_events (company_id, at desc, id desc);

create function audit_events_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'audit events are never changed';
end
$$;

create trigger audit_events_append_only before update or delete on audit_events
    for each row execute function audit_events_refuse_change();
