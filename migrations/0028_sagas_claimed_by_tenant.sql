-- Runs are claimed tenant by tenant: what one tenant has waiting costs the others nothing. Each index leaves out what
-- nobody may take now: what has ended, is stuck, is parked without a time, or is held.

drop index sagas_runnable;
create index sagas_due on sagas (lane, scope, next_run_at)
    where finished_at is null and state <> 'stuck' and next_run_at is not null and not held;

-- What ends a run is taken however many of its tenant's are held.
create index sagas_ending on sagas (lane, next_run_at)
    where finished_at is null and state <> 'stuck' and next_run_at is not null and not held
        and (state = 'unwinding' or cancel_requested_at is not null);

-- How long a worker may sleep.
create index sagas_next_due on sagas (next_run_at)
    where finished_at is null and state <> 'stuck' and next_run_at is not null and not held;
