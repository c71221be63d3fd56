//! The named places that a page header and a panel offer.

use leptos::prelude::*;

/// One sentence on how things are and what happens next.
#[slot]
pub struct Sentence {
    /// The sentence: chips, words, an age.
    children: Children,
}

/// Buttons and links at the right.
#[slot]
pub struct Actions {
    /// The buttons and links, the primary one first.
    children: Children,
}
