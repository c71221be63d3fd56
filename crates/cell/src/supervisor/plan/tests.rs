//! What is done next, situation by situation.

use super::{Of, Seen, Situation, Step};
use domain::ids::InstanceId;
use domain::states::InstanceState::{self, Draining, Ready, Starting, Unhealthy};
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
    situation.rolled_out.insert(0);
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
    situation.rolled_out.insert(0);
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
    situation.rolled_out.insert(0);
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
fn converged_means_nothing_more_and_nothing_less() {
    let mut situation = Situation {
        wanted: 1,
        seen: vec![seen(1, 0, Of::Wanted, Ready)],
        ..Situation::default()
    };
    assert_eq!(situation.rollout(), Some(Rollout::Converged));
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
    assert_eq!(situation.rollout(), Some(Rollout::Converged));
}

#[test]
fn nothing_more_is_replaced_while_a_new_one_does_not_serve() {
    let mut situation = Situation {
        wanted: 3,
        has_serving: true,
        rolled_out: [0].into(),
        seen: vec![
            seen(1, 1, Of::Serving, Ready),
            seen(2, 2, Of::Serving, Ready),
        ],
        ..Situation::default()
    };
    // The new one crashed: it comes back, the old ones stay.
    assert_eq!(situation.steps(), [start(0, Of::Wanted)]);
    situation.seen.push(seen(3, 0, Of::Wanted, Unhealthy));
    assert!(situation.steps().is_empty());
    // Neither goes the old one beside which the next had been started.
    situation.rolled_out.insert(1);
    situation.seen.push(seen(4, 1, Of::Wanted, Ready));
    assert!(situation.steps().is_empty());
    situation.seen[2].state = Ready;
    assert_eq!(situation.steps(), [Step::Stop(id_of(1))]);
}

#[test]
fn what_is_known_to_work_is_healed_even_when_its_start_has_failed() {
    let mut situation = Situation {
        wanted: 2,
        same: true,
        has_serving: true,
        failed: true,
        ..Situation::default()
    };
    assert_eq!(
        situation.steps(),
        [start(0, Of::Wanted), start(1, Of::Wanted)]
    );
    assert!(matches!(situation.rollout(), Some(Rollout::Rolling { .. })));
    situation.seen = vec![seen(1, 0, Of::Wanted, Ready), seen(2, 1, Of::Wanted, Ready)];
    assert_eq!(situation.rollout(), Some(Rollout::Converged));
}
