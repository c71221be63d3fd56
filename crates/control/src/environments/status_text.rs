//! The first line under an environment's title: how things are and what happens next.

use crate::model::environments::Environment;
use domain::states::{Desired, InstanceState, OperationState, Status, Tone};
use engine::observation::{Instance, Rollout};
use views::operations::OperationSummary;

pub(super) fn of(
    environment: &Environment,
    status: &Status,
    operation: Option<&OperationSummary>,
) -> String {
    if let Some(operation) = operation.filter(|o| o.state == OperationState::Stuck) {
        return format!(
            "“{}” failed, and not everything could be taken back. Open it and try again.",
            operation.title
        );
    }
    if let Some(operation) = operation {
        let detail = if operation.detail.is_empty() {
            &operation.phase
        } else {
            &operation.detail
        };
        return format!(
            "{}: {}.",
            operation.title,
            lower_first(detail.trim_end_matches('.'))
        );
    }
    let Some((observation, _)) = environment
        .observed
        .as_ref()
        .filter(|_| environment.package.is_some())
    else {
        return if environment.provisioned {
            "Its database and bucket are ready. Deploy a package to start it.".to_owned()
        } else {
            "Its database and bucket are being made.".to_owned()
        };
    };
    if status.label.starts_with("Unknown") {
        return "The engine that runs it is silent; what is shown below is the last it told. The app itself may well be serving.".to_owned();
    }
    if environment.desired == Desired::Stopped {
        return "Nobody is served. Its data is kept.".to_owned();
    }
    if let Some(crashed) = observation
        .instances
        .iter()
        .find(|i| i.state == InstanceState::Crashed)
    {
        return crash_sentence(crashed, &observation.instances);
    }
    if let Rollout::Failed { reason, .. } = &observation.rollout {
        return format!("The last change could not be made: {reason}");
    }
    match status.tone {
        Tone::Ok => "All instances answer.".to_owned(),
        _ => observation
            .instances
            .iter()
            .find(|i| i.state != InstanceState::Ready)
            .map_or_else(
                || "Waiting for instances.".to_owned(),
                |i| format!("Instance {} is {}.", i.index, lower_first(i.state.label())),
            ),
    }
}

fn crash_sentence(crashed: &Instance, all: &[Instance]) -> String {
    let why = crashed
        .last_crash
        .as_ref()
        .map(|c| format!(" ({})", c.reason))
        .unwrap_or_default();
    let others = all
        .iter()
        .filter(|i| i.state == InstanceState::Ready)
        .count();
    let load = match others {
        0 => "No other instance takes its requests.",
        1 => "The other instance takes its requests.",
        _ => "The other instances take its requests.",
    };
    format!(
        "Instance {} crashed{why} and is starting again. {load}",
        crashed.index
    )
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_lowercase().chain(chars).collect())
        .unwrap_or_default()
}
