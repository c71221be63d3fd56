//! The driver of the local engine: HTTP over the unix socket of `cell`.
