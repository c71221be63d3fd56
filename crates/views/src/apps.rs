//! Apps.

use crate::environments::{EnvironmentCard, EnvironmentSummary};
use crate::operations::OperationSummary;
use domain::apps_address::AppsAddress;
use domain::bad_row::BadRow;
use domain::capabilities::Generation;
use domain::ids::AppId;
use domain::plans::{Plan, PlanOffer};
use domain::quotas::{Quota, QuotaKind};
use domain::regions::{Region, RegionOffer};
use domain::rights::Access;
use domain::states::AppState;
use domain::topics::Topic;
use serde::{Deserialize, Serialize};

/// A region, or the row that cannot be used.
pub type AppRegion = Result<Region, BadRow>;

/// An app in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppSummary {
    pub id: AppId,
    pub name: String,
    /// The first label of its addresses; also its place in the portal's.
    pub subdomain: String,
    pub region: AppRegion,
    /// In order.
    pub environments: Vec<EnvironmentSummary>,
}

/// A page of apps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppList {
    /// By name.
    pub items: Vec<AppSummary>,
    /// Where the list goes on.
    pub next: Option<String>,
    pub create: Access,
}

/// An app on its own page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppDetails {
    pub id: AppId,
    pub name: String,
    /// The first label of its addresses; also its place in the portal's.
    pub subdomain: String,
    pub region: AppRegion,
    pub generation: Generation,
    /// The plan of each environment.
    pub plan: Result<Plan, BadRow>,
    pub state: AppState,
    pub created_at: i64,
    /// In order.
    pub environments: Vec<EnvironmentCard>,
    /// Operations on it and on its environments that are not finished.
    pub operations: Vec<OperationSummary>,
    pub delete: Access,
}

impl AppDetails {
    /// What may change it: the app, its environments, and operations on any of them.
    pub fn topics(&self) -> Vec<Topic> {
        let mut topics = vec![Topic::App(self.id), Topic::Subject(self.id.uuid())];
        for card in &self.environments {
            topics.extend(card.environment.topics());
        }
        topics
    }
}

/// What one may choose from when making an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    pub create: Access,
    /// Names this very form, so that sending it twice makes one app.
    pub idempotency_key: String,
    /// The company's name.
    pub company: String,
    /// Whether the company demands that data stays in its political region.
    pub residency_required: bool,
    /// In order; each with the reason where it cannot be chosen.
    pub regions: Vec<RegionOffer>,
    /// The smallest first.
    pub plans: Vec<PlanOffer>,
    /// What addresses are made of.
    pub apps: AppsAddress,
    /// What the company uses and may.
    pub quota: Quota,
}

impl Offer {
    /// The address of a label.
    pub fn url(&self, label: &str) -> String {
        self.apps.url(label)
    }

    /// What is left of the company's quota, in a sentence.
    pub fn left(&self) -> String {
        let left = |resource: QuotaKind| resource.words(self.quota.left(resource));
        let words = [
            QuotaKind::Apps,
            QuotaKind::Environments,
            QuotaKind::MemoryMib,
        ]
        .map(left);
        let [apps, environments, memory] = words;
        format!(
            "Left of the quota of {}: {apps}, {environments}, {memory}.",
            self.company
        )
    }

    /// What an operator must do before any app can be made: a title, and what to do.
    pub fn lacks(&self) -> Option<(&'static str, &'static str)> {
        if self.regions.is_empty() {
            return Some((
                "There is no region yet",
                "An app runs in a region, and this portal has none. An operator adds one: see “Regions and plans” in the operations manual.",
            ));
        }
        if self.plans.is_empty() {
            return Some((
                "There is no plan yet",
                "A plan says what an environment may use, and this portal has none. An operator adds one: see “Regions and plans” in the operations manual.",
            ));
        }
        None
    }
}

/// The form that makes an app, as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewApp {
    pub name: String,
    pub subdomain: String,
    /// Its code.
    pub region: String,
    /// Its code.
    pub plan: String,
    /// Its code.
    pub generation: String,
    /// Names of the environments that are ticked.
    pub environments: Vec<String>,
    /// One more environment, by a name of one's own; may be empty.
    pub extra_environment: String,
    /// Names this very form: a UUID.
    pub idempotency_key: String,
}

/// Whether a subdomain can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    Free,
    Taken,
}
