//! What a form of a new app says, field by field.

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
