//! Choosing instances and memory, with the effect said before it is caused.

use super::api::ScaleEnvironment;
use super::header::Place;
use crate::error::AppError;
use crate::error::view::{Refusal, refusal};
use crate::ui::button::{Button, ButtonKind};
use crate::ui::slider::Slider;
use domain::bad_row::BadRow;
use domain::disk::words;
use domain::ids::EnvironmentId;
use domain::plans::Plan;
use domain::scaling::{
    Effect as ScaleEffect, INSTANCE_MEMORY_MIB, MEMORY_STEP_MIB, Scale, ScaleError, mib,
};
use leptos::form::ActionForm;
use leptos::prelude::*;
use views::environments::EnvironmentDetails;
use views::usage::Room;

/// What the sliders say. It outlives every refresh of the page's data: what a person has moved stays,
/// what nobody has touched follows the environment.
#[derive(Debug, Clone, Copy)]
pub struct ScaleChoice {
    instances: RwSignal<u32>,
    memory_mib: RwSignal<u32>,
    /// For instances and memory: whether what is typed is no number that can be had.
    wrong: [RwSignal<bool>; 2],
    seen: StoredValue<Option<(EnvironmentId, Scale)>>,
}

impl ScaleChoice {
    /// Nothing chosen yet.
    pub fn new() -> Self {
        Self {
            instances: RwSignal::new(1),
            memory_mib: RwSignal::new(INSTANCE_MEMORY_MIB.0),
            wrong: [RwSignal::new(false), RwSignal::new(false)],
            seen: StoredValue::new(None),
        }
    }

    /// Takes over of an environment's scale what the person has not touched.
    fn follow(self, environment: EnvironmentId, actual: Scale) {
        let chosen = self.chosen_untracked();
        let seen = self.seen.with_value(|seen| {
            let seen = seen.as_ref().filter(|(id, _)| *id == environment);
            seen.map(|(_, scale)| *scale)
        });
        let [wrong_instances, wrong_memory] = self.wrong;
        if seen.is_none() {
            wrong_instances.set(false);
            wrong_memory.set(false);
        }
        let touched = |wrong: RwSignal<bool>, same: fn(Scale, Scale) -> bool| {
            seen.is_some_and(|seen| wrong.get_untracked() || !same(seen, chosen))
        };
        if !touched(wrong_instances, |a, b| a.instances == b.instances) {
            self.instances.set(actual.instances.into());
        }
        if !touched(wrong_memory, |a, b| a.memory_mib == b.memory_mib) {
            self.memory_mib.set(actual.memory_mib);
        }
        self.seen.set_value(Some((environment, actual)));
    }

    /// Shows again what was sent and refused.
    fn take_back(self, refused: &AppError) {
        for (field, value) in [
            ("instances", self.instances),
            ("memory_mib", self.memory_mib),
        ] {
            if let Some(number) = refused.typed(field).and_then(|text| text.parse().ok()) {
                value.set(number);
            }
        }
    }

    /// Whether a number must be corrected before anything can be said of the choice.
    fn is_wrong(self) -> bool {
        self.wrong.iter().any(|wrong| wrong.get())
    }

    fn chosen(self) -> Scale {
        scale(self.instances.get(), self.memory_mib.get())
    }

    fn chosen_untracked(self) -> Scale {
        scale(
            self.instances.get_untracked(),
            self.memory_mib.get_untracked(),
        )
    }
}

impl Default for ScaleChoice {
    fn default() -> Self {
        Self::new()
    }
}

fn scale(instances: u32, memory_mib: u32) -> Scale {
    Scale {
        instances: u16::try_from(instances).unwrap_or(u16::MAX),
        memory_mib,
    }
}

/// What a choice comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    actual: Scale,
    runs: bool,
    plan: Result<Plan, BadRow>,
    connections: u32,
}

impl Situation {
    /// How the environment is now.
    fn of(details: &EnvironmentDetails) -> Self {
        Self {
            actual: details.scale,
            runs: details.runs(),
            plan: details.plan.clone(),
            connections: details.connections,
        }
    }

