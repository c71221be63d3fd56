-- What this installation is called where others might keep something too, and how often it has swept its
-- store: the store has both as well, and a database that is behind the store is an older one.
create table installation (
    one_row boolean not null default true constraint installation_pkey primary key
        constraint installation_one_row_check check (one_row),
    id uuid not null default gen_random_uuid(),
    sweeps bigint not null default 0
);
insert into installation default values;
