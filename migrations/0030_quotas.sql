-- What a company may use where it is something else than the installation's default.
create table company_quotas (
    company_id uuid not null constraint company_quotas_company_fkey references companies (id),
    -- apps, environments, memory_mib, packages, package_bytes
    resource text not null,
    allowed bigint not null constraint company_quotas_allowed_check check (allowed >= 0),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint company_quotas_pkey primary key (company_id, resource)
);
create index packages_company_idx on packages (company_id) include (size_bytes);

-- Whatever is built without a version is called `unversioned`: these are told apart by time, file and digest.
-- The same bytes are one package.
alter table packages drop constraint packages_app_version_key;
create unique index packages_app_version_key on packages (app_id, version) where version <> 'unversioned';
create unique index packages_app_sha256_key on packages (app_id, sha256) where version = 'unversioned';

-- Names of the constants that Mendix Cloud fills in and this platform does not.
alter table packages add column cloud_constants text[] not null default '{}';
update packages p set cloud_constants = array(
    select c ->> 'name' from jsonb_array_elements(p.constants) c
    where c ->> 'name' like 'MendixSSO.%' or c ->> 'name' like 'AppCloudServices.%'
);