    /// What the choice will do, or the rule it breaks; the server asks the same function.
    fn verdict(&self, chosen: Scale) -> Result<ScaleEffect, ScaleError> {
        let plan = self.plan.as_ref().map_err(|row| ScaleError {
            field: "plan",
            message: row.to_string(),
        })?;
        chosen.check(plan, self.connections)?;
        Ok(self
            .actual
            .effect(chosen, self.runs, plan, self.connections))
    }

    /// Why there is nothing to apply.
    fn hindrance(&self, chosen: Scale) -> Option<String> {
        match self.verdict(chosen) {
            Err(error) => Some(error.message),
            Ok(_) if chosen == self.actual => {
                Some("Move a slider first: this is how it is now.".to_owned())
            }
            Ok(_) => None,
        }
    }

    /// The largest amount of memory that one instance can have.
    fn largest_memory(&self) -> u32 {
        let plan = self.plan.as_ref();
        plan.map_or(self.actual.memory_mib, |plan| {
            plan.app_memory_mib.min(INSTANCE_MEMORY_MIB.1)
        })
    }

    /// The largest number of instances.
    fn most_instances(&self) -> u32 {
        let plan = self.plan.as_ref();
        plan.map_or(self.actual.instances, |plan| plan.max_instances)
            .into()
    }
}

/// Two sliders, what they will do, and the button that does it.
#[component]
pub fn ScalePanel(
    /// The environment.
    details: Signal<EnvironmentDetails>,
    /// What is chosen.
    choice: ScaleChoice,
    /// The action.
    action: ServerAction<ScaleEnvironment>,
) -> impl IntoView {
    let first = details.get_untracked();
    choice.follow(first.id, first.scale);
    if let Some(refused) = refusal(action).get_untracked() {
        choice.take_back(&refused);
    }
    let actual = Memo::new(move |_| details.with(|details| (details.id, details.scale)));
    Effect::new(move || actual.with(|(id, scale)| choice.follow(*id, *scale)));
    let situation = Memo::new(move |_| details.with(Situation::of));
    let verdict =
        Memo::new(move |_| situation.with(|situation| situation.verdict(choice.chosen())));
    let denied = Memo::new(move |_| details.with(|details| details.actions.scale.reason()));
    // Without JavaScript nobody can move anything: the numbers are sent as they are, and judged there.
    let alive = RwSignal::new(false);
    Effect::new(move || alive.set(true));
    let reason = Signal::derive(move || {
        denied.get().or_else(|| {
            if choice.is_wrong() {
                return Some("Correct the number that is marked first.".to_owned());
            }
            let hindrance = || situation.with(|situation| situation.hindrance(choice.chosen()));
            alive.get().then(hindrance).flatten()
        })
    });
    let room = Memo::new(move |_| details.with(|details| details.room.map(room_words)));
    let most = Signal::derive(move || situation.with(Situation::most_instances));
    let most_memory = Signal::derive(move || situation.with(Situation::largest_memory));
    view! {
        <ActionForm action attr:class="scale" attr:novalidate=true>
            <Refusal error=refusal(action) />
            <Place details />
            <Slider
                id="instances"
                name="instances"
                label="Instances"
                min=1
                max=most
                value=choice.instances
                wrong=choice.wrong[0]
                format=instances_words
            />
            <Slider
                id="memory"
                name="memory_mib"
                label="Memory each, MB"
                min=INSTANCE_MEMORY_MIB.0
                max=most_memory
                step=MEMORY_STEP_MIB
                value=choice.memory_mib
                wrong=choice.wrong[1]
                format=mib
            />
            <div class="scale__effect" role="status">
                {move || match verdict.get() {
                    _ if choice.is_wrong() => view! {
                        <p class="scale__refusal">"One of the numbers cannot be had."</p>
                    }
                    .into_any(),
                    Ok(effect) => view! {
                        <p class="scale__summary">{effect.summary}</p>
                        <p class="soft">{effect.sums}</p>
                    }
                    .into_any(),
                    Err(error) => view! { <p class="scale__refusal">{error.message}</p> }.into_any(),
                }}
            </div>
            <p class="soft" hidden=move || room.with(Option::is_none)>{move || room.get()}</p>
            <Button kind=ButtonKind::Secondary type_="submit" reason busy=action.pending()>"Apply"</Button>
        </ActionForm>
    }
}

