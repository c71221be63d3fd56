//! The instances of an environment, one a row.

use crate::format::bytes::bytes;
use crate::format::duration::in_words;
use crate::ui::bar::Meter;
use crate::ui::chip::StatusChip;
use crate::ui::moment::{Ago, use_clock};
use crate::ui::table::{Column, Table};
use domain::ids::InstanceId;
use domain::states::Tone;
use leptos::prelude::*;
use views::environments::{Crash, Instance};

/// The table of instances.
#[component]
pub fn Instances(
    /// The instances, by index.
    #[prop(into)]
    instances: Signal<Vec<Instance>>,
    /// When they were read.
    #[prop(into)]
    read_at: Signal<i64>,
) -> impl IntoView {
    let columns = vec![
        Column::number("#"),
        Column::text("Zone"),
        Column::text("State"),
        Column::text("Since"),
        Column::text("Memory"),
        Column::number("CPU"),
        Column::number("Restarts"),
        Column::text("Last crash"),
    ];
    view! {
        <Table caption="Instances" columns stack=true>
            <For each=move || instances.get() key=|instance| instance.id let(instance)>
                <Row id=instance.id first=instance instances read_at />
            </For>
        </Table>
    }
}

/// A row stays as long as its instance does; what it says follows the instance.
#[component]
fn Row(
    id: InstanceId,
    first: Instance,
    instances: Signal<Vec<Instance>>,
    read_at: Signal<i64>,
) -> impl IntoView {
    let clock = use_clock();
    let instance = Memo::new(move |last: Option<&Instance>| {
        let found = instances.with(|all| all.iter().find(|each| each.id == id).cloned());
        found
            .or_else(|| last.cloned())
            .unwrap_or_else(|| first.clone())
    });
    let status = Signal::derive(move || instance.with(Instance::status));
    let label = Signal::derive(move || instance.with(memory_words));
    let percent = Signal::derive(move || instance.with(memory_percent));
    let tone = Signal::derive(move || instance.with(memory_tone));
    let since = move || {
        in_words(clock.now().unwrap_or_else(|| read_at.get()) - instance.with(|each| each.since))
    };
    let crash = Memo::new(move |_| instance.with(|each| each.last_crash.clone()));
    view! {
        <tr data-old=move || instance.with(|each| !each.current).then_some("true")>
            <td class="number mono">{move || instance.with(|each| each.index)}</td>
            <td data-label="Zone">{move || instance.with(|each| each.zone.clone())}</td>
            <td data-label="State">
                <StatusChip status />
                <small class="instance-version">{move || instance.with(version_note)}</small>
            </td>
            <td data-label="Since">{since}</td>
            <td data-label="Memory"><Meter label percent tone /></td>
            <td data-label="CPU" class="number">{move || instance.with(cpu_words)}</td>
            <td data-label="Restarts" class="number">{move || instance.with(|each| each.restarts)}</td>
            <td data-label="Last crash">
                {move || match crash.get() {
                    Some(Crash { at, reason }) => view! {
                        <span class="crash"><span>{reason}</span><small><Ago at /></small></span>
                    }
                    .into_any(),
                    None => view! { <span class="soft">"—"</span> }.into_any(),
                }}
            </td>
        </tr>
    }
}

fn memory_percent(instance: &Instance) -> u8 {
    crate::format::bytes::percent(instance.memory.unwrap_or(0), instance.memory_limit)
}

fn memory_words(instance: &Instance) -> String {
    match instance.memory {
        Some(used) => format!("{} of {}", bytes(used), bytes(instance.memory_limit)),
        None => format!("not known, of {}", bytes(instance.memory_limit)),
    }
}

fn memory_tone(instance: &Instance) -> Tone {
    if memory_percent(instance) >= 85 {
        Tone::Warn
    } else {
        Tone::Ok
    }
}

fn cpu_words(instance: &Instance) -> String {
    instance
        .cpu_milli
        .map_or_else(|| "—".to_owned(), |milli| format!("{} %", milli / 10))
}

/// What it runs, where that is not what it should run.
fn version_note(instance: &Instance) -> String {
    if instance.current {
        String::new()
    } else {
        format!("{}, being replaced", instance.package)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::states::InstanceState;

    fn instance() -> Instance {
        Instance {
            id: "00000000-0000-0000-0000-000000000003"
                .parse()
                .expect("an id"),
            index: 0,
            zone: "a".to_owned(),
            state: InstanceState::Starting,
            detail: "database check".to_owned(),
            package: "Shop 1".to_owned(),
            current: true,
            since: 0,
            memory: Some(901 << 20),
            memory_limit: 1 << 30,
            cpu_milli: Some(125),
            restarts: 0,
            last_crash: None,
        }
    }

    #[test]
    fn the_step_is_part_of_the_state_until_it_is_ready() {
        assert_eq!(instance().status().label, "Starting: database check");
        let ready = Instance {
            state: InstanceState::Ready,
            ..instance()
        };
        assert_eq!(ready.status().label, "Ready");
    }

    #[test]
    fn memory_near_its_limit_is_marked() {
        assert_eq!(memory_words(&instance()), "901 MB of 1 GB");
        assert_eq!(memory_tone(&instance()), Tone::Warn);
        let unknown = Instance {
            memory: None,
            ..instance()
        };
        assert_eq!(
            (memory_tone(&unknown), memory_words(&unknown)),
            (Tone::Ok, "not known, of 1 GB".to_owned())
        );
    }

    #[test]
    fn an_older_instance_says_what_it_runs() {
        assert_eq!(version_note(&instance()), "");
        let old = Instance {
            current: false,
            ..instance()
        };
        assert_eq!(version_note(&old), "Shop 1, being replaced");
        assert_eq!(cpu_words(&old), "12 %");
    }
}
