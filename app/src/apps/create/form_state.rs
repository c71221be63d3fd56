//! What somebody has chosen so far for a new app.

use crate::apps::api::check_subdomain;
use crate::apps::choice::{AddressWords, Choice};
use crate::error::AppError;
use domain::capabilities::Generation;
use domain::names::Subdomain;
use leptos::prelude::*;
use std::time::Duration;
use views::apps::{Availability, Offer};

/// How long typing must pause before the address is asked for.
const PAUSE: Duration = Duration::from_millis(300);

/// The state of the form: one signal for each control.
#[derive(Clone, Copy)]
pub(super) struct FormState {
    pub(super) offer: StoredValue<Offer>,
    pub(super) name: RwSignal<String>,
    pub(super) subdomain: RwSignal<String>,
    /// Whether the address is the person's own, so that it no longer follows the name.
    pub(super) own_address: RwSignal<bool>,
    pub(super) region: RwSignal<String>,
    pub(super) plan: RwSignal<String>,
    pub(super) generation: RwSignal<String>,
    pub(super) environments: RwSignal<Vec<String>>,
    pub(super) extra_environment: RwSignal<String>,
    pub(super) check: Action<String, (String, Result<Availability, AppError>)>,
}

impl FormState {
    pub(super) fn new(offer: Offer, refused: Option<&AppError>) -> Self {
        let choice = Choice::start(&offer, refused);
        Self {
            own_address: RwSignal::new(!choice.subdomain.is_empty()),
            name: RwSignal::new(choice.name),
            subdomain: RwSignal::new(choice.subdomain),
            region: RwSignal::new(choice.region),
            plan: RwSignal::new(choice.plan),
            generation: RwSignal::new(Generation::V4.as_str().to_owned()),
            environments: RwSignal::new(choice.environments),
            extra_environment: RwSignal::new(choice.extra_environment),
            check: Action::new(|text: &String| {
                let text = text.clone();
                async move { (text.clone(), check_subdomain(text).await) }
            }),
            offer: StoredValue::new(offer),
        }
    }

    pub(super) fn choice(self) -> Choice {
        Choice {
            name: self.name.get(),
            subdomain: self.subdomain.get(),
            region: self.region.get(),
            plan: self.plan.get(),
            environments: self.environments.get(),
            extra_environment: self.extra_environment.get(),
        }
    }

    /// Asks whether an address can be had, unless the typing goes on.
    pub(super) fn ask_after_a_pause(self, text: String) {
        if Subdomain::parse(&text).is_err() {
            return;
        }
        let ask = move || {
            if self
                .subdomain
                .try_get_untracked()
                .is_some_and(|now| now == text)
            {
                self.check.dispatch(text);
            }
        };
        set_timeout(ask, PAUSE);
    }

    pub(super) fn address_words(self) -> AddressWords {
        let choice = self.choice();
        let answer = self.check.value();
        self.offer
            .with_value(|offer| answer.with(|answer| choice.address_words(offer, answer.as_ref())))
    }
}
