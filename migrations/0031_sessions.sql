-- The portal's sessions, and what ends all of a person's.
--
-- A row holds nothing that its reader could use: the key is the SHA-256 of the id in the cookie, and the content is
-- sealed under a key that is made of that id. Sessions of before were kept in clear; who has one signs in again.
drop schema if exists tower_sessions cascade;

create table sessions (
    id_hash bytea constraint sessions_pkey primary key,
    sealed bytea not null,
    expires_at timestamptz not null
);
create index sessions_expires_at_idx on sessions (expires_at);

-- A session names the generation that it was begun in, and holds in that one alone.
alter table people add column session_generation integer not null default 0;

-- Whoever takes a right away, in whatever way, ends the sessions that were begun with it, in the same transaction.
create function people_end_sessions() returns trigger language plpgsql as $$
begin
    new.session_generation := old.session_generation + 1;
    perform pg_notify('changes', json_build_object('scope', new.company_id, 'keys', json_build_array('people'))::text);
    return new;
end
$$;

create trigger people_end_sessions before update on people
    for each row when (
        old.role is distinct from new.role
        or old.company_id is distinct from new.company_id
        or old.deactivated_at is distinct from new.deactivated_at
    )
    execute function people_end_sessions();

create function app_members_end_sessions() returns trigger language plpgsql as $$
begin
    -- The team of an app that is deleted loses nothing else.
    if exists (select 1 from apps where company_id = old.company_id and id = old.app_id) then
        update people set session_generation = session_generation + 1
            where company_id = old.company_id and id = old.person_id;
        perform pg_notify('changes', json_build_object('scope', old.company_id, 'keys', json_build_array('people'))::text);
    end if;
    return null;
end
$$;

create trigger app_members_end_sessions_deleted after delete on app_members
    for each row execute function app_members_end_sessions();
create trigger app_members_end_sessions_changed after update on app_members
    for each row when (old.role is distinct from new.role)
    execute function app_members_end_sessions();
