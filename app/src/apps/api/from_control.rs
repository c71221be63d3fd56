//! Apps as the control plane has them, made into what pages show.

use super::{
    AppDetails, AppError, AppList, AppSummary, EnvironmentCard, EnvironmentSummary, NewApp, Offer,
};
use crate::error::FieldError;
use control::apps;
use control::ctx::Ctx;
use domain::rights::{Access, Right};
use domain::states::AppState;

impl From<apps::EnvironmentSummary> for EnvironmentSummary {
    fn from(environment: apps::EnvironmentSummary) -> Self {
        Self {
            id: environment.id.to_string(),
            name: environment.name.to_string(),
            slug: environment.slug,
            status: environment.status,
            url: environment.url,
            package: environment.package,
            last_failure: environment.last_failure,
        }
    }
}

impl From<apps::AppSummary> for AppSummary {
    fn from(summary: apps::AppSummary) -> Self {
        Self {
            name: summary.app.name.to_string(),
            subdomain: summary.app.subdomain.to_string(),
            region: summary.region,
            environments: summary.environments.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<apps::AppDetails> for AppSummary {
    fn from(details: apps::AppDetails) -> Self {
        apps::AppSummary {
            app: details.app,
            region: details.region,
            environments: details.environments,
        }
        .into()
    }
}

pub(super) fn app_list(page: control::page::Page<apps::AppSummary>, ctx: &Ctx) -> AppList {
    AppList {
        create: ctx.may_in_company(Right::CreateApp),
        next: page.next.map(|cursor| cursor.as_str().to_owned()),
        items: page.items.into_iter().map(Into::into).collect(),
    }
}

pub(super) fn app_details(details: apps::AppDetails, ctx: &Ctx) -> AppDetails {
    let delete = details.can_delete;
    let deploy = match details.app.state {
        AppState::Ready => details.access.operate,
        AppState::Creating => Access::Denied("The app is still being created.".to_owned()),
        AppState::Deleting => Access::Denied("The app is being deleted.".to_owned()),
    };
    let card = |environment: apps::EnvironmentSummary| EnvironmentCard {
        id: environment.id.to_string(),
        name: environment.name.to_string(),
        slug: environment.slug,
        status: environment.status,
        package: environment.package,
        last_failure: environment.last_failure,
        url: environment.url,
        deploy: deploy.clone(),
    };
    AppDetails {
        id: details.app.id.to_string(),
        name: details.app.name.to_string(),
        subdomain: details.app.subdomain.to_string(),
        apps_domain: ctx.state.config.apps_domain.clone(),
        region: details.region,
        generation: details.app.generation,
        plan: details.plan,
        state: details.app.state,
        created_at: details.app.created_at.unix_timestamp(),
        environments: details.environments.into_iter().map(card).collect(),
        operations: crate::operations::api::from_control::summaries(details.operations, ctx.now()),
        manage_packages: details.access.manage_packages,
        delete,
    }
}

pub(super) async fn offer(ctx: &Ctx) -> Result<Offer, AppError> {
    let config = &ctx.state.config;
    Ok(Offer {
        create: ctx.may_in_company(Right::CreateApp),
        idempotency_key: uuid::Uuid::new_v4().to_string(),
        company: ctx.company_name.clone(),
        residency_required: ctx.residency_required,
        regions: control::regions::list(ctx).await?,
        plans: control::plans::list(ctx).await?,
        apps_domain: config.apps_domain.clone(),
        apps_port: config.apps_port,
    })
}

impl TryFrom<NewApp> for apps::create::NewApp {
    type Error = AppError;

    fn try_from(app: NewApp) -> Result<Self, AppError> {
        let idempotency_key = app.idempotency_key.parse().map_err(|_| AppError::Invalid {
            errors: vec![FieldError {
                field: "idempotency_key".to_owned(),
                message: "The form has lost its key; reload the page and fill it in again."
                    .to_owned(),
            }],
            typed: Vec::new(),
        })?;
        let mut environments = app.environments;
        environments.extend(Some(app.extra_environment).filter(|name| !name.trim().is_empty()));
        Ok(Self {
            name: app.name,
            subdomain: app.subdomain,
            region: app.region,
            plan: app.plan,
            generation: app.generation,
            environments,
            idempotency_key,
        })
    }
}
