//! An app's packages.

use super::api::list_packages;
use super::upload::UploadForm;
use crate::apps::overview::{AppTab, AppTabs};
use crate::follow::{Followed, use_followed};
use crate::format::bytes::bytes;
use crate::page::{after, loaded, named, page_data};
use crate::paths;
use crate::ui::moment::Ago;
use crate::ui::page_header::PageHeader;
use crate::ui::pager::Pager;
use crate::ui::panel::Panel;
use crate::ui::slots::Sentence;
use crate::ui::state::EmptyState;
use crate::ui::table::{Column, Table};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use views::packages::{PackageList, PackageSummary};

/// An app's packages and the way to bring one in.
#[component]
pub fn PackagesPage() -> impl IntoView {
    let query = use_query_map();
    let app = named("app");
    let after = after();
    let refused = query.with_untracked(|query| query.get("refused"));
    let followed = use_followed();
    let packages = page_data(
        move || (app.get(), after.get(), followed.version()),
        |(app, after, _)| list_packages(app, after),
    );
    loaded(packages, move |list| {
        view! { <Listed list followed app after refused=refused.clone() /> }.into_any()
    })
}

#[component]
fn Listed(
    list: Signal<PackageList>,
    followed: Followed,
    app: Memo<String>,
    after: Memo<Option<String>>,
    refused: Option<String>,
) -> impl IntoView {
    followed.follow(move || list.with(PackageList::topics));
    let name = Memo::new(move |_| list.with(|list| list.app_name.clone()));
    let window = Signal::derive(move || Some(format!("Packages · {}", name.get())));
    let upload = list.with_untracked(|list| {
        view! { <UploadForm app=app.get_untracked() limits=list.limits access=list.upload.clone() refused /> }
    });
    let next = Signal::derive(move || list.with(|list| list.next.clone()));
    let content = move || {
        match list.get().items {
        items if items.is_empty() => view! {
            <EmptyState
                title="No packages yet"
                text="A deployment package is what the modelling tool makes of a project. Upload one above, then deploy it to an environment."
            />
        }
        .into_any(),
        items => view! { <Rows app=app.get() items /> }.into_any(),
    }
    };
    view! {
        <PageHeader title="Packages" window>
            <Sentence slot>
                <p>{move || format!("What can be deployed to the environments of {}.", name.get())}</p>
            </Sentence>
        </PageHeader>
        {move || view! { <AppTabs app=app.get() current=AppTab::Packages /> }}
        <Panel title="Upload a package">{upload}</Panel>
        <Panel title="Uploaded" flush=true>{content}</Panel>
        <Pager after next more="Older packages" />
    }
}

#[component]
fn Rows(app: String, items: Vec<PackageSummary>) -> impl IntoView {
    let columns = vec![
        Column::text("Package"),
        Column::text("Runtime"),
        Column::number("Size"),
        Column::text("Uploaded"),
        Column::text("Deployed to"),
    ];
    let row = move |package: PackageSummary| {
        let deployed = if package.used_by.is_empty() {
            "—".to_owned()
        } else {
            package.used_by.join(", ")
        };
        view! {
            <tr>
                <td>
                    <a class="row" href=paths::package(&app, package.id)>{package.label()}</a>
                    <small class="mono file-name">{package.file_name}</small>
                </td>
                <td data-label="Runtime">{package.runtime}</td>
                <td data-label="Size" class="number">{bytes(package.size)}</td>
                <td data-label="Uploaded"><span><Ago at=package.uploaded_at /> " by " {package.uploaded_by}</span></td>
                <td data-label="Deployed to">{deployed}</td>
            </tr>
        }
    };
    view! {
        <Table caption="Packages" columns stack=true>{items.into_iter().map(row).collect_view()}</Table>
    }
}
