//! saga.
