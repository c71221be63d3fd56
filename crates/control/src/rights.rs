//! The table of rights, explained to the person who asks.

use crate::ctx::Ctx;
use crate::db;
use crate::error::Result;
use domain::rights::{Access, Holders, RULES, Rule, Target};
use domain::roles::TeamRole;
use std::collections::HashMap;
use views::rights::RightsGroup;

/// Every right, grouped by who has it, and whether the person has it in general.
pub async fn list(ctx: &Ctx) -> Result<Vec<RightsGroup>> {
    let apps = match ctx.person() {
        Some(person) => {
            let mut db = ctx.state.pool.acquire().await?;
            db::members::apps_by_role(&mut db, ctx.company, person).await?
        }
        None => HashMap::new(),
    };
    let mut groups: Vec<(Holders, RightsGroup)> = Vec::new();
    for rule in RULES {
        let known = groups.iter_mut().find(|(who, _)| *who == rule.holders);
        match known {
            Some((_, group)) => group.actions.push(rule.action.to_owned()),
            None => groups.push((rule.holders, group(ctx, rule, &apps))),
        }
    }
    Ok(groups.into_iter().map(|(_, group)| group).collect())
}

fn group(ctx: &Ctx, rule: &Rule, apps: &HashMap<TeamRole, i64>) -> RightsGroup {
    RightsGroup {
        who: rule.holders.label(),
        yours: match rule.holders {
            Holders::Team(roles) => in_apps(roles.iter().filter_map(|role| apps.get(role)).sum()),
            Holders::Company(_) => yes_or_no(&ctx.may_in_company(rule.right)),
            Holders::Portal(_) => yes_or_no(&ctx.may(rule.right, &Target::Installation)),
        },
        actions: vec![rule.action.to_owned()],
    }
}

fn yes_or_no(access: &Access) -> String {
    let answer = if access.is_allowed() { "Yes" } else { "No" };
    answer.to_owned()
}

fn in_apps(count: i64) -> String {
    match count {
        0 => "In no app".to_owned(),
        1 => "In 1 app".to_owned(),
        count => format!("In {count} apps"),
    }
}
