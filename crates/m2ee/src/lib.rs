//! The admin protocol of a Mendix runtime (M2EE): a client, the messages, the start sequence.
//!
//! The protocol is a POST of `{"action": …, "params": {…}}` for each call, answered with
//! `{"result": …, "feedback": {…}}`; it is spoken in plain HTTP and therefore only over a unix
//! socket or the loopback interface. This crate starts no process: whoever does calls
//! [`start::run`] once the process exists.

pub mod authentication;
pub mod calls;
pub mod client;
pub mod codes;
pub mod error;
pub mod message;
pub mod start;
