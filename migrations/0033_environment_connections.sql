-- Connections that an environment's database server has promised it; null until that is known.
alter table environments add column connections integer
    constraint environments_connections_check check (connections > 0);
