-- What works beside the requests, and how it went last: a row for each task, of the installation, no company's.
create table background_tasks (
    name text constraint background_tasks_pkey primary key,
    -- Host and process id of the replica that wrote the row.
    replica text not null,
    -- Whether one replica alone runs it; otherwise each does, and the row is of the latest pass of any.
    leader_only boolean not null,
    last_started_at timestamptz not null,
    last_finished_at timestamptz,
    duration_ms bigint,
    -- Passes that ended, and those of them that failed.
    runs bigint not null default 0,
    failures bigint not null default 0,
    -- Why the last pass failed; none if it did not.
    last_error text,
    next_at timestamptz
);
