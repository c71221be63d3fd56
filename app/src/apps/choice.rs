//! What is chosen in the form that makes an app, and what follows from it.

use crate::error::AppError;
use domain::capabilities::Generation;
use domain::names::{EnvironmentName, Subdomain};
use domain::plans::{Plan, PlanOffer};
use domain::regions::RegionOffer;
use domain::scaling::mib;
use views::apps::{Availability, NewApp, Offer};

/// The choices, always in a state that can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The name, as typed.
    pub name: String,
    /// The address, as typed or proposed.
    pub subdomain: String,
    /// The region.
    pub region: String,
    /// The plan.
    pub plan: String,
    /// The ticked environments.
    pub environments: Vec<String>,
    /// One more environment; may be empty.
    pub extra_environment: String,
}

impl Choice {
    /// Good defaults, or what was typed into the form that was refused.
    pub fn start(offer: &Offer, refused: Option<&AppError>) -> Self {
        let typed = |field: &str, default: String| {
            refused
                .and_then(|error| error.typed(field))
                .unwrap_or(default)
        };
        let mut regions = offer.regions.iter();
        let region = regions.find(|region| region.refusal.is_none());
        let usable = || offer.plans.iter().filter(|plan| plan.plan.is_ok());
        let plan = usable().find(|plan| plan.is_default);
        let plan = plan.or_else(|| usable().next());
        let environments = EnvironmentName::defaults()
            .map(|name| name.to_string())
            .join(",");
        Self {
            name: typed("name", String::new()),
            subdomain: typed("subdomain", String::new()),
            region: typed("region", region.map_or("", RegionOffer::code).to_owned()),
            plan: typed("plan", plan.map_or("", PlanOffer::code).to_owned()),
            environments: typed("environments", environments)
                .split(',')
                .filter(|name| !name.is_empty())
                .map(ToOwned::to_owned)
                .collect(),
            extra_environment: typed("extra_environment", String::new()),
        }
    }

    /// Every environment that will be made.
    pub fn all_environments(&self) -> Vec<String> {
        let extra = self.extra_environment.trim();
        let mut all = self.environments.clone();
        if !extra.is_empty() {
            all.push(extra.to_owned());
        }
        all
    }

    /// The addresses that the environments will have, as far as the names are good.
    pub fn addresses(&self, offer: &Offer) -> Vec<(String, String)> {
        let Ok(subdomain) = Subdomain::parse(&self.subdomain) else {
            return Vec::new();
        };
        self.all_environments()
            .iter()
            .filter_map(|name| EnvironmentName::parse(name).ok())
            .map(|name| (name.to_string(), offer.url(&name.host_label(&subdomain))))
            .collect()
    }

    /// What will be made: the headline and the list below it.
    pub fn outcome(&self, offer: &Offer) -> (String, Vec<String>) {
        let name = match self.name.trim() {
            "" => "Your app",
            name => name,
        };
        let mut regions = offer
            .regions
            .iter()
            .filter_map(|it| it.region.as_ref().ok());
        let region = regions.find(|region| region.code.as_str() == self.region);
        let city = region.map_or("a region", |region| &region.city);
        let headline = format!("{name} on Cloud {} in {city}", Generation::V4);
        let environments = self.all_environments();
        let count = environments.len();
        if count == 0 {
            return (
                headline,
                vec!["No environment yet: choose at least one.".to_owned()],
            );
        }
        let mut lines = vec![
            format!(
                "{count} {}: {}",
                noun(count, "environment"),
                environments.join(", ")
            ),
            match count {
                1 => "1 PostgreSQL database with a role of its own".to_owned(),
                _ => format!("{count} PostgreSQL databases, one role each"),
            },
            format!("{count} file {}", noun(count, "bucket")),
        ];
        let mut plans = offer.plans.iter().filter_map(|it| it.plan.as_ref().ok());
        if let Some(plan) = plans.find(|plan| plan.code.as_str() == self.plan) {
            lines.push(format!(
                "Plan {} for each: {} memory, up to {} instances",
                plan.code,
                mib(plan.app_memory_mib),
                plan.max_instances
            ));
        }
        (headline, lines)
    }

    /// What to say below the address while it is typed.
    pub fn address_words(
        &self,
        offer: &Offer,
        answer: Option<&(String, Result<Availability, AppError>)>,
    ) -> AddressWords {
        if self.subdomain.is_empty() {
            return AddressWords::Hint(
                "Letters a to z, digits and hyphens, for example “shop”.".to_owned(),
            );
        }
        if let Err(error) = Subdomain::parse(&self.subdomain) {
            return AddressWords::Refused(error.message);
        }
        let first = self.addresses(offer).into_iter().next();
        let will_be = first
            .map(|(name, url)| format!("{name} will be {url}"))
            .unwrap_or_default();
        match answer {
            Some((asked, Ok(Availability::Free))) if *asked == self.subdomain => {
                AddressWords::Hint(format!("Free. {will_be}"))
            }
            Some((asked, Ok(Availability::Taken))) if *asked == self.subdomain => {
                AddressWords::Refused(format!("“{asked}” is taken. Choose another address."))
            }
            Some((asked, Err(error))) if *asked == self.subdomain => AddressWords::Refused(
                error
                    .field("subdomain")
                    .unwrap_or_else(|| error.to_string()),
            ),
            _ => AddressWords::Hint(will_be),
        }
    }
}

/// What is said below the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressWords {
    /// All is well so far.
    Hint(String),
    /// It cannot be had.
    Refused(String),
}

fn noun(count: usize, word: &str) -> String {
    if count == 1 {
        word.to_owned()
    } else {
        format!("{word}s")
    }
}

/// The facts on a plan's card.
pub fn plan_facts(plan: &Plan) -> Vec<(String, String)> {
    let connections = Generation::V4
        .capabilities()
        .connections
        .for_memory(plan.database_memory_mib);
    [
        (
            "App",
            format!(
                "{} memory, up to {} instances",
                mib(plan.app_memory_mib),
                plan.max_instances
            ),
        ),
        (
            "Database",
            format!(
                "{}, {} GB disk, {connections} connections",
                mib(plan.database_memory_mib),
                plan.database_disk_gib
            ),
        ),
        ("Files", format!("{} GB", plan.files_gib)),
    ]
    .map(|(term, fact)| (term.to_owned(), fact))
    .to_vec()
}

/// The text of every field of the form that a refusal must not lose.
pub fn typed_text(app: &NewApp) -> [(&'static str, String); 6] {
    [
        ("name", app.name.clone()),
        ("subdomain", app.subdomain.clone()),
        ("region", app.region.clone()),
        ("plan", app.plan.clone()),
        ("environments", app.environments.join(",")),
        ("extra_environment", app.extra_environment.clone()),
    ]
}

#[cfg(test)]
mod tests;
