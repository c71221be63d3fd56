//! Creating an app: every field is checked at once, names are reserved, the operation starts.

use crate::access::OwnCompany;
use crate::change::Change;
use crate::ctx::Ctx;
use crate::db;
use crate::db::apps::Find;
use crate::error::{Error, FieldError, Result};
use crate::look_alikes;
use crate::model::apps::App;
use crate::model::environments::Environment;
use crate::operations;
use crate::sagas::app_create::AppCreate;
use crate::{plans, quotas, regions};
use domain::capabilities::Generation;
use domain::ids::{AppId, EnvironmentId, OperationId};
use domain::names::{AppName, EnvironmentName, NameError, Subdomain};
use domain::plans::{Plan, PlanOffer};
use domain::quotas::{Amounts, QuotaKind};
use domain::regions::{Region, RegionOffer};
use domain::rights::Right;
use domain::roles::TeamRole;
use domain::scaling::Scale;
use domain::states::AppState;
use domain::subjects::{Subject, SubjectKind};
use domain::topics::Topic;
use saga::saga::SagaId;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;
use views::apps::{NewApp, Offer};

/// What was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The app's place in addresses.
    pub subdomain: Subdomain,
    /// The operation that makes it.
    pub operation: OperationId,
}

/// A form whose every field is sound.
struct Checked {
    key: Uuid,
    name: AppName,
    subdomain: Subdomain,
    region: Region,
    plan: Plan,
    generation: Generation,
    environments: Vec<EnvironmentName>,
}

/// Most environments of one app.
const MAX_ENVIRONMENTS: usize = 10;

/// What one may choose from, and a key for the form.
pub async fn offer(ctx: &Ctx) -> Result<Offer> {
    let config = &ctx.state.config;
    Ok(Offer {
        create: ctx.may_in_company(Right::CreateApp),
        idempotency_key: Uuid::new_v4().to_string(),
        company: ctx.company_name.clone(),
        residency_required: ctx.residency_required,
        regions: regions::list(ctx).await?,
        plans: plans::list(ctx).await?,
        apps: config.apps.clone(),
        quota: quotas::get(&mut *ctx.state.pool.acquire().await?, ctx).await?,
    })
}

/// Starts the creation of an app of the actor's company.
pub async fn create(ctx: &Ctx, new: NewApp) -> Result<Created> {
    let company = OwnCompany {
        id: ctx.company,
        label: new.name.clone(),
    };
    // Read before, since the change holds a connection.
    let (regions, plans) = (regions::list(ctx).await?, plans::list(ctx).await?);
    let mut change = Change::begin(ctx, Right::CreateApp, &company).await?;
    let checked = check(&regions, &plans, &new)?;
    if let Some(made) = made_before(&mut change, ctx, &checked).await? {
        return Ok(made);
    }
    quotas::take(&mut change, ctx, "name", &takes(&checked)).await?;
    let app = App {
        id: AppId::new(Uuid::now_v7()),
        company: ctx.company,
        name: checked.name,
        subdomain: checked.subdomain,
        region: checked.region.code,
        generation: checked.generation,
        plan: checked.plan.code.clone(),
        state: AppState::Creating,
        created_at: ctx.now(),
    };
    insert(
        change.db(),
        ctx,
        &app,
        &checked.plan,
        &checked.environments,
        checked.key,
    )
    .await?;
    // The creation of an app has the app's id, so that a form sent twice finds it again.
    let operation = SagaId(app.id.uuid());
    let subject = Subject::new(SubjectKind::App, app.id.uuid());
    let title = format!("Create {}", app.name);
    let params = app.params(app.most_connections(&checked.plan));
    operations::start::<AppCreate>(ctx, change.db(), operation, subject, title, &params).await?;
    change.set_subject(subject);
    let details = json!({ "subdomain": app.subdomain, "region": app.region, "plan": app.plan, "generation": app.generation });
    let topics = [Topic::Apps, Topic::App(app.id)];
    change.commit(details, &topics).await?;
    Ok(Created {
        subdomain: app.subdomain,
        operation: OperationId::new(operation.0),
    })
}

/// What the app takes of the company's quota.
fn takes(checked: &Checked) -> Amounts {
    let environments = u64::try_from(checked.environments.len()).unwrap_or(u64::MAX);
    let each = u64::from(Scale::initial(&checked.plan).total_memory_mib());
    Amounts::default()
        .with(QuotaKind::Apps, 1)
        .with(QuotaKind::Environments, environments)
        .with(QuotaKind::MemoryMib, environments.saturating_mul(each))
}

/// What a form with the same key has made. Pressed twice in a row, the second one finds it here.
async fn made_before(
    change: &mut Change<'_>,
    ctx: &Ctx,
    checked: &Checked,
) -> Result<Option<Created>> {
    db::apps::lock_idempotency_key(change.db(), checked.key).await?;
    let find = Find::Key(checked.key);
    let Some(app) = db::apps::get(change.db(), ctx.company, find).await? else {
        return Ok(None);
    };
    let made = (&app.name, &app.subdomain, &app.region, &app.plan);
    let asked = (
        &checked.name,
        &checked.subdomain,
        &checked.region.code,
        &checked.plan.code,
    );
    if made != asked {
        return Err(Error::Conflict(format!(
            "This form has made “{}” already. Open a new form to make another app.",
            app.name
        )));
    }
    Ok(Some(Created {
        subdomain: app.subdomain,
        operation: OperationId::new(app.id.uuid()),
    }))
}

