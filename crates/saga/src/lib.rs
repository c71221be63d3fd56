//! Durable operations over `PostgreSQL`.
//!
//! A *saga* is a fixed list of named steps. Each step has an action and an undo, both idempotent,
//! both run by a worker that may die at any moment. What a step answers is recorded before the next
//! one begins, so that another worker goes on where the first one stopped. When a step fails, or a
//! person cancels, the steps begun so far are undone in reverse order.
//!
//! ```text
//!   start ──▶ Queued ──▶ Running ──────── last step recorded ───────▶ Succeeded
//!                           │
//!                           │ a step fails, or a cancel is acknowledged
//!                           ▼
//!                       Unwinding ──────── first step undone ───────▶ Failed | Cancelled
//!                         │   ▲
//!          an undo fails  ▼   │  a person resumes it
//!                         Stuck
//! ```
//!
//! What the crate promises:
//! - A saga begins in the caller's transaction or not at all.
//! - One worker at a time: a worker holds a lease, renewed by heartbeats, and each claim raises a fence
//!   number. A write under an older fence is refused, whatever the old worker believes.
//! - The step that was under way when it failed is undone too, since nobody knows how far it came.
//!   An undo must therefore cope with "never happened" as well as with "already undone".
//! - A cancel is a request, acknowledged between steps or by a step that asks for it. A run past its
//!   last step ignores it.
//! - What may pass is tried again: an action for about two minutes, an undo for about half an hour, a step
//!   that says so for as long as it takes.
//! - No tenant's runs keep another's waiting: of each, only so many are worked on at once.
//! - A failed undo is never hidden: the run is stuck, stays unfinished and keeps its exclusive key.
//!
//! Parameters, step names and outputs are a storage format: add optional fields only; other steps mean
//! a saga of another name. They are stored as plain JSON, so no secret belongs in them.
//!
//! Times come from the caller's clock; leases of several machines are compared with each other, so
//! their clocks must agree to within a few seconds. The fence holds even when they do not.

pub mod clock;
pub mod error;
mod executor;
pub mod fault;
mod lease;
pub mod registry;
mod reporter;
mod retry;
pub mod run;
pub mod saga;
pub mod step;
pub mod store;
pub mod testing;
mod text;
mod turn;
pub mod worker;
