//! Durable operations over `PostgreSQL`.
//!
//! A *saga* is a fixed list of named steps. Each step has an action and an undo, both idempotent,
//! both run by a worker that may die at any moment. What a step answers is recorded before the next
//! one begins, so that another worker goes on where the first one stopped. When a step fails, or a
//! person cancels, the steps begun so far are undone in reverse order.
//!
//! ```text
//!   start ──▶ Queued ───▶ Running ──────── last step recorded ───────▶ Succeeded
//!     │          ▲        │  ▲  │
//!     │ its turn │        │  │  │ a step fails, or a cancel is acknowledged
//!     ▼ has come │        ▼  │  ▼
//!   Waiting ─────┘  Waiting  │  Unwinding ──────── first step undone ───────▶ Failed | Cancelled
//!   (for a lock)    (for a signal or a time)  │   ▲
//!                              an undo fails  ▼   │  a person resumes it
//!                                            Stuck
//! ```
//!
//! What the crate promises:
//! - A saga begins in the caller's transaction or not at all.
//! - One worker at a time: a worker holds a lease, renewed by heartbeats, and each claim raises a fence
//!   number. A write under an older fence is refused, whatever the old worker believes: the crate's own, and those
//!   of steps, which write through [`step::StepContext::begin`]. By a clock that cannot jump a worker stops before
//!   its lease does.
//! - The step that was under way when it failed is undone too, since nobody knows how far it came.
//!   An undo must therefore cope with "never happened" as well as with "already undone".
//! - A cancel is a request, acknowledged between steps or by a step that asks for it; it wakes a parked run. A
//!   run past its last step ignores it.
//! - What may pass is tried again: an action for about two minutes, an undo for about half an hour, a step
//!   that says so for as long as it takes.
//! - Who waits holds nothing: a step that answers [`wait::Wait`] parks its run, without lease and without place,
//!   until a signal or a time. No signal is lost: what comes before the step waits is found by it. An undo
//!   may wait too; its run stays Unwinding.
//! - No tenant's runs keep another's waiting: of each, only so many are worked on at once. Neither do the runs
//!   of one [`lane::Lane`] keep those of the other waiting.
//! - A named [`lock::Lock`] is held from the start of a run to its end. Whoever waits for one gets it in the order
//!   of the starts, so that nobody who wants it alone is passed by those who share it.
//! - A failed undo is never hidden: the run is stuck, stays unfinished and keeps its locks.
//! - A run ends with the steps of the version of its saga that has started it. A worker leaves runs alone whose
//!   version it does not know; [`store::unknown_versions`] names them.
//!
//! Parameters, step names, outputs and signals are a storage format: add optional fields only; other steps mean
//! another version of the saga. They are stored as plain JSON, so no secret belongs in them.
//!
//! Times come from the caller's clock; leases of several machines are compared with each other, so
//! their clocks must agree to within a few seconds. The fence holds even when they do not.

pub mod clock;
pub mod error;
mod executor;
pub mod fault;
pub mod fenced;
mod heartbeats;
pub mod lane;
mod lease;
pub mod lock;
mod lock_queue;
mod locked_run;
mod new_run;
mod notify;
pub mod registry;
mod reporter;
mod retry;
pub mod run;
pub mod run_log;
pub mod saga;
mod signals;
pub mod step;
pub mod store;
pub mod testing;
mod text;
mod turn;
pub mod wait;
pub mod worker;
