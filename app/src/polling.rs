//! Asking again now and then: the stream of changes tells what became different, not that all is as before.

use leptos::prelude::*;
use std::time::Duration;

/// A number that grows every `seconds` while the page is open and seen, so that what is shown never
/// looks fresher than it is, and a lost notice is made good.
pub fn use_polling(seconds: u64) -> Signal<u64> {
    let beats = RwSignal::new(0_u64);
    Effect::new(move || {
        let beat = move || {
            if !document().hidden() {
                let _ = beats.try_update(|beats| *beats += 1);
            }
        };
        if let Ok(handle) = set_interval_with_handle(beat, Duration::from_secs(seconds)) {
            on_cleanup(move || handle.clear());
        }
    });
    beats.into()
}
