//! Choosing a package to deploy, with what will happen said before it does.

use super::api::{DeployEnvironment, EnvironmentDetails, get_environment};
use crate::error::AppError;
use crate::error::view::{Refusal, loaded, refusal};
use crate::packages::api::{PackageList, PackageSummary, list_packages};
use crate::packages::size::bytes;
use crate::paths;
use crate::ui::ago::utc_words;
use crate::ui::button::{Button, ButtonKind, LinkButton};
use crate::ui::choice::{RadioCard, RadioCards};
use crate::ui::page_header::PageHeader;
use crate::ui::panel::Panel;
use crate::ui::slots::Sentence;
use crate::ui::state::EmptyState;
use domain::scaling::mib;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

/// Deploying to an environment.
#[component]
pub fn DeployPage() -> impl IntoView {
    let params = use_params_map();
    let named = move |name: &'static str| {
        Memo::new(move |_| params.with(|params| params.get(name).unwrap_or_default()))
    };
    let (app, slug) = (named("app"), named("environment"));
    let asked = use_query_map().with_untracked(|query| query.get("package"));
    let deploy = ServerAction::<DeployEnvironment>::new();
    let data = Resource::new(
        move || (app.get(), slug.get()),
        |(app, slug)| both(app, slug),
    );
    loaded(data, move |data| {
        view! { <Page data asked=asked.clone() deploy /> }.into_any()
    })
}

async fn both(app: String, slug: String) -> Result<(EnvironmentDetails, PackageList), AppError> {
    let environment = get_environment(app.clone(), slug).await?;
    Ok((environment, list_packages(app, None).await?))
}

#[component]
fn Page(
    data: Signal<(EnvironmentDetails, PackageList)>,
    asked: Option<String>,
    deploy: ServerAction<DeployEnvironment>,
) -> impl IntoView {
    let (environment, packages) = data.get_untracked();
    let title = format!("Deploy to {}", environment.name);
    let window = format!("{title} · {}", environment.app_name);
    let sentence = environment.present_words();
    let content = if packages.items.is_empty() {
        view! {
            <Panel>
                <EmptyState title="No package yet" text="Upload what the modelling tool made of your project, then deploy it here.">
                    <LinkButton href=paths::packages(&environment.app) kind=ButtonKind::Primary>"Upload a package"</LinkButton>
                </EmptyState>
            </Panel>
        }
        .into_any()
    } else {
        view! { <Form environment packages=packages.items asked deploy /> }.into_any()
    };
    view! {
        <PageHeader title=title window=Some(window)>
            <Sentence slot><p>{sentence}</p></Sentence>
        </PageHeader>
        {content}
    }
}

#[component]
fn Form(
    environment: EnvironmentDetails,
    packages: Vec<PackageSummary>,
    asked: Option<String>,
    deploy: ServerAction<DeployEnvironment>,
) -> impl IntoView {
    let live = environment
        .package
        .as_ref()
        .map(|package| package.id.clone());
    let selected = RwSignal::new(first_choice(&packages, live.as_deref(), asked.as_deref()));
    let options = packages
        .iter()
        .map(|package| card(package, live.as_deref()))
        .collect::<Vec<_>>();
    let error = refusal(deploy);
    let field_error = Signal::derive(move || {
        error
            .get()
            .and_then(|error: AppError| error.field("package"))
    });
    let reason = environment.actions.deploy.reason();
    let (app, slug) = (environment.app.clone(), environment.slug.clone());
    let back = paths::environment(&app, &slug);
    let plan = Memo::new(move |_| {
        let chosen = packages
            .iter()
            .find(|package| selected.with(|id| package.id == *id));
        environment.deployment_words(chosen)
    });
    view! {
        <ActionForm action=deploy attr:class="columns">
            <div class="columns__main">
                <Refusal error fields=&["package"] />
                <input type="hidden" name="app" value=app />
                <input type="hidden" name="environment" value=slug />
                <Panel>
                    <RadioCards legend="Package" name="package" options selected error=field_error />
                </Panel>
            </div>
            <div class="columns__aside columns__aside--sticky">
                <Panel title="What will happen">
                    <div class="outcome">
                        <ol class="outcome__list">
                            {move || plan.get().into_iter().map(|line| view! { <li>{line}</li> }).collect_view()}
                        </ol>
                        <Button kind=ButtonKind::Primary type_="submit" reason=Signal::stored(reason) busy=deploy.pending()>
                            "Deploy"
                        </Button>
                        <LinkButton href=back kind=ButtonKind::Plain>"Cancel"</LinkButton>
                    </div>
                </Panel>
            </div>
        </ActionForm>
    }
}

