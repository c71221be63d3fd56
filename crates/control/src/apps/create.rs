//! Creating an app: every field is checked at once, names are reserved, the operation starts.

use super::{App, AppState};
use crate::ctx::Ctx;
use crate::db;
use crate::environments::Environment;
use crate::error::{Error, FieldError, Result};
use crate::sagas::app_create::AppCreate;
use domain::capabilities::Generation;
use domain::ids::{AppId, EnvironmentId, OperationId};
use domain::names::{AppName, EnvironmentName, NameError, Subdomain};
use domain::permissions::{Access, TeamRole, create_app_access};
use domain::plans::PlanCode;
use domain::regions::RegionCode;
use saga::saga::{SagaId, Subject};
use serde_json::json;
use uuid::Uuid;

/// The form, as it was typed.
#[derive(Debug, Clone)]
pub struct NewApp {
    /// Name.
    pub name: String,
    /// Subdomain.
    pub subdomain: String,
    /// Code of the region.
    pub region: String,
    /// Code of the plan.
    pub plan: String,
    /// Code of the generation.
    pub generation: String,
    /// Names of environments.
    pub environments: Vec<String>,
    /// Made with the form: a form sent twice makes one app.
    pub idempotency_key: Uuid,
}

/// What was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The app's place in addresses.
    pub subdomain: Subdomain,
    /// The operation that makes it.
    pub operation: OperationId,
}

struct Checked {
    name: AppName,
    subdomain: Subdomain,
    region: RegionCode,
    plan: PlanCode,
    generation: Generation,
    environments: Vec<EnvironmentName>,
}

/// Most environments of one app.
const MAX_ENVIRONMENTS: usize = 10;

/// Starts the creation of an app of the person's company.
pub async fn create(ctx: &Ctx, new: NewApp) -> Result<Created> {
    let access = create_app_access(&ctx.actor);
    if let Access::Denied(reason) = &access {
        crate::audit::refused(ctx, "app.create", &new.name, reason).await?;
    }
    Error::unless_allowed(&access)?;
    let checked = check(ctx, &new)?;
    let mut tx = ctx.state.pool.begin().await?;
    // Pressed twice in a row, the second form finds what the first has made.
    db::apps::lock_idempotency_key(&mut tx, new.idempotency_key).await?;
    if let Some(app) =
        db::apps::by_idempotency_key(&mut tx, ctx.actor.company, new.idempotency_key).await?
    {
        if (&app.name, &app.subdomain) != (&checked.name, &checked.subdomain) {
            return Err(Error::Conflict(format!(
                "This form has made “{}” already. Open a new form to make another app.",
                app.name
            )));
        }
        return Ok(Created {
            subdomain: app.subdomain,
            operation: OperationId::new(app.id.uuid()),
        });
    }
    let app = App {
        id: AppId::new(Uuid::now_v7()),
        company: ctx.actor.company,
        name: checked.name,
        subdomain: checked.subdomain,
        region: checked.region,
        generation: checked.generation,
        plan: checked.plan,
        state: AppState::Creating,
        created_at: ctx.now(),
    };
    db::apps::insert(&mut tx, &app, new.idempotency_key, ctx.actor.person).await?;
    db::apps::add_member(
        &mut tx,
        app.company,
        app.id,
        ctx.actor.person,
        TeamRole::TechnicalContact,
        ctx.now(),
    )
    .await?;
    reserve_labels(&mut tx, &app, &checked.environments).await?;
    for (position, name) in (0..).zip(&checked.environments) {
        let environment = Environment::new(
            EnvironmentId::new(Uuid::now_v7()),
            &app,
            name.clone(),
            position,
        );
        let passwords = environment.new_passwords(&ctx.state.secrets)?;
        db::environments::insert(&mut tx, &environment, &passwords, ctx.now()).await?;
    }
    // The creation of an app has the app's id, so that a form sent twice finds it again.
    let operation = SagaId(app.id.uuid());
    crate::operations::start::<AppCreate>(
        ctx,
        &mut tx,
        operation,
        Subject::new("app", app.id.uuid()),
        format!("Create {}", app.name),
        &app.params(),
    )
    .await?;
    let details = json!({ "subdomain": app.subdomain, "region": app.region, "plan": app.plan, "generation": app.generation });
    crate::audit::record(&mut tx, ctx, "app.create", app.name.as_str(), details).await?;
    db::notify::changed(&mut tx, app.company, &["apps".to_owned()]).await?;
    tx.commit().await?;
    Ok(Created {
        subdomain: app.subdomain,
        operation: OperationId::new(operation.0),
    })
}

/// The subdomain itself and the first label of every environment.
async fn reserve_labels(
    db: &mut sqlx::PgConnection,
    app: &App,
    environments: &[EnvironmentName],
) -> Result<()> {
    db::apps::reserve_label(db, app, app.subdomain.as_str()).await?;
    for name in environments.iter().filter(|name| !name.is_production()) {
        db::apps::reserve_label(db, app, &name.host_label(&app.subdomain)).await?;
    }
    Ok(())
}

/// Checks every field, so that the person sees all that is wrong at once.
fn check(ctx: &Ctx, new: &NewApp) -> Result<Checked> {
    let mut errors = Vec::new();
    let name = keep(AppName::parse(&new.name), &mut errors);
    let subdomain = keep(Subdomain::parse(&new.subdomain), &mut errors);
    let region = keep(region(ctx, &new.region), &mut errors);
    let plan = PlanCode::parse(&new.plan).ok_or(NameError {
        field: "plan",
        message: "Choose one of the plans.".to_owned(),
    });
    let plan = keep(plan, &mut errors);
    let generation = keep(generation(&new.generation), &mut errors);
    let environments = keep(environments(&new.environments), &mut errors);
    if let (Some(subdomain), Some(environments)) = (&subdomain, &environments) {
        for environment in environments {
            keep(environment.check_host_label(subdomain), &mut errors);
        }
    }
    match (name, subdomain, region, plan, generation, environments) {
        (
            Some(name),
            Some(subdomain),
            Some(region),
            Some(plan),
            Some(generation),
            Some(environments),
        ) if errors.is_empty() => Ok(Checked {
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

fn region(ctx: &Ctx, code: &str) -> std::result::Result<RegionCode, NameError> {
    let refuse = |message: String| NameError {
        field: "region",
        message,
    };
    let region = RegionCode::parse(code)
        .filter(|code| ctx.state.config.regions.contains_key(code))
        .ok_or_else(|| {
            refuse("Choose one of the regions; this one is not offered here.".to_owned())
        })?;
    region
        .region()
        .allowed_for(ctx.residency_required)
        .map_err(refuse)?;
    Ok(region)
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

fn environments(names: &[String]) -> std::result::Result<Vec<EnvironmentName>, NameError> {
    let refuse = |message: String| {
        Err(NameError {
            field: "environments",
            message,
        })
    };
    let mut parsed: Vec<EnvironmentName> = Vec::new();
    for name in names.iter().filter(|name| !name.trim().is_empty()) {
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
