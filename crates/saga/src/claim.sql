-- Claims what is due and nobody holds, as much as this worker has room for: of each tenant as many as it has places
-- left in the lane, and beside that what ends a run. The cost grows with the tenants that have something waiting and
-- with what is taken, not with how much waits.
with recursive open_lane as (
    select open.lane, open.room, open.per_tenant
    from unnest($4::text[], $5::int8[], $6::int8[]) as open (lane, room, per_tenant)
), known as (
    select known.name, known.version from unnest($2::text[], $3::int2[]) as known (name, version)
), held as (
    -- A lease that has ended counts too: whoever takes that run over adds none.
    select run.lane, run.scope, count(*) as runs
    from sagas run
    where run.held
        and (run.lease_until >= $1 or (run.name, run.version) in (select name, version from known))
    group by run.lane, run.scope
), tenant (lane, scope) as (
    select open_lane.lane, first.scope
    from open_lane
    cross join lateral (
        select run.scope
        from sagas run
        where run.lane = open_lane.lane
            and run.finished_at is null and run.state <> 'stuck' and run.next_run_at is not null and not run.held
        order by run.scope
        limit 1
    ) first
    union all
    select tenant.lane, next.scope
    from tenant
    cross join lateral (
        select run.scope
        from sagas run
        where run.lane = tenant.lane and run.scope > tenant.scope
            and run.finished_at is null and run.state <> 'stuck' and run.next_run_at is not null and not run.held
        order by run.scope
        limit 1
    ) next
), candidate as (
    select run.id, run.lane, run.next_run_at
    from open_lane
    join sagas run on run.lane = open_lane.lane
    where run.held and run.lease_until < $1
        and run.finished_at is null and run.state <> 'stuck' and run.next_run_at <= $7
        and (run.name, run.version) in (select name, version from known)
    union
    select run.id, open_lane.lane, run.next_run_at
    from open_lane
    cross join lateral (
        select run.id, run.next_run_at
        from sagas run
        where run.lane = open_lane.lane
            and run.finished_at is null and run.state <> 'stuck' and run.next_run_at is not null and not run.held
            and (run.state = 'unwinding' or run.cancel_requested_at is not null)
            and run.next_run_at <= $7 and (run.next_run_at <= $1 or run.failures > 0)
            and (run.name, run.version) in (select name, version from known)
        order by run.next_run_at
        limit open_lane.room
    ) run
    union
    select run.id, tenant.lane, run.next_run_at
    from tenant
    join open_lane on open_lane.lane = tenant.lane
    left join held on held.lane = tenant.lane and held.scope = tenant.scope
    cross join lateral (
        select run.id, run.next_run_at
        from sagas run
        where run.lane = tenant.lane and run.scope = tenant.scope
            and run.finished_at is null and run.state <> 'stuck' and run.next_run_at is not null and not run.held
            and run.next_run_at <= $7 and (run.next_run_at <= $1 or run.failures > 0)
            and (run.name, run.version) in (select name, version from known)
        order by run.next_run_at
        limit least(open_lane.room, greatest(open_lane.per_tenant - coalesce(held.runs, 0), 0))
    ) run
), chosen as (
    select ranked.id
    from (
        select candidate.id, open_lane.room,
            row_number() over (partition by candidate.lane order by candidate.next_run_at, candidate.id) as place
        from candidate
        join open_lane on open_lane.lane = candidate.lane
    ) ranked
    where ranked.place <= ranked.room
), taken as (
    select run.id
    from sagas run
    where run.id in (select id from chosen)
        and run.finished_at is null and run.state <> 'stuck' and run.next_run_at <= $7
        and (run.lease_until is null or run.lease_until < $1)
    for update skip locked
), claimed as (
    update sagas
    set fence = fence + 1, lease_until = $8, heartbeat_at = $1,
        state = case state when 'waiting' then 'running' else state end
    where id in (select id from taken)
    returning id, fence, name, version, lane, scope, subject, params
)
select
    (select count(*) from chosen) as "chosen!",
    claimed.id as "id?: SagaId", claimed.fence as "fence?", claimed.name as "name?", claimed.version as "version?",
    claimed.lane as "lane?: Lane", claimed.scope as "scope?", claimed.subject as "subject?", claimed.params as "params?"
from (values (1)) as one (row)
left join claimed on true
