//! Tests of the control plane on a real PostgreSQL, in one binary.

mod actors;
mod apps;
mod background;
mod broken_rows;
mod environments;
mod field_packages;
mod objects;
mod objects_away;
mod operations;
mod orphans;
mod outages;
mod packages;
mod people;
mod queries;
mod quotas;
mod regions;
mod s3_server;
mod sagas;
mod second_postgres;
mod silent_engine;
mod store_owner;
mod tenants;
mod upgrade;
mod upload_doubts;
mod workloads;
mod world;
