//! What an instance's debugger says: asked now and then beside the health checks, so that no page has to ask.

use super::health;
use engine::observation::DebuggerStatus;
use m2ee::client::Client;
use std::time::Duration;
use time::OffsetDateTime;
use tokio::time::Instant;

/// Between two questions.
const EVERY: Duration = Duration::from_secs(5);
/// The largest answer that is read, bytes.
const LARGEST_ANSWER: usize = 16 << 10;

/// When to ask the debugger of one instance again.
#[derive(Debug, Default)]
pub struct DebuggerPoll {
    asked: Option<Instant>,
}

impl DebuggerPoll {
    /// Asks, if it is time to; none when it is not, or when the runtime does not say.
    pub async fn ask(&mut self, client: &Client) -> Option<DebuggerStatus> {
        if self.asked.is_some_and(|asked| asked.elapsed() < EVERY) {
            return None;
        }
        self.asked = Some(Instant::now());
        let client = client
            .with_timeout(health::ANSWER_WITHIN)
            .with_largest_answer(LARGEST_ANSWER);
        match client.get_debugger_status().await {
            Ok(status) => Some(DebuggerStatus {
                enabled: status.enabled,
                client_connected: status.client_connected,
                paused_microflows: status.number_of_paused_microflows,
                asked_at: OffsetDateTime::now_utc(),
            }),
            Err(error) => {
                tracing::debug!(%error, "a runtime gave no debugger status");
                None
            }
        }
    }
}
