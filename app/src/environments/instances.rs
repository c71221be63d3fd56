//! The instances of an environment, one a row.

use super::api::Instance;
use crate::format::bytes::bytes;
use crate::format::duration::in_words;
use crate::ui::bar::Meter;
use crate::ui::chip::StatusChip;
use crate::ui::moment::{Ago, use_clock};
use crate::ui::table::{Column, Table};
use domain::states::Tone;
use leptos::prelude::*;

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
            <For each=move || instances.get() key=|instance| instance.id.clone() let(instance)>
                <Row id=instance.id.clone() first=instance instances read_at />
            </For>
        </Table>
    }
}

/// A row stays as long as its instance does; what it says follows the instance.
#[component]
fn Row(
    id: String,
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
    let label = Signal::derive(move || instance.with(Instance::memory_words));
    let percent = Signal::derive(move || instance.with(Instance::memory_percent));
    let tone = Signal::derive(move || instance.with(Instance::memory_tone));
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
                <small class="instance-version">{move || instance.with(Instance::version_note)}</small>
            </td>
            <td data-label="Since">{since}</td>
            <td data-label="Memory"><Meter label percent tone /></td>
            <td data-label="CPU" class="number">{move || instance.with(Instance::cpu_words)}</td>
            <td data-label="Restarts" class="number">{move || instance.with(|each| each.restarts)}</td>
            <td data-label="Last crash">
                {move || match crash.get() {
                    Some((at, reason)) => view! {
                        <span class="crash"><span>{reason}</span><small><Ago at /></small></span>
                    }
                    .into_any(),
                    None => view! { <span class="soft">"—"</span> }.into_any(),
                }}
            </td>
        </tr>
    }
}

impl Instance {
    fn memory_percent(&self) -> u8 {
        crate::format::bytes::percent(self.memory.unwrap_or(0), self.memory_limit)
    }

    fn memory_words(&self) -> String {
        match self.memory {
            Some(used) => format!("{} of {}", bytes(used), bytes(self.memory_limit)),
            None => format!("not known, of {}", bytes(self.memory_limit)),
        }
    }

    fn memory_tone(&self) -> Tone {
        if self.memory_percent() >= 85 {
            Tone::Warn
        } else {
            Tone::Ok
        }
    }

    fn cpu_words(&self) -> String {
        self.cpu_milli
            .map_or_else(|| "—".to_owned(), |milli| format!("{} %", milli / 10))
    }

    /// What it runs, where that is not what it should run.
    fn version_note(&self) -> String {
        if self.current {
            String::new()
        } else {
            format!("{}, being replaced", self.package)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::states::InstanceState;

    fn instance() -> Instance {
        Instance {
            id: "i".to_owned(),
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
        assert_eq!(instance().memory_words(), "901 MB of 1 GB");
        assert_eq!(instance().memory_tone(), Tone::Warn);
        let unknown = Instance {
            memory: None,
            ..instance()
        };
        assert_eq!(
            (unknown.memory_tone(), unknown.memory_words()),
            (Tone::Ok, "not known, of 1 GB".to_owned())
        );
    }

    #[test]
    fn an_older_instance_says_what_it_runs() {
        assert_eq!(instance().version_note(), "");
        let old = Instance {
            current: false,
            ..instance()
        };
        assert_eq!(old.version_note(), "Shop 1, being replaced");
        assert_eq!(old.cpu_words(), "12 %");
    }
}
