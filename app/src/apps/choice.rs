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
mod tests {
    use super::*;
    use crate::apps::region::tests::{plan, region};
    use domain::apps_address::AppsAddress;
    use domain::bad_row::BadRow;
    use domain::quotas::{Amounts, Quota};
    use domain::rights::Access;

    fn offer() -> Offer {
        Offer {
            create: Access::Allowed,
            idempotency_key: "k".to_owned(),
            company: "Northwind".to_owned(),
            residency_required: false,
            regions: ["eu-frankfurt", "us-north-virginia"]
                .map(|code| RegionOffer::new(Ok(region(code)), true, false))
                .to_vec(),
            plans: ["S20", "M20"]
                .map(|code| PlanOffer {
                    plan: Ok(plan(code)),
                    is_default: code == "M20",
                })
                .to_vec(),
            apps: AppsAddress {
                secure: false,
                domain: "apps.localhost".to_owned(),
                port: 8080,
            },
            quota: Quota {
                used: Amounts::default(),
                allowed: Amounts::usual(),
            },
        }
    }

    fn shop() -> Choice {
        Choice {
            name: "Shop".to_owned(),
            subdomain: "shop".to_owned(),
            ..Choice::start(&offer(), None)
        }
    }

    #[test]
    fn the_defaults_can_be_sent_as_they_are() {
        let choice = shop();
        assert_eq!(choice.region, "eu-frankfurt");
        assert_eq!(choice.plan, "M20");
        assert_eq!(choice.environments, ["Test", "Acceptance", "Production"]);
    }

    #[test]
    fn a_refused_region_is_never_the_default() {
        let mut offer = offer();
        offer.regions[0].refusal = Some("Not here.".to_owned());
        offer.plans[1].plan = Err(BadRow::missing("plans", "M20"));
        let choice = Choice::start(&offer, None);
        assert_eq!(choice.region, "us-north-virginia");
        assert_eq!(choice.plan, "S20");
    }

    #[test]
    fn an_offer_without_regions_or_plans_says_what_to_do() {
        assert_eq!(offer().lacks(), None);
        let no_region = Offer {
            regions: Vec::new(),
            ..offer()
        };
        assert!(
            no_region
                .lacks()
                .is_some_and(|(title, text)| title.contains("region") && text.contains("operator"))
        );
        let no_plan = Offer {
            plans: Vec::new(),
            ..offer()
        };
        assert!(
            no_plan
                .lacks()
                .is_some_and(|(title, _)| title.contains("plan"))
        );
        let choice = Choice::start(&no_plan, None);
        assert_eq!(choice.plan, "");
    }

    #[test]
    fn a_refused_form_is_filled_in_again() {
        let sent = NewApp {
            name: "<b>".to_owned(),
            subdomain: "Sh op".to_owned(),
            region: "uk-london".to_owned(),
            plan: "S20".to_owned(),
            environments: vec!["Test".to_owned()],
            extra_environment: "Load".to_owned(),
            ..NewApp::default()
        };
        let error = AppError::Invalid {
            errors: Vec::new(),
            typed: Vec::new(),
        }
        .with_typed(&typed_text(&sent));
        let choice = Choice::start(&offer(), Some(&error));
        assert_eq!(
            (choice.name, choice.subdomain),
            ("<b>".to_owned(), "Sh op".to_owned())
        );
        assert_eq!(
            (choice.region, choice.plan),
            ("uk-london".to_owned(), "S20".to_owned())
        );
        assert_eq!(
            (choice.environments, choice.extra_environment),
            (vec!["Test".to_owned()], "Load".to_owned())
        );
    }

    #[test]
    fn the_form_is_read_as_browsers_send_it() {
        #[derive(serde::Deserialize)]
        struct Sent {
            app: NewApp,
        }
        let body = "app%5Bname%5D=O%27Hara+%26+Co&app%5Benvironments%5D%5B%5D=Test\
            &app%5Benvironments%5D%5B%5D=Production&app%5Bextra_environment%5D=&=";
        let sent: Sent = serde_qs::Config::new(5, false)
            .deserialize_str(body)
            .expect("a form");
        assert_eq!(sent.app.name, "O'Hara & Co");
        assert_eq!(sent.app.environments, ["Test", "Production"]);
        assert_eq!(
            (sent.app.extra_environment, sent.app.region),
            (String::new(), String::new())
        );
    }

    #[test]
    fn the_outcome_follows_the_choices() {
        let choice = Choice {
            extra_environment: "Load".to_owned(),
            ..shop()
        };
        let (headline, lines) = choice.outcome(&offer());
        assert_eq!(headline, "Shop on Cloud v4 in Frankfurt");
        assert_eq!(
            lines,
            [
                "4 environments: Test, Acceptance, Production, Load",
                "4 PostgreSQL databases, one role each",
                "4 file buckets",
                "Plan M20 for each: 4 GB memory, up to 8 instances",
            ]
        );
        let none = Choice {
            environments: Vec::new(),
            ..shop()
        };
        assert_eq!(
            none.outcome(&offer()).1,
            ["No environment yet: choose at least one."]
        );
    }

    #[test]
    fn the_address_is_explained_while_it_is_typed() {
        let words = |subdomain: &str, answer: Option<(&str, Result<Availability, AppError>)>| {
            let answer = answer.map(|(asked, answer)| (asked.to_owned(), answer));
            Choice {
                subdomain: subdomain.to_owned(),
                ..shop()
            }
            .address_words(&offer(), answer.as_ref())
        };
        let hint = |text: &str| AddressWords::Hint(text.to_owned());
        assert_eq!(
            words("shop", Some(("shop", Ok(Availability::Free)))),
            hint("Free. Test will be http://shop-test.apps.localhost:8080")
        );
        assert_eq!(
            words("shop", Some(("sho", Ok(Availability::Taken)))),
            hint("Test will be http://shop-test.apps.localhost:8080"),
            "an answer to an earlier question says nothing"
        );
        assert!(matches!(
            words("shop", Some(("shop", Ok(Availability::Taken)))),
            AddressWords::Refused(_)
        ));
        assert!(matches!(words("Shop!", None), AddressWords::Refused(_)));
    }
}
