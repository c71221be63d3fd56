//! How the private clusters are set up. On the command line, so that nobody who connects can change them for long.

use super::cluster::Purpose;

const COMMON: [&str; 7] = [
    "listen_addresses=",
    "password_encryption=scram-sha-256",
    "logging_collector=off",
    "log_line_prefix=%m [%p] %q%u@%d ",
    // Neither statements nor how long they took are written down: they hold what people typed, and have no end.
    "log_statement=none",
    "log_min_duration_statement=-1",
    "log_parameter_max_length=0",
];

/// One portal takes 20 connections, and several may share it.
const PORTAL: [&str; 6] = [
    "max_connections=200",
    "shared_buffers=64MB",
    "unix_socket_permissions=0700",
    "log_min_messages=warning",
    "log_min_error_statement=error",
    "authentication_timeout=60s",
];

/// What apps do wrong is not written down: it would fill the disk. Nor may they wait at the door, take the last
/// connections, or fill the disk with what a query sets aside or what is not written to its place yet.
const APPS: [&str; 12] = [
    "max_connections=2000",
    "superuser_reserved_connections=15",
    "shared_buffers=128MB",
    "unix_socket_permissions=0777",
    "log_min_messages=fatal",
    "log_min_error_statement=panic",
    "authentication_timeout=10s",
    "temp_file_limit=1GB",
    "max_wal_size=1GB",
    "max_slot_wal_keep_size=1GB",
    "log_temp_files=-1",
    "log_lock_waits=off",
];

/// The settings of a cluster, each `name=value`.
pub fn of(purpose: Purpose) -> impl Iterator<Item = &'static str> {
    let own: &[&str] = match purpose {
        Purpose::Portal => &PORTAL,
        Purpose::Apps => &APPS,
    };
    own.iter().chain(&COMMON).copied()
}
