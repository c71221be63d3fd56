-- When each engine last told of its environments, and which engine tells of which environment: what has not
-- changed is as fresh as its engine, and needs no write of its own.
alter table engines add column seen_at timestamptz;
alter table environments add column observed_by text;