/// The package that was asked for, else the newest that is not live, else the newest.
fn first_choice(packages: &[PackageSummary], live: Option<&str>, asked: Option<&str>) -> String {
    let asked = packages
        .iter()
        .find(|package| Some(package.id.as_str()) == asked);
    let newer = || {
        packages
            .iter()
            .find(|package| Some(package.id.as_str()) != live)
    };
    asked
        .or_else(newer)
        .or(packages.first())
        .map(|package| package.id.clone())
        .unwrap_or_default()
}

fn card(package: &PackageSummary, live: Option<&str>) -> RadioCard {
    let facts = [
        ("Runtime", package.runtime.clone()),
        ("Size", bytes(package.size)),
        (
            "Uploaded",
            format!(
                "{} by {}",
                utc_words(package.uploaded_at),
                package.uploaded_by
            ),
        ),
    ];
    RadioCard {
        value: package.id.clone(),
        title: package.label(),
        tag: if live == Some(package.id.as_str()) {
            "Live".to_owned()
        } else {
            String::new()
        },
        facts: facts.map(|(term, fact)| (term.to_owned(), fact)).to_vec(),
        ..RadioCard::default()
    }
}

impl EnvironmentDetails {
    /// What is there now.
    fn present_words(&self) -> String {
        match &self.package {
            None => format!("Nothing is deployed to {} yet.", self.name),
            Some(package) if self.runs() => {
                format!("{} is live in {}.", package.label(), self.name)
            }
            Some(package) => format!(
                "{} is deployed, and {} is stopped.",
                package.label(),
                self.name
            ),
        }
    }

    /// What deploying `chosen` will do, step by step.
    fn deployment_words(&self, chosen: Option<&PackageSummary>) -> Vec<String> {
        let Some(chosen) = chosen else {
            return vec!["Choose a package.".to_owned()];
        };
        let label = chosen.label();
        let size = mib(self.scale.memory_mib);
        match &self.package {
            Some(live) if self.runs() => vec![
                format!(
                    "{} keeps serving while {label} starts beside it.",
                    live.label()
                ),
                format!(
                    "As soon as an instance of {label} passes its checks twice, it gets requests and an old one finishes its own."
                ),
                format!(
                    "This is repeated for {} × {size}. No request is lost.",
                    self.scale.instances
                ),
                format!(
                    "If {label} fails a check, {} stays and you see why.",
                    live.label()
                ),
            ],
            _ => vec![
                format!("{label} starts with {} × {size}.", self.scale.instances),
                format!("{} opens as soon as it passes its checks.", self.url),
                "If it fails a check, nothing stays behind and you see why.".to_owned(),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(id: &str) -> PackageSummary {
        PackageSummary {
            id: id.to_owned(),
            file_name: "shop.mda".to_owned(),
            name: "Shop".to_owned(),
            version: id.to_owned(),
            runtime: "9.24.2".to_owned(),
            size: 1,
            files: 1,
            unpacked: 1,
            uploaded_by: "Ada".to_owned(),
            uploaded_at: 0,
            used_by: Vec::new(),
        }
    }

    #[test]
    fn the_likeliest_package_is_chosen_first() {
        let packages = ["3", "2", "1"].map(package);
        assert_eq!(first_choice(&packages, Some("3"), None), "2");
        assert_eq!(first_choice(&packages, Some("1"), None), "3");
        assert_eq!(first_choice(&packages, Some("1"), Some("2")), "2");
        assert_eq!(first_choice(&packages, None, Some("gone")), "3");
        assert_eq!(first_choice(&packages[..1], Some("3"), None), "3");
        assert_eq!(first_choice(&[], None, None), "");
    }

    #[test]
    fn the_live_package_is_marked() {
        assert_eq!(card(&package("2"), Some("2")).tag, "Live");
        assert_eq!(card(&package("2"), None).tag, "");
    }
}
