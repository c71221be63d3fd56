//! mxid.
