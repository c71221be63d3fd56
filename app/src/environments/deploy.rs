//! Choosing a package to deploy, with what will happen said before it does.

use super::api::{DeployEnvironment, get_environment};
use super::header::Place;
use crate::action::use_action;
use crate::error::AppError;
use crate::error::view::{Refusal, refusal};
use crate::follow::{Followed, use_followed};
use crate::format::bytes::bytes;
use crate::format::date::in_utc;
use crate::packages::api::{get_package, list_packages};
use crate::page::{loaded, named, page_data};
use crate::paths;
use crate::ui::button::{Button, ButtonKind, LinkButton};
use crate::ui::choice::{RadioCard, RadioCards};
use crate::ui::notice::Notice;
use crate::ui::page_header::PageHeader;
use crate::ui::panel::Panel;
use crate::ui::slots::Sentence;
use crate::ui::state::EmptyState;
use domain::ids::PackageId;
use domain::scaling::mib;
use domain::states::Tone;
use domain::topics::Topic;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use views::environments::EnvironmentDetails;
use views::packages::{PackageList, PackageSummary};

/// Deploying to an environment.
#[component]
pub fn DeployPage() -> impl IntoView {
    let (app, slug) = (named("app"), named("environment"));
    let query = use_query_map();
    let asked = Memo::new(move |_| query.with(|query| query.get("package")));
    let followed = use_followed();
    let choice = page_data(
        move || (app.get(), slug.get(), asked.get(), followed.version()),
        |(app, slug, asked, _)| read(app, slug, asked),
    );
    loaded(choice, move |choice| {
        view! { <Page choice followed /> }.into_any()
    })
}

/// Where to deploy, and what there is to deploy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Choice {
    environment: EnvironmentDetails,
    /// The newest packages. The one that was asked for is among them, however old it is, unless it is gone.
    packages: PackageList,
    /// The package that was asked for.
    asked: Option<String>,
}

impl Choice {
    /// What may change it.
    fn topics(&self) -> Vec<Topic> {
        let mut topics = self.environment.topics();
        topics.extend(self.packages.topics());
        topics
    }
}

