-- Where the backups of data may lie, by the jurisdiction of the data. A rule is changed by adding a version:
-- the latest one whose time has come is in force.
create table residency_rules (
    jurisdiction text not null,
    version integer not null,
    -- Inside a sentence: the EU.
    name text not null,
    backups text[] not null,
    valid_from timestamptz not null,
    source text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint residency_rules_pkey primary key (jurisdiction, version)
);
insert into residency_rules (jurisdiction, version, name, backups, valid_from, source, created_at, updated_at)
select jurisdiction, 1, name, backups, 'epoch', source, now(), now()
from (values
    ('EU', 'the EU', array['EU'], 'Cloud FAQ: EU data stays in the EU and is not backed up in the UK'),
    ('US', 'the US', array['US'], 'Cloud FAQ: US data stays in the US'),
    ('JP', 'Japan', array['JP', 'AU'], 'Cloud FAQ: data in Japan is backed up in Australia'),
    ('UK', 'the UK', array['UK', 'EU'], 'Cloud FAQ: UK data is backed up elsewhere in the EU'),
    ('AU', 'Australia', array['AU'], 'No other place is named for it')
) as rules (jurisdiction, name, backups, source);

create table regions (
    code text constraint regions_pkey primary key,
    -- By which audit and operations speak of it.
    id uuid not null default gen_random_uuid() constraint regions_id_key unique,
    position integer not null,
    name text not null,
    city text not null,
    data_place text not null,
    data_jurisdiction text not null,
    backups_place text not null,
    backups_jurisdiction text not null,
    takes_apps boolean not null default true,
    -- How it is served; what is null is the installation's default.
    engine text,
    postgres_admin_url bytea,
    postgres_host text,
    postgres_port integer,
    buckets text,
    runtime text,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
insert into regions
    (code, position, name, city, data_place, data_jurisdiction, backups_place, backups_jurisdiction, created_at, updated_at)
select code, position, name, city, data_place, data_jurisdiction, backups_place, backups_jurisdiction, now(), now()
from (values
    ('eu-frankfurt', 1, 'Europe', 'Frankfurt', 'Frankfurt, Germany', 'EU', 'Dublin, Ireland', 'EU'),
    ('us-north-virginia', 2, 'United States', 'North Virginia', 'North Virginia', 'US', 'Oregon', 'US'),
    ('ap-tokyo', 3, 'Asia Pacific', 'Tokyo', 'Tokyo, Japan', 'JP', 'Sydney, Australia', 'AU'),
    ('uk-london', 4, 'United Kingdom', 'London', 'London', 'UK', 'Dublin, Ireland', 'EU')
) as regions (code, position, name, city, data_place, data_jurisdiction, backups_place, backups_jurisdiction);

create table plans (
    code text constraint plans_pkey primary key,
    position integer not null,
    app_memory_mib integer not null,
    max_instances integer not null,
    instance_cpu_milli integer not null,
    database_memory_mib integer not null,
    database_disk_gib integer not null,
    files_gib integer not null,
    is_default boolean not null default false,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index plans_default_key on plans (is_default) where is_default;
insert into plans
    (code, position, app_memory_mib, max_instances, instance_cpu_milli, database_memory_mib, database_disk_gib, files_gib,
     is_default, created_at, updated_at)
select code, position, app_memory_mib, max_instances, instance_cpu_milli, database_memory_mib, database_disk_gib, files_gib,
       code = 'M20', now(), now()
from (values
    ('S20', 1, 2048, 4, 500, 2048, 10, 20),
    ('M20', 2, 4096, 8, 1000, 2048, 20, 40),
    ('L20', 3, 8192, 16, 2000, 4096, 40, 80),
    ('XL20', 4, 16384, 32, 4000, 8192, 80, 160)
) as plans
    (code, position, app_memory_mib, max_instances, instance_cpu_milli, database_memory_mib, database_disk_gib, files_gib);

alter table apps
    add constraint apps_region_fkey foreign key (region) references regions (code),
    add constraint apps_plan_fkey foreign key (plan) references plans (code);
