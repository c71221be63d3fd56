-- A package that is on its way to an environment is kept, as one that is desired there; and what is old enough to be
-- removed is found without reading the rest.
alter table environments
    add column deploying_package_id uuid
        constraint environments_deploying_package_fkey references packages (id);

create index sagas_ended on sagas (finished_at) where finished_at is not null;
create index deployments_ended on deployments (created_at) where outcome <> 'running';
create index environment_events_at on environment_events (at);
create index environments_deploying on environments (deploying_package_id) where deploying_package_id is not null;