/// What the machine has left for more.
fn room_words(room: Room) -> String {
    format!(
        "The region's machine has {} of {} of memory left for instances.",
        words(room.memory_free_mib << 20),
        words(room.memory_mib << 20)
    )
}

fn instances_words(count: u32) -> String {
    if count == 1 {
        "1 instance".to_owned()
    } else {
        format!("{count} instances")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(number: u8) -> EnvironmentId {
        let text = format!("00000000-0000-0000-0000-00000000000{number}");
        text.parse().expect("an id")
    }

    fn situation() -> Situation {
        Situation {
            actual: scale(1, 1024),
            runs: true,
            plan: Ok(crate::apps::region::tests::m20()),
            connections: 200,
        }
    }

    #[test]
    fn the_effect_is_said_before_it_is_caused() {
        let summary = |instances, memory| {
            situation()
                .verdict(scale(instances, memory))
                .map(|effect| effect.summary)
                .map_err(|error| error.field)
        };
        assert_eq!(
            summary(3, 1024),
            Ok("Adds 2 instances. Nothing restarts.".to_owned())
        );
        assert_eq!(summary(5, 1024), Err("memory"));
    }

    #[test]
    fn one_sees_the_room_before_asking_for_it() {
        let room = Room {
            memory_mib: 18 << 10,
            memory_free_mib: 1536,
            disk: 0,
            disk_free: 0,
        };
        assert_eq!(
            room_words(room),
            "The region's machine has 1.5 GB of 18 GB of memory left for instances."
        );
    }

    #[test]
    fn a_plan_that_cannot_be_used_is_named_and_nothing_can_be_applied() {
        let situation = Situation {
            plan: Err(BadRow::missing("plans", "M20")),
            ..situation()
        };
        let hindrance = situation.hindrance(scale(2, 1024));
        assert!(hindrance.is_some_and(|why| why.contains("M20") && why.contains("plans")));
        assert_eq!(
            (situation.most_instances(), situation.largest_memory()),
            (1, 1024),
            "as it is now"
        );
    }

    #[test]
    fn what_changes_nothing_cannot_be_applied() {
        assert!(
            situation()
                .hindrance(scale(1, 1024))
                .is_some_and(|words| words.contains("how it is now"))
        );
        assert_eq!(situation().hindrance(scale(2, 1024)), None);
        assert!(situation().hindrance(scale(8, 1024)).is_some());
    }

    #[test]
    fn a_refused_choice_is_shown_again() {
        let owner = Owner::new();
        owner.set();
        let choice = ScaleChoice::new();
        choice.follow(environment(1), scale(1, 1024));
        let refused = AppError::Invalid {
            errors: Vec::new(),
            typed: vec![("instances".to_owned(), "7".to_owned())],
        };
        choice.take_back(&refused);
        assert_eq!(choice.chosen_untracked(), scale(7, 1024));
    }

    #[test]
    fn an_untouched_choice_follows_and_a_made_one_stays() {
        let owner = Owner::new();
        owner.set();
        let choice = ScaleChoice::new();
        choice.follow(environment(1), scale(2, 512));
        assert_eq!(choice.chosen_untracked(), scale(2, 512));
        choice.follow(environment(1), scale(3, 512));
        assert_eq!(
            choice.chosen_untracked(),
            scale(3, 512),
            "somebody else scaled it"
        );
        choice.instances.set(5);
        choice.follow(environment(1), scale(4, 1024));
        assert_eq!(
            choice.chosen_untracked(),
            scale(5, 1024),
            "a person's choice is not taken away, and what nobody touched follows"
        );
        choice.follow(environment(2), scale(1, 2048));
        assert_eq!(
            choice.chosen_untracked(),
            scale(1, 2048),
            "another environment starts anew"
        );
    }
}
