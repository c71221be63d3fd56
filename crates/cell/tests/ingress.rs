//! The ingress between real clients and real servers on unix sockets.

#[path = "ingress/stage.rs"]
mod stage;

#[path = "ingress/balancing.rs"]
mod balancing;
#[path = "ingress/debugger.rs"]
mod debugger;
#[path = "ingress/requests.rs"]
mod requests;
#[path = "ingress/retries.rs"]
mod retries;
#[path = "ingress/streams.rs"]
mod streams;
