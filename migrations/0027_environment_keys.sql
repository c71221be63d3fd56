-- What belongs to an environment is of the same company: told by the keys, not by care.
alter table environments add constraint environments_company_id_key unique (company_id, id);
alter table environment_events
    drop constraint environment_events_environment_fkey,
    add constraint environment_events_environment_fkey
        foreign key (company_id, environment_id) references environments (company_id, id) on delete cascade;
alter table deployments
    drop constraint deployments_environment_fkey,
    add constraint deployments_environment_fkey
        foreign key (company_id, environment_id) references environments (company_id, id) on delete cascade;
