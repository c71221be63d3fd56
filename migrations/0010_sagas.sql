-- Durable operations: one row for a run, one for each of its steps, one for each line of its log.

create table sagas (
    id uuid constraint sagas_pkey primary key,
    name text not null,
    scope uuid not null,
    subject uuid not null,
    title text not null,
    started_by text not null,
    exclusive_key text,
    params jsonb not null,
    state text not null
        constraint sagas_state_known check (
            state in ('queued', 'running', 'unwinding', 'succeeded', 'failed', 'cancelled', 'stuck')
        ),
    -- Forward: the step to run next. Unwinding: how many steps are still to be undone.
    next_step smallint not null constraint sagas_next_step_counts check (next_step >= 0),
    -- How often the current step was begun without an answer since, and how often it answered "try again".
    starts smallint not null,
    failures smallint not null,
    -- How the run ends once everything is undone.
    ends_as text constraint sagas_ends_as_known check (ends_as in ('failed', 'cancelled')),
    phase text not null,
    percent smallint not null constraint sagas_percent_range check (percent between 0 and 100),
    detail text not null,
    error text,
    stuck_because text,
    cancel_requested_at timestamptz,
    next_run_at timestamptz not null,
    lease_until timestamptz,
    heartbeat_at timestamptz,
    fence bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    finished_at timestamptz,
    constraint sagas_finished_has_time check (
        (state in ('succeeded', 'failed', 'cancelled')) = (finished_at is not null)
    ),
    constraint sagas_unwinding_has_end check (state not in ('unwinding', 'failed', 'cancelled') or ends_as is not null)
);

create unique index sagas_exclusive_key on sagas (exclusive_key) where finished_at is null;
create index sagas_runnable on sagas (next_run_at) where finished_at is null and state <> 'stuck';
create index sagas_by_scope on sagas (scope, created_at desc, id desc);
create index sagas_unfinished_by_subject on sagas (subject) where finished_at is null;

create table saga_steps (
    saga_id uuid not null
        constraint saga_steps_saga_id_fkey references sagas (id) on delete cascade,
    position smallint not null,
    name text not null,
    title text not null,
    state text not null
        constraint saga_steps_state_known check (
            state in ('pending', 'running', 'done', 'failed', 'undoing', 'undone', 'undo_failed')
        ),
    output jsonb,
    error text,
    started_at timestamptz,
    finished_at timestamptz,
    constraint saga_steps_pkey primary key (saga_id, position),
    constraint saga_steps_name_key unique (saga_id, name)
);

create table saga_log (
    saga_id uuid not null
        constraint saga_log_saga_id_fkey references sagas (id) on delete cascade,
    seq bigint not null,
    at timestamptz not null,
    line text not null,
    constraint saga_log_pkey primary key (saga_id, seq)
);
