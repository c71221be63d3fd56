-- Who acts may also be a key or the platform itself; what a row is about is found by kind and id.
alter table audit_events
    add column actor_kind text not null default 'person'
        constraint audit_events_actor_kind_check check (actor_kind in ('person', 'api_key', 'system')),
    add column subject_kind text,
    add column subject_id uuid;
create index audit_events_subject_idx on audit_events (company_id, subject_kind, subject_id, at desc);

-- One word for what an environment should be.
alter table environments rename column wanted to desired;
alter table environments rename constraint environments_wanted_check to environments_desired_check;

-- The platform itself may create an app.
alter table apps alter column created_by drop not null;
