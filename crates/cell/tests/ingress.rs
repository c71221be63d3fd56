//! The ingress between real clients and real servers on unix sockets.

#[path = "ingress/stage.rs"]
mod stage;

#[path = "ingress/bad_bodies.rs"]
mod bad_bodies;
#[path = "ingress/balancing.rs"]
mod balancing;
#[path = "ingress/cookies.rs"]
mod cookies;
#[path = "ingress/debugger.rs"]
mod debugger;
#[path = "ingress/early_answers.rs"]
mod early_answers;
#[path = "ingress/odd_answers.rs"]
mod odd_answers;
#[path = "ingress/odd_requests.rs"]
mod odd_requests;
#[path = "ingress/proxies.rs"]
mod proxies;
#[path = "ingress/requests.rs"]
mod requests;
#[path = "ingress/retries.rs"]
mod retries;
#[path = "ingress/shares.rs"]
mod shares;
#[path = "ingress/silence.rs"]
mod silence;
#[path = "ingress/streams.rs"]
mod streams;
