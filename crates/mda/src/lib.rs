//! mda.
