//! What a page follows: it learns the ids of its things from its own data, and is told when they change.

use crate::live::use_live;
use domain::topics::Topic;
use leptos::prelude::*;

/// The topics of one page. Made with the page, filled by what it shows.
#[derive(Debug, Clone, Copy)]
pub struct Followed {
    keys: RwSignal<Vec<String>>,
    version: Signal<u64>,
}

/// A page's topics: none before it has data.
pub fn use_followed() -> Followed {
    let keys = RwSignal::new(Vec::new());
    Followed {
        keys,
        version: use_live(keys),
    }
}

impl Followed {
    /// A number that changes when something that the page follows has changed.
    pub fn version(self) -> u64 {
        self.version.get()
    }

    /// From now on the page follows what `topics` gives.
    pub fn follow(self, topics: impl Fn() -> Vec<Topic> + Send + Sync + 'static) {
        let keys = Memo::new(move |_| topics().iter().map(Topic::to_string).collect());
        Effect::new(move || self.keys.set(keys.get()));
    }
}
