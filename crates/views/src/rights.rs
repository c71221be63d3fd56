//! Rights, as the page that explains them shows them.

use serde::{Deserialize, Serialize};

/// Rights that the same people have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RightsGroup {
    /// Who has them: `Technical Contacts of the app`.
    pub who: String,
    /// Whether the person who asks has them in general, in words: `Yes`, `In 2 apps`.
    pub yours: String,
    /// What may be done: `delete the app`.
    pub actions: Vec<String>,
}
