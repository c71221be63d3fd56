//! What to do next for one workload: a pure function of what is wanted and what is.
//!
//! Rules: the first instance of a template that never ran is index 0, alone, because it changes the
//! database's structure. An instance is replaced by starting the new one beside the old one, one
//! index at a time. An old instance goes only when a new one of its index is ready. What failed to
//! roll out is not tried again; what served before it keeps serving and is healed.

use domain::ids::InstanceId;
use domain::states::InstanceState;
use engine::observation::Rollout;
use std::collections::BTreeSet;

/// Which template an instance is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// The wanted one.
    Wanted,
    /// The one that served when the wanted state was last reached.
    Serving,
    /// Another one.
    Older,
}

/// An instance that there is.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its id.
    pub id: InstanceId,
    /// Its index.
    pub index: u16,
    /// Its template.
    pub of: Of,
    /// Its state.
    pub state: InstanceState,
}

/// What is known of a workload.
#[derive(Debug, Clone, Default)]
pub struct Situation {
    /// Instances wanted; 0 when there is no template.
    pub wanted: u16,
    /// Whether the wanted template is the one that served last.
    pub same: bool,
    /// Whether there is one that served last.
    pub has_serving: bool,
    /// Whether the wanted template could not be rolled out.
    pub failed: bool,
    /// Indexes that were ready with the wanted template.
    pub moved: BTreeSet<u16>,
    /// Indexes that may not be started at this moment.
    pub held_back: BTreeSet<u16>,
    /// What there is.
    pub seen: Vec<Seen>,
}

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Start an instance.
    Start {
        /// Its index.
        index: u16,
        /// Its template.
        of: Of,
    },
    /// Take an instance out, let it finish, end it.
    Stop(InstanceId),
}

impl Situation {
    /// What to do next; empty when there is nothing to do, or nothing yet.
    pub fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut surplus: Vec<&Seen> = self
            .live()
            .filter(|seen| seen.index >= self.wanted)
            .collect();
        surplus.sort_by_key(|seen| std::cmp::Reverse(seen.index));
        steps.extend(surplus.into_iter().map(|seen| Step::Stop(seen.id)));
        let mut replacing = self.replacing();
        for index in 0..self.wanted {
            self.step_at(index, &mut replacing, &mut steps);
        }
        steps
    }

    /// How far the wanted template is reached.
    pub fn rollout(&self) -> Option<Rollout> {
        if self.failed {
            return None;
        }
        let ready = |index: u16| {
            let mut here = self.live().filter(move |seen| seen.index == index);
            here.any(|seen| seen.of == Of::Wanted && seen.state == InstanceState::Ready)
        };
        let done = (0..self.wanted).filter(|index| ready(*index)).count();
        let total = self.wanted;
        if done == usize::from(total) && self.seen.len() == usize::from(total) {
            return Some(Rollout::Settled);
        }
        Some(Rollout::Rolling {
            done: u16::try_from(done).unwrap_or(total),
            total,
            doing: self.doing(),
        })
    }

    fn step_at(&self, index: u16, replacing: &mut bool, steps: &mut Vec<Step>) {
        let target = self.target(index);
        let (matching, others): (Vec<&Seen>, Vec<&Seen>) = self
            .live()
            .filter(|seen| seen.index == index)
            .partition(|seen| Some(seen.of) == target);
        let best = matching.iter().max_by_key(|seen| worth(seen.state));
        if let Some(best) = best {
            let rest = matching.iter().filter(|seen| seen.id != best.id);
            steps.extend(rest.map(|seen| Step::Stop(seen.id)));
            if best.state == InstanceState::Ready {
                steps.extend(others.iter().map(|seen| Step::Stop(seen.id)));
            }
            return;
        }
        let Some(of) = target else { return };
        let serves_on = self.failed && !others.is_empty();
        let waits_for_leader = of == Of::Wanted && !self.established() && index != 0;
        let waits_its_turn = !others.is_empty() && *replacing;
        if serves_on || waits_for_leader || waits_its_turn || self.held_back.contains(&index) {
            return;
        }
        *replacing |= !others.is_empty();
        steps.push(Step::Start { index, of });
    }

    /// The template that an index should have; `None` when there is none that works.
    fn target(&self, index: u16) -> Option<Of> {
        if !self.failed || self.moved.contains(&index) {
            Some(Of::Wanted)
        } else {
            self.has_serving.then_some(Of::Serving)
        }
    }

    /// Whether an instance of the wanted template has been ready.
    fn established(&self) -> bool {
        self.same || !self.moved.is_empty()
    }

    /// Whether an index is between its old and its new instance.
    fn replacing(&self) -> bool {
        let beside = |seen: &Seen| {
            let mut others = self.live().filter(|other| other.index == seen.index);
            Some(seen.of) == self.target(seen.index) && others.any(|other| other.of != seen.of)
        };
        let draining = |seen: &Seen| seen.state == InstanceState::Draining && seen.of != Of::Wanted;
        self.live().any(beside) || self.seen.iter().any(draining)
    }

    fn live(&self) -> impl Iterator<Item = &Seen> {
        let seen = self.seen.iter();
        seen.filter(|seen| seen.state != InstanceState::Draining)
    }

    fn doing(&self) -> String {
        if self.wanted == 0 {
            return "Stopping".to_owned();
        }
        let indexes = |wanted: &dyn Fn(&Seen) -> bool| {
            let found: BTreeSet<u16> = self
                .seen
                .iter()
                .filter(|seen| wanted(seen))
                .map(|seen| seen.index)
                .collect();
            let list: Vec<String> = found.iter().map(u16::to_string).collect();
            (!list.is_empty()).then(|| list.join(", "))
        };
        let starting = |seen: &Seen| {
            matches!(
                seen.state,
                InstanceState::Starting | InstanceState::Checking
            )
        };
        if let Some(list) = indexes(&starting) {
            return format!("Starting instance {list}");
        }
        if let Some(list) = indexes(&|seen: &Seen| seen.state == InstanceState::Draining) {
            return format!("Letting instance {list} finish its requests");
        }
        if let Some(list) = indexes(&|seen: &Seen| seen.state == InstanceState::Unhealthy) {
            return format!("Waiting for instance {list} to answer again");
        }
        "Waiting to start".to_owned()
    }
}

