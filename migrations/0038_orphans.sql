-- What engines run and what lies on servers and in buckets that no row knows, as the last searches found it: a row
-- for each, of the installation, no company's. A page reads this and asks no engine.
create table orphans (
    id uuid constraint orphans_pkey primary key,
    kind text not null constraint orphans_kind_check check (kind in ('workload', 'database', 'bucket')),
    -- The environment that it was made for, which has no row.
    environment_id uuid not null,
    -- The engine, server or folder, in words.
    place text not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    -- Somebody asked for its removal, which the next search begins with.
    remove_asked_at timestamptz,
    remove_asked_by text,
    removed_at timestamptz,
    -- Why the last attempt to remove it failed.
    failure text,
    constraint orphans_thing_key unique (kind, environment_id)
);
-- When somebody asked for a search, when the last one began, and where it could not look.
alter table installation
    add column orphans_asked_at timestamptz,
    add column orphans_searched_at timestamptz,
    add column orphans_unseen text[] not null default '{}';
