//! Whom the kernel ends first when the machine runs out of memory: an app, never the platform.

use std::io;

/// An instance's: before anything else on the machine.
pub const INSTANCE: i32 = 500;
/// The engine's own.
pub const PLATFORM: i32 = -500;

/// Sets this process's own, which its children inherit. Only root may make it lower.
pub fn set(score: i32) {
    match std::fs::write("/proc/self/oom_score_adj", score.to_string()) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            tracing::info!("not root: the kernel may end this process for want of memory");
        }
        Err(error) => tracing::warn!(%error, "the kernel may end this process for want of memory"),
    }
}
