-- Who started a run, by id: two people may have the same name. Runs from before are given the person of
-- that name where there is one only.
alter table sagas add column started_by_id uuid;
update sagas set started_by_id = person.id
from people person
where person.company_id = sagas.scope
    and person.name = sagas.started_by
    and not exists (
        select from people other
        where other.company_id = person.company_id and other.name = person.name and other.id <> person.id
    );

-- How many of a tenant's runs are being worked on is counted whenever a run is taken.
create index sagas_unfinished_by_scope on sagas (scope) where finished_at is null;
