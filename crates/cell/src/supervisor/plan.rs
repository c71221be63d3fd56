//! What to do next for one workload: a pure function of what is wanted and what is.
//!
//! Rules: the first instance of a template that never ran is index 0, alone, because it changes the
//! database's structure. An instance is replaced by starting the new one beside the old one, one
//! index at a time, and only while all the new ones serve: a version that breaks after it was ready
//! takes no further old instance with it. An old instance goes only when a new one of its index is
//! ready. What failed to roll out is not tried again; what served before it keeps serving and is
//! healed.

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
    /// Indexes that were ready with the wanted template since it was asked for.
    pub rolled_out: BTreeSet<u16>,
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
        let mut replacing = self.replacing() || !self.holds();
        for index in 0..self.wanted {
            self.step_at(index, &mut replacing, &mut steps);
        }
        steps
    }

    /// How far the wanted template is reached.
    pub fn rollout(&self) -> Option<Rollout> {
        if self.given_up() {
            return None;
        }
        let done = (0..self.wanted).filter(|index| self.serves(*index)).count();
        let total = self.wanted;
        if done == usize::from(total) && self.seen.len() == usize::from(total) {
            return Some(Rollout::Converged);
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
            if best.state == InstanceState::Ready && (self.given_up() || self.holds()) {
                steps.extend(others.iter().map(|seen| Step::Stop(seen.id)));
            }
            return;
        }
        let Some(of) = target else { return };
        let serves_on = self.given_up() && !others.is_empty();
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
        if !self.given_up() || self.rolled_out.contains(&index) {
            Some(Of::Wanted)
        } else {
            self.has_serving.then_some(Of::Serving)
        }
    }

    /// Whether what served before is to serve again. What is known to work is healed instead.
    fn given_up(&self) -> bool {
        self.failed && !self.same
    }

    /// Whether every index that the wanted template has reached is served by it now.
    fn holds(&self) -> bool {
        let mut reached = self.rolled_out.range(..self.wanted);
        reached.all(|index| self.serves(*index))
    }

    /// Whether an instance of the wanted template is ready at an index.
    fn serves(&self, index: u16) -> bool {
        let mut here = self.live().filter(|seen| seen.index == index);
        here.any(|seen| seen.of == Of::Wanted && seen.state == InstanceState::Ready)
    }

    /// Whether an instance of the wanted template has been ready.
    fn established(&self) -> bool {
        self.same || !self.rolled_out.is_empty()
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
mod tests;