/// Which of two instances of one index and template is kept.
fn worth(state: InstanceState) -> u8 {
    match state {
        InstanceState::Ready => 4,
        InstanceState::Unhealthy => 3,
        InstanceState::Checking => 2,
        InstanceState::Starting => 1,
        InstanceState::Draining | InstanceState::Crashed => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{Of, Seen, Situation, Step};
    use domain::ids::InstanceId;
    use domain::states::InstanceState::{self, Draining, Ready, Starting};
    use engine::observation::Rollout;
    use uuid::Uuid;

    fn seen(id: u128, index: u16, of: Of, state: InstanceState) -> Seen {
        Seen {
            id: id_of(id),
            index,
            of,
            state,
        }
    }

    fn id_of(id: u128) -> InstanceId {
        InstanceId::new(Uuid::from_u128(id))
    }

    fn start(index: u16, of: Of) -> Step {
        Step::Start { index, of }
    }

    #[test]
    fn a_new_template_starts_with_the_leader_alone_and_then_all_at_once() {
        let mut situation = Situation {
            wanted: 3,
            ..Situation::default()
        };
        assert_eq!(situation.steps(), [start(0, Of::Wanted)]);
        situation.seen = vec![seen(1, 0, Of::Wanted, Starting)];
        assert!(situation.steps().is_empty());
        situation.seen[0].state = Ready;
        situation.moved.insert(0);
        assert_eq!(
            situation.steps(),
            [start(1, Of::Wanted), start(2, Of::Wanted)]
        );
    }

    #[test]
    fn a_roll_replaces_one_index_at_a_time_and_waits_until_the_old_one_is_gone() {
        let old = |id, index| seen(id, index, Of::Serving, Ready);
        let mut situation = Situation {
            wanted: 2,
            has_serving: true,
            seen: vec![old(1, 0), old(2, 1)],
            ..Situation::default()
        };
        assert_eq!(situation.steps(), [start(0, Of::Wanted)]);
        situation.seen.push(seen(3, 0, Of::Wanted, Starting));
        assert!(situation.steps().is_empty());
        situation.seen[2].state = Ready;
        situation.moved.insert(0);
        assert_eq!(situation.steps(), [Step::Stop(id_of(1))]);
        situation.seen[0].state = Draining;
        assert!(situation.steps().is_empty());
        situation.seen.remove(0);
        assert_eq!(situation.steps(), [start(1, Of::Wanted)]);
    }

    #[test]
    fn fewer_instances_end_the_highest_first_and_touch_no_other() {
        let one = |index: u16| seen(u128::from(index), index, Of::Wanted, Ready);
        let situation = Situation {
            wanted: 1,
            same: true,
            has_serving: true,
            seen: vec![one(0), one(1), one(2)],
            ..Situation::default()
        };
        assert_eq!(
            situation.steps(),
            [Step::Stop(id_of(2)), Step::Stop(id_of(1))]
        );
    }

    #[test]
    fn after_a_failure_the_old_ones_serve_and_are_healed() {
        let mut situation = Situation {
            wanted: 2,
            has_serving: true,
            failed: true,
            seen: vec![seen(1, 0, Of::Serving, Ready)],
            ..Situation::default()
        };
        assert_eq!(situation.steps(), [start(1, Of::Serving)]);
        assert_eq!(situation.rollout(), None);
        situation.moved.insert(0);
        situation.seen = vec![
            seen(2, 0, Of::Wanted, Ready),
            seen(3, 1, Of::Serving, Ready),
        ];
        assert!(situation.steps().is_empty());
        situation.has_serving = false;
        situation.seen.pop();
        assert!(situation.steps().is_empty());
    }

    #[test]
    fn an_index_that_is_held_back_is_not_started() {
        let mut situation = Situation {
            wanted: 2,
            same: true,
            ..Situation::default()
        };
        situation.held_back.insert(1);
        assert_eq!(situation.steps(), [start(0, Of::Wanted)]);
    }

    #[test]
    fn settled_means_nothing_more_and_nothing_less() {
        let mut situation = Situation {
            wanted: 1,
            seen: vec![seen(1, 0, Of::Wanted, Ready)],
            ..Situation::default()
        };
        assert_eq!(situation.rollout(), Some(Rollout::Settled));
        situation.seen.push(seen(2, 0, Of::Serving, Draining));
        assert!(matches!(
            situation.rollout(),
            Some(Rollout::Rolling {
                done: 1,
                total: 1,
                ..
            })
        ));
        situation.wanted = 0;
        assert!(matches!(
            situation.rollout(),
            Some(Rollout::Rolling {
                done: 0,
                total: 0,
                ..
            })
        ));
        situation.seen.clear();
        assert_eq!(situation.rollout(), Some(Rollout::Settled));
    }
}
