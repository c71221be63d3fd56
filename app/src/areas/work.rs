//! Pages of packages, of operations, of rights and of the operator.

use crate::operations::details::OperationPage;
use crate::operations::list::OperationsPage;
use crate::operator::overview::OperatorsPage;
use crate::packages::details::PackagePage;
use crate::packages::list::PackagesPage;
use crate::rights::list::RightsPage;
use leptos::prelude::*;
use leptos::wasm_split::{SplitLoaderError, wasm_split};

/// A page of this area.
#[derive(Debug, Clone, Copy)]
pub enum Work {
    /// The packages of an app.
    Packages,
    /// A package.
    Package,
    /// What is under way and what was.
    Operations,
    /// An operation.
    Operation,
    /// Who may do what.
    Rights,
    /// How the installation is doing.
    Operator,
}

/// The one way into this area, which is loaded first where it is not there.
#[wasm_split(work, wasm_split_path = ::leptos::wasm_split, preload(#[doc = "Loads the area, where it is not there."] load), fallible)]
pub fn work(page: Work) -> Result<AnyView, SplitLoaderError> {
    Ok(match page {
        Work::Packages => view! { <PackagesPage /> }.into_any(),
        Work::Package => view! { <PackagePage /> }.into_any(),
        Work::Operations => view! { <OperationsPage /> }.into_any(),
        Work::Operation => view! { <OperationPage /> }.into_any(),
        Work::Rights => view! { <RightsPage /> }.into_any(),
        Work::Operator => view! { <OperatorsPage /> }.into_any(),
    })
}
