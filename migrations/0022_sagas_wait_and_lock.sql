-- Runs whose subject and starter are of any kind, that wait without a worker, go in lanes, hold named locks and
-- know the version of their saga.

alter table sagas rename column starts to interrupted_starts;

alter table sagas
    add column subject_kind text,
    add column started_by_kind text not null default 'person'
        constraint sagas_started_by_kind_known check (started_by_kind in ('person', 'api_key', 'system')),
    add column lane text not null default 'interactive'
        constraint sagas_lane_known check (lane in ('interactive', 'bulk')),
    add column version smallint not null default 1,
    -- The signal that a parked run waits for.
    add column waits_for text,
    -- A heartbeat changes the lease and not this: the index below is left alone.
    add column held boolean not null generated always as (lease_until is not null) stored,
    -- Null: only a signal, or the end of the run that has the lock, makes it due.
    alter column next_run_at drop not null,
    drop constraint sagas_state_known,
    add constraint sagas_state_known check (
        state in ('queued', 'running', 'waiting', 'unwinding', 'succeeded', 'failed', 'cancelled', 'stuck')
    );

update sagas
set subject_kind = case
    when exists (select from environments where environments.id = sagas.subject) then 'environment'
    else 'app'
end;

alter table sagas
    alter column subject_kind set not null,
    alter column started_by_kind drop default,
    alter column lane drop default,
    alter column version drop default;

-- A parked run is in neither index: the one holds what may be due, the other what is worked on.
drop index sagas_runnable;
create index sagas_runnable on sagas (lane, next_run_at)
    where finished_at is null and state <> 'stuck' and next_run_at is not null;
create index sagas_held on sagas (lane, scope) where held;

-- What runs were told from outside; the latest of each name, and how many there were.
create table saga_signals (
    saga_id uuid not null
        constraint saga_signals_saga_id_fkey references sagas (id) on delete cascade,
    name text not null,
    value jsonb not null,
    times integer not null,
    at timestamptz not null,
    constraint saga_signals_pkey primary key (saga_id, name)
);

-- The locks that unfinished runs have or wait for. A lock is had when no lock of the same name with a lower
-- number is in its way; two shared ones are not in each other's.
create table saga_locks (
    number bigint generated always as identity,
    saga_id uuid not null
        constraint saga_locks_saga_id_fkey references sagas (id) on delete cascade,
    name text not null,
    mode text not null constraint saga_locks_mode_known check (mode in ('shared', 'exclusive')),
    constraint saga_locks_pkey primary key (saga_id, name)
);
create index saga_locks_by_name on saga_locks (name, number);

insert into saga_locks (saga_id, name, mode)
select id, exclusive_key, 'exclusive'
from sagas
where exclusive_key is not null and finished_at is null;

drop index sagas_exclusive_key;
alter table sagas drop column exclusive_key;
