-- What environments take of disks, as it was measured last, and how near that is to what their plans allow.
create table environment_usage (
    environment_id uuid constraint environment_usage_pkey primary key,
    company_id uuid not null,
    -- The files of its bucket, and what its instances wrote beside them.
    files_bytes bigint,
    files bigint,
    run_bytes bigint,
    files_held boolean not null default false,
    files_level text not null default 'fine',
    files_at timestamptz,
    database_bytes bigint,
    database_level text not null default 'fine',
    database_at timestamptz,
    -- While its database takes no connections: since when, why, and at which revision of what is desired.
    closed_at timestamptz,
    closed_for text constraint environment_usage_closed_for_check check (closed_for in ('plan', 'reserve')),
    closed_revision bigint,
    -- Until when it is open all the same, to delete in it.
    open_until timestamptz,
    constraint environment_usage_environment_fkey foreign key (company_id, environment_id)
        references environments (company_id, id) on delete cascade,
    constraint environment_usage_closed_check check ((closed_at is null) = (closed_for is null))
);

-- The portal has events of its own to tell beside the engine's, each source with numbers of its own.
alter table environment_events
    add column source text not null default 'engine'
        constraint environment_events_source_check check (source in ('engine', 'portal')),
    drop constraint environment_events_pkey,
    add constraint environment_events_pkey primary key (environment_id, source, sequence);
create index environment_events_at_idx on environment_events (environment_id, at desc);