async fn read(app: String, slug: String, asked: Option<String>) -> Result<Choice, AppError> {
    let environment = get_environment(app.clone(), slug).await?;
    let mut packages = list_packages(app.clone(), None).await?;
    let newest = &mut packages.items;
    if let Some(asked) = &asked
        && !newest
            .iter()
            .any(|package| package.id.to_string() == *asked)
    {
        match get_package(app, asked.clone()).await {
            Ok(package) => newest.insert(0, package.summary),
            Err(AppError::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Choice {
        environment,
        packages,
        asked,
    })
}

#[component]
fn Page(choice: Signal<Choice>, followed: Followed) -> impl IntoView {
    let environment: Signal<EnvironmentDetails> =
        Memo::new(move |_| choice.with(|choice| choice.environment.clone())).into();
    followed.follow(move || choice.with(Choice::topics));
    let title = Signal::derive(move || environment.with(|at| format!("Deploy to {}", at.name)));
    let window = Signal::derive(move || {
        Some(format!(
            "{} · {}",
            title.get(),
            environment.with(|at| at.app_name.clone())
        ))
    });
    let sentence = move || environment.with(present_words);
    // The form stays the same one until another package is asked for.
    let kind = Memo::new(move |_| {
        choice.with(|choice| (choice.packages.items.is_empty(), choice.asked.clone()))
    });
    let content = move || {
        let (none, asked) = kind.get();
        if none {
            return view! { <NoPackage environment /> }.into_any();
        }
        let packages = choice.with_untracked(|choice| choice.packages.clone());
        view! { <Form environment packages asked /> }.into_any()
    };
    view! {
        <PageHeader title window>
            <Sentence slot><p>{sentence}</p></Sentence>
        </PageHeader>
        {content}
    }
}

#[component]
fn NoPackage(environment: Signal<EnvironmentDetails>) -> impl IntoView {
    let href = Signal::derive(move || environment.with(|at| paths::packages(&at.app)));
    view! {
        <Panel>
            <EmptyState title="No package yet" text="Upload what the modelling tool made of your project, then deploy it here.">
                <LinkButton href kind=ButtonKind::Primary>"Upload a package"</LinkButton>
            </EmptyState>
        </Panel>
    }
}

/// The form. Its packages are those that were there when it was made, in that order, so that nothing
/// moves under a hand; what is said of them and of the environment follows the present state.
#[component]
fn Form(
    environment: Signal<EnvironmentDetails>,
    packages: PackageList,
    asked: Option<String>,
) -> impl IntoView {
    let deploy = use_action::<DeployEnvironment>();
    let live =
        Memo::new(move |_| environment.with(|at| at.package.as_ref().map(|package| package.id)));
    let first = first_choice(&packages.items, live.get_untracked(), asked.as_deref());
    let gone = first.is_empty();
    let selected = RwSignal::new(first);
    let older = packages
        .next
        .map(|next| environment.with_untracked(|at| paths::packages_after(&at.app, &next)));
    let packages = StoredValue::new(packages.items);
    let options = move || {
        let live = live.get();
        packages.with_value(|packages| {
            packages
                .iter()
                .map(|package| card(package, live))
                .collect::<Vec<_>>()
        })
    };
    let error = refusal(deploy);
    let field_error = Signal::derive(move || {
        error
            .get()
            .and_then(|error: AppError| error.field("package"))
    });
    let cards = move || {
        view! { <RadioCards legend="Package" name="package" options=options() selected error=field_error /> }
    };
    let plan = Memo::new(move |_| {
        let chosen = packages.with_value(|packages| {
            let is_selected =
                |package: &&PackageSummary| selected.with(|id| package.id.to_string() == *id);
            packages.iter().find(is_selected).cloned()
        });
        let mut words = environment.with(|at| deployment_words(at, chosen.as_ref()));
        words.extend(chosen.and_then(|package| package.unfilled()));
        words
    });
    let reason = Memo::new(move |_| environment.with(|at| at.actions.deploy.reason()));
    let back = Signal::derive(move || environment.with(|at| paths::environment(&at.app, &at.slug)));
    // What was refused because something was under way may be asked for again once that has ended.
    Effect::new(move |was_busy: Option<bool>| {
        let busy = environment.with(|at| at.operation.is_some());
        if was_busy == Some(true) && !busy {
            deploy.clear();
        }
        busy
    });
    view! {
        <ActionForm action=deploy attr:class="columns">
            <div class="columns__main">
                <Refusal error fields=&["package"] />
                {gone.then(|| view! { <Gone /> })}
                <Place details=environment />
                <Panel>
                    {cards}
                    {older.map(|href| view! { <Older href /> })}
                </Panel>
            </div>
            <div class="columns__aside columns__aside--sticky">
                <Panel title="What will happen">
                    <div class="outcome">
                        <ol class="outcome__list">
                            {move || plan.get().into_iter().map(|line| view! { <li>{line}</li> }).collect_view()}
                        </ol>
                        <Button kind=ButtonKind::Primary type_="submit" reason busy=deploy.pending()>
                            "Deploy"
                        </Button>
                        <LinkButton href=back kind=ButtonKind::Plain>"Cancel"</LinkButton>
                    </div>
                </Panel>
            </div>
        </ActionForm>
    }
}

#[component]
fn Gone() -> impl IntoView {
    view! {
        <Notice tone=Tone::Warn title="The package that was asked for is gone">
            <p>"It has been deleted, or was never one of this app's packages. Choose another one."</p>
        </Notice>
    }
}

#[component]
fn Older(href: String) -> impl IntoView {
    view! {
        <p class="soft">
            <a href=href>"Older packages"</a> <span>" are deployed from their own pages."</span>
        </p>
    }
}

/// The package that was asked for, none if that is gone; else the newest that is not live, else the newest.
fn first_choice(
    packages: &[PackageSummary],
    live: Option<PackageId>,
    asked: Option<&str>,
) -> String {
    let first = match asked {
        Some(asked) => packages
            .iter()
            .find(|package| package.id.to_string() == asked),
        None => packages
            .iter()
            .find(|package| Some(package.id) != live)
            .or(packages.first()),
    };
    first
        .map(|package| package.id.to_string())
        .unwrap_or_default()
}

fn card(package: &PackageSummary, live: Option<PackageId>) -> RadioCard {
    let facts = [
        ("Runtime", package.runtime.clone()),
        ("Size", bytes(package.size)),
        (
            "Uploaded",
            format!("{} by {}", in_utc(package.uploaded_at), package.uploaded_by),
        ),
    ];
    RadioCard {
        value: package.id.to_string(),
        title: package.label(),
        tag: if live == Some(package.id) {
            "Live".to_owned()
        } else {
            String::new()
        },
        facts: facts.map(|(term, fact)| (term.to_owned(), fact)).to_vec(),
        ..RadioCard::default()
    }
}

/// What is there now.
fn present_words(at: &EnvironmentDetails) -> String {
    match &at.package {
        None => format!("Nothing is deployed to {} yet.", at.name),
        Some(package) if at.runs() => {
            format!("{} is live in {}.", package.label(), at.name)
        }
        Some(package) => format!(
            "{} is deployed, and {} is stopped.",
            package.label(),
            at.name
        ),
    }
}

/// What deploying `chosen` will do, step by step.
fn deployment_words(at: &EnvironmentDetails, chosen: Option<&PackageSummary>) -> Vec<String> {
    let Some(chosen) = chosen else {
        return vec!["Choose a package.".to_owned()];
    };
    let label = chosen.label();
    let size = mib(at.scale.memory_mib);
    match &at.package {
        Some(live) if at.runs() => vec![
            format!(
                "{} keeps serving while {label} starts beside it.",
                live.label()
            ),
            format!(
                "As soon as an instance of {label} passes its checks twice, it gets requests and an old one finishes its own."
            ),
            format!(
                "This is repeated for {} × {size}. No request is lost.",
                at.scale.instances
            ),
            format!(
                "If {label} fails a check, {} stays and you see why.",
                live.label()
            ),
        ],
        _ => vec![
            format!("{label} starts with {} × {size}.", at.scale.instances),
            format!("{} opens as soon as it passes its checks.", at.url),
            "If it fails a check, nothing stays behind and you see why.".to_owned(),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> PackageId {
        let text = format!("00000000-0000-0000-0000-0000000000{number:02}");
        text.parse().expect("an id")
    }

    fn package(number: u8) -> PackageSummary {
        PackageSummary {
            id: id(number),
            file_name: "shop.mda".to_owned(),
            name: "Shop".to_owned(),
            version: number.to_string(),
            runtime: "9.24.2".to_owned(),
            size: 1,
            files: 1,
            unpacked: 1,
            digest: "01234567".to_owned(),
            cloud_constants: Vec::new(),
            uploaded_by: "Ada".to_owned(),
            uploaded_at: 0,
            used_by: Vec::new(),
        }
    }

    #[test]
    fn the_likeliest_package_is_chosen_first() {
        let packages = [3, 2, 1].map(package);
        let choice =
            |live: Option<u8>, asked: Option<&str>| first_choice(&packages, live.map(id), asked);
        let two = id(2).to_string();
        assert_eq!(choice(Some(3), None), two);
        assert_eq!(choice(Some(1), None), id(3).to_string());
        assert_eq!(choice(Some(1), Some(&two)), two);
        assert_eq!(choice(None, Some("gone")), "");
        let only = first_choice(&packages[..1], Some(id(3)), None);
        assert_eq!(only, id(3).to_string());
        assert_eq!(first_choice(&[], None, None), "");
    }

    #[test]
    fn the_live_package_is_marked() {
        assert_eq!(card(&package(2), Some(id(2))).tag, "Live");
        assert_eq!(card(&package(2), None).tag, "");
    }
}
