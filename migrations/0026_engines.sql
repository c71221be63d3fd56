-- What each engine last told of itself, so that no page has to ask it.
create table engines (
    name text constraint engines_pkey primary key,
    info jsonb not null,
    told_at timestamptz not null
);