/// The rows of the app: itself, its team, its names and its environments.
async fn insert(
    db: &mut PgConnection,
    ctx: &Ctx,
    app: &App,
    plan: &Plan,
    environments: &[EnvironmentName],
    key: Uuid,
) -> Result<()> {
    db::apps::insert(db, app, key, ctx.person()).await?;
    if let Some(person) = ctx.person() {
        let role = TeamRole::TechnicalContact;
        db::members::upsert(db, app.company, app.id, person, role, ctx.now()).await?;
    }
    reserve_labels(db, app, environments).await?;
    for (position, name) in (0..).zip(environments) {
        let id = EnvironmentId::new(Uuid::now_v7());
        let environment = Environment::new(id, app, plan, name.clone(), position);
        let passwords = environment.new_passwords(&ctx.state.secrets)?;
        db::environments::insert(db, &environment, &passwords, ctx.now()).await?;
    }
    Ok(())
}

/// The subdomain itself and the first label of every environment.
async fn reserve_labels(
    db: &mut PgConnection,
    app: &App,
    environments: &[EnvironmentName],
) -> Result<()> {
    db::hosts::reserve(db, app.id, app.subdomain.as_str()).await?;
    for name in environments.iter().filter(|name| !name.is_production()) {
        db::hosts::reserve(db, app.id, &name.host_label(&app.subdomain)).await?;
    }
    Ok(())
}

/// Checks every field, so that the person sees all that is wrong at once.
fn check(regions: &[RegionOffer], plans: &[PlanOffer], new: &NewApp) -> Result<Checked> {
    let mut errors = Vec::new();
    let name = keep(name(&new.name), &mut errors);
    let subdomain = keep(Subdomain::parse(&new.subdomain), &mut errors);
    let region = keep(region(regions, &new.region), &mut errors);
    let plan = keep(plan(plans, &new.plan), &mut errors);
    let generation = keep(generation(&new.generation), &mut errors);
    let environments = keep(environments(new), &mut errors);
    let key = new.idempotency_key.parse().map_err(|_| NameError {
        field: "idempotency_key",
        message: "The form has lost its key; reload the page and fill it in again.".to_owned(),
    });
    let key = keep(key, &mut errors);
    if let (Some(subdomain), Some(environments)) = (&subdomain, &environments) {
        for environment in environments {
            keep(environment.check_host_label(subdomain), &mut errors);
        }
    }
    match (key, name, subdomain, region, plan, generation, environments) {
        (
            Some(key),
            Some(name),
            Some(subdomain),
            Some(region),
            Some(plan),
            Some(generation),
            Some(environments),
        ) if errors.is_empty() => Ok(Checked {
            key,
            name,
            subdomain,
            region,
            plan,
            generation,
            environments,
        }),
        _ => Err(Error::Invalid(errors)),
    }
}

fn keep<T>(result: std::result::Result<T, NameError>, errors: &mut Vec<FieldError>) -> Option<T> {
    result
        .map_err(|e| {
            errors.push(FieldError {
                field: e.field.to_owned(),
                message: e.message,
            });
        })
        .ok()
}

fn name(text: &str) -> std::result::Result<AppName, NameError> {
    let name = AppName::parse(text)?;
    look_alikes::check("name", name.as_str())?;
    Ok(name)
}

fn region(offers: &[RegionOffer], code: &str) -> std::result::Result<Region, NameError> {
    let refuse = |message: String| NameError {
        field: "region",
        message,
    };
    let offer = offers.iter().find(|offer| offer.code() == code);
    let offer = offer.ok_or_else(|| {
        refuse("Choose one of the regions; this one is not offered here.".to_owned())
    })?;
    match (&offer.region, &offer.refusal) {
        (Ok(region), None) => Ok(region.clone()),
        (_, Some(reason)) => Err(refuse(reason.clone())),
        (Err(row), None) => Err(refuse(row.to_string())),
    }
}

fn plan(offers: &[PlanOffer], code: &str) -> std::result::Result<Plan, NameError> {
    let refuse = |message: String| NameError {
        field: "plan",
        message,
    };
    let offer = offers.iter().find(|offer| offer.code() == code);
    let offer = offer.ok_or_else(|| refuse("Choose one of the plans.".to_owned()))?;
    offer.plan.clone().map_err(|row| refuse(row.to_string()))
}

fn generation(code: &str) -> std::result::Result<Generation, NameError> {
    let refuse = |message: &str| NameError {
        field: "generation",
        message: message.to_owned(),
    };
    let generation = Generation::parse(code).ok_or_else(|| refuse("Choose v4."))?;
    generation.capabilities().new_apps.map_err(refuse)?;
    Ok(generation)
}

/// Those that are ticked and the one by a name of one's own.
fn environments(new: &NewApp) -> std::result::Result<Vec<EnvironmentName>, NameError> {
    let refuse = |message: String| {
        Err(NameError {
            field: "environments",
            message,
        })
    };
    let mut parsed: Vec<EnvironmentName> = Vec::new();
    let names = new.environments.iter().chain([&new.extra_environment]);
    for name in names.filter(|name| !name.trim().is_empty()) {
        let name = EnvironmentName::parse(name)?;
        if parsed.iter().any(|other| other.slug() == name.slug()) {
            return refuse(format!(
                "“{name}” is there twice; every environment needs a name of its own."
            ));
        }
        if let Some(other) = parsed.iter().find(|other| other.suffix() == name.suffix()) {
            return refuse(format!(
                "“{name}” and “{other}” would have the same address; give one of them another name."
            ));
        }
        parsed.push(name);
    }
    match parsed.len() {
        0 => refuse("Choose at least one environment.".to_owned()),
        1..=MAX_ENVIRONMENTS => Ok(parsed),
        more => refuse(format!(
            "An app has at most {MAX_ENVIRONMENTS} environments; these are {more}."
        )),
    }
}
