-- Apps, their teams, packages and environments. Every row names its company.
create table apps (
    id uuid primary key,
    company_id uuid not null constraint apps_company_fkey references companies (id),
    name text not null,
    subdomain text not null constraint apps_subdomain_key unique,
    region text not null,
    generation text not null constraint apps_generation_check check (generation in ('v3', 'v4')),
    plan text not null,
    state text not null constraint apps_state_check check (state in ('creating', 'ready', 'deleting')),
    idempotency_key uuid not null,
    created_by uuid not null constraint apps_created_by_fkey references people (id),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint apps_idempotency_key unique (company_id, idempotency_key),
    constraint apps_company_id_key unique (company_id, id)
);
create index apps_company_name_idx on apps (company_id, name, id);

-- First labels of host names in use, whoever's they are: two environments never share an address.
create table hosts (
    label text constraint hosts_pkey primary key,
    app_id uuid not null constraint hosts_app_fkey references apps (id) on delete cascade
);
create index hosts_app_idx on hosts (app_id);

create table app_members (
    company_id uuid not null,
    app_id uuid not null,
    person_id uuid not null,
    role text not null constraint app_members_role_check check (role in ('technical_contact', 'developer', 'viewer')),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint app_members_pkey primary key (app_id, person_id),
    constraint app_members_app_fkey foreign key (company_id, app_id) references apps (company_id, id) on delete cascade,
    constraint app_members_person_fkey foreign key (company_id, person_id) references people (company_id, id)
);
create index app_members_person_idx on app_members (company_id, person_id);

create table packages (
    id uuid primary key,
    company_id uuid not null,
    app_id uuid not null,
    file_name text not null,
    name text not null,
    version text not null,
    runtime_version text not null,
    java_version integer,
    description text not null,
    size_bytes bigint not null,
    unpacked_bytes bigint not null,
    files bigint not null,
    sha256 text not null,
    constants jsonb not null,
    scheduled_events jsonb not null,
    uploaded_by text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint packages_app_fkey foreign key (company_id, app_id) references apps (company_id, id) on delete cascade,
    constraint packages_app_version_key unique (app_id, version)
);
create index packages_app_created_idx on packages (app_id, created_at desc, id desc);

create table environments (
    id uuid primary key,
    company_id uuid not null,
    app_id uuid not null,
    name text not null,
    slug text not null,
    host_label text not null constraint environments_host_label_key unique,
    position smallint not null,
    -- Wanted.
    wanted text not null constraint environments_wanted_check check (wanted in ('running', 'stopped')),
    instances smallint not null,
    memory_mib integer not null,
    package_id uuid constraint environments_package_fkey references packages (id),
    debugger_instance smallint not null default 0,
    restarts bigint not null default 0,
    revision bigint not null default 1,
    -- What it stands on; passwords are sealed.
    provisioned boolean not null default false,
    database_name text not null,
    database_role text not null,
    database_password bytea not null,
    debugger_password bytea not null,
    admin_password bytea not null,
    -- Actual, as the engine last told.
    observation jsonb,
    observed_at timestamptz,
    observed_ready smallint not null default 0,
    observed_existing smallint not null default 0,
    observed_crashed smallint not null default 0,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint environments_app_slug_key unique (app_id, slug),
    constraint environments_app_fkey foreign key (company_id, app_id) references apps (company_id, id) on delete cascade
);
create index environments_app_idx on environments (company_id, app_id, position);
create index environments_package_idx on environments (package_id);

-- What happened to an environment's instances, as the engine told.
create table environment_events (
    environment_id uuid not null constraint environment_events_environment_fkey references environments (id) on delete cascade,
    company_id uuid not null,
    sequence bigint not null,
    at timestamptz not null,
    kind text not null,
    instance_index smallint,
    message text not null,
    constraint environment_events_pkey primary key (environment_id, sequence)
);

-- How far the events of an engine have been read.
create table engine_cursors (
    engine text constraint engine_cursors_pkey primary key,
    sequence bigint not null
);

create table deployments (
    id uuid primary key,
    company_id uuid not null,
    environment_id uuid not null constraint deployments_environment_fkey references environments (id) on delete cascade,
    operation_id uuid not null constraint deployments_operation_key unique,
    package_label text not null,
    started_by text not null,
    outcome text not null constraint deployments_outcome_check check (outcome in ('running', 'succeeded', 'failed')),
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index deployments_environment_idx on deployments (company_id, environment_id, created_at desc);
