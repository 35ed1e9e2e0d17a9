//! Where an operation stands, told from the resource that it works on. No I/O.

use entente_api::condition::{Progress, State, Step, StepState};
use entente_api::member::NodeStatus;
use entente_api::time::Time;

use super::{Operation, OperationError, OperationKind, OperationState, OperationStep, StepCount};

/// What is known of the target.
#[derive(Debug, Clone, Default)]
pub struct Live {
    pub uid: String,
    pub generation: i64,
    pub progress: Progress,
    /// Nodes of a chain.
    pub nodes: Vec<NodeStatus>,
}

/// The operation as it stands now, or `None` when nothing about it has changed. `live` is `None` when the resource does
/// not exist.
pub fn next(operation: &Operation, live: Option<&Live>, now: Time) -> Option<Operation> {
    if operation.state.is_terminal() {
        return None;
    }
    let mut next = operation.clone();
    let same = live.filter(|live| live.uid == operation.target.uid);
    match (operation.kind, same) {
        (OperationKind::Delete, None) => end(&mut next, OperationState::Succeeded, now),
        (_, None) => cancel(&mut next, "It was deleted before the operation ended.", now),
        (OperationKind::Restart, Some(live)) => restart(&mut next, live, now),
        (OperationKind::Delete, Some(live)) => {
            follow(&mut next, live);
            // The steps that once made it are no part of its removal.
            next.steps.retain(|step| step.name.starts_with("remove"));
        }
        (_, Some(live)) => converge(&mut next, live, now),
    }
    next.progress = count(&next.steps);
    (next != *operation).then(|| Operation {
        revision: operation.revision + 1,
        ..next
    })
}

fn converge(next: &mut Operation, live: &Live, now: Time) {
    let asked = next.target.generation;
    if live.generation > asked {
        return cancel(next, "A later change took its place.", now);
    }
    if live.progress.state == State::Deleting {
        return cancel(next, "It is being deleted.", now);
    }
    if live.progress.observed_generation.is_none_or(|seen| seen < asked) {
        return;
    }
    follow(next, live);
    if live.progress.state == State::Rejected {
        next.error = Some(rejection(&live.progress));
        end(next, OperationState::Failed, now);
    } else if live.progress.state == State::Suspended
        || live.progress.is_ready_at(asked) && matches!(live.progress.state, State::Ready | State::Degraded)
    {
        next.error = None;
        end(next, OperationState::Succeeded, now);
    }
}

/// Takes over the steps and the latest trouble.
fn follow(next: &mut Operation, live: &Live) {
    next.state = OperationState::Running;
    next.steps = live.progress.steps.iter().cloned().map(OperationStep::from).collect();
    let began = next.steps.iter().filter_map(|step| step.start_time).min();
    next.start_time = next
        .start_time
        .or(began.map(|began| began.max(next.create_time)))
        .or(Some(next.create_time));
    next.error = next
        .steps
        .iter()
        .find(|step| step.state == StepState::Failed)
        .map(|step| step_error(step));
}

fn restart(next: &mut Operation, live: &Live, now: Time) {
    let node = live
        .nodes
        .iter()
        .find(|node| Some(&node.name) == next.target.node.as_ref());
    let Some(node) = node else {
        return cancel(next, "The node is no longer part of the chain.", now);
    };
    next.state = OperationState::Running;
    next.start_time = next.start_time.or(Some(next.create_time));
    let restarted = node.start_time.is_some_and(|start| start > next.create_time) && node.state == State::Ready;
    let step = Step {
        name: format!("node/{}/restart", node.name),
        state: if restarted {
            StepState::Succeeded
        } else {
            StepState::Running
        },
        start_time: Some(next.create_time),
        end_time: node.start_time.filter(|_| restarted),
        attempt: 1,
        message: node.reason.clone().unwrap_or_default(),
        ..Step::default()
    };
    next.steps = vec![step.into()];
    if restarted {
        end(next, OperationState::Succeeded, now);
    }
}

fn end(next: &mut Operation, state: OperationState, now: Time) {
    next.state = state;
    next.start_time = next.start_time.or(Some(next.create_time));
    next.end_time = Some(now);
    if state == OperationState::Succeeded {
        // A chain is ready while people decide on what one of its contracts proposes.
        let awaits = |step: &OperationStep| step.state == StepState::Running && step.cause.is_some();
        let done = next.steps.iter_mut().filter(|step| !awaits(step));
        for step in done.filter(|step| step.state != StepState::Succeeded) {
            step.state = StepState::Succeeded;
        }
    }
}

fn cancel(next: &mut Operation, detail: &str, now: Time) {
    next.error = Some(OperationError {
        code: "superseded".to_owned(),
        detail: detail.to_owned(),
        hint: None,
    });
    end(next, OperationState::Cancelled, now);
}

fn rejection(progress: &Progress) -> OperationError {
    let refused = progress
        .conditions
        .iter()
        .find(|condition| condition.kind == entente_api::condition::kind::ACCEPTED);
    let ready = progress.condition(entente_api::condition::kind::READY);
    let message = refused
        .filter(|condition| condition.status == "False")
        .or(ready)
        .map(|c| c.message.clone());
    OperationError {
        code: "rejected".to_owned(),
        detail: message.unwrap_or_else(|| "The spec is refused.".to_owned()),
        hint: Some("Change the spec; what ran before is left alone.".to_owned()),
    }
}

fn step_error(step: &Step) -> OperationError {
    let cause = step.cause.clone().unwrap_or_else(|| step.message.clone());
    OperationError {
        code: "step_failed".to_owned(),
        detail: format!("{}: {cause}", step.name),
        hint: step.hint.clone(),
    }
}

fn count(steps: &[OperationStep]) -> StepCount {
    let done = steps.iter().filter(|step| step.state == StepState::Succeeded).count();
    StepCount {
        done: u32::try_from(done).unwrap_or(u32::MAX),
        total: u32::try_from(steps.len()).unwrap_or(u32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Target;
    use entente_api::condition::{kind, reason};

    fn time(second: u32) -> Time {
        Time::from(chrono::DateTime::from_timestamp(i64::from(second), 0).unwrap())
    }

    fn operation(kind: OperationKind) -> Operation {
        Operation::start(kind, Target::new("Chain", "ledger", "u1", 2), time(10))
    }

    fn live(generation: i64, observed: i64, state: State, ready: bool) -> Live {
        let mut progress = Progress {
            observed_generation: Some(observed),
            state,
            ..Progress::default()
        };
        progress.set_condition(kind::READY, ready, reason::READY, "two peers start", time(11));
        Live {
            uid: "u1".to_owned(),
            generation,
            progress,
            nodes: Vec::new(),
        }
    }

    #[test]
    fn it_is_pending_until_the_operator_has_seen_the_generation() {
        let next = next(
            &operation(OperationKind::Update),
            Some(&live(2, 1, State::Ready, true)),
            time(20),
        );

        assert_eq!(next, None);
    }

    #[test]
    fn it_runs_with_the_steps_of_the_resource() {
        let mut chain = live(2, 2, State::Provisioning, false);
        chain.progress.steps = vec![
            Step {
                name: "nodes".into(),
                state: StepState::Succeeded,
                start_time: Some(time(12)),
                ..Step::default()
            },
            Step {
                name: "join".into(),
                state: StepState::Failed,
                cause: Some("no leader".into()),
                ..Step::default()
            },
        ];

        let next = next(&operation(OperationKind::Create), Some(&chain), time(20)).unwrap();

        assert_eq!(
            (next.state, next.revision, next.progress),
            (OperationState::Running, 2, StepCount { done: 1, total: 2 })
        );
        assert_eq!(next.start_time, Some(time(12)));
        assert_eq!(next.error.unwrap().detail, "join: no leader");
    }

    #[test]
    fn it_succeeds_when_the_resource_is_ready_at_its_generation() {
        let next = next(
            &operation(OperationKind::Create),
            Some(&live(2, 2, State::Ready, true)),
            time(20),
        )
        .unwrap();

        assert_eq!(
            (next.state, next.end_time, next.error),
            (OperationState::Succeeded, Some(time(20)), None)
        );
    }

    #[test]
    fn it_succeeds_when_the_resource_rests_as_asked() {
        let next = next(
            &operation(OperationKind::Update),
            Some(&live(2, 2, State::Suspended, false)),
            time(20),
        )
        .unwrap();

        assert_eq!(next.state, OperationState::Succeeded);
    }

    #[test]
    fn it_fails_when_the_spec_is_rejected_in_the_operators_words() {
        let next = next(
            &operation(OperationKind::Update),
            Some(&live(2, 2, State::Rejected, false)),
            time(20),
        )
        .unwrap();

        assert_eq!(
            (next.state, next.error.unwrap().detail),
            (OperationState::Failed, "two peers start".to_owned())
        );
    }

    #[test]
    fn a_later_change_or_a_deletion_cancels_it() {
        let later = next(
            &operation(OperationKind::Update),
            Some(&live(3, 2, State::Updating, true)),
            time(20),
        )
        .unwrap();
        let deleted = next(&operation(OperationKind::Update), None, time(20)).unwrap();

        assert_eq!(
            (later.state, deleted.state),
            (OperationState::Cancelled, OperationState::Cancelled)
        );
    }

    #[test]
    fn a_deletion_succeeds_when_the_resource_is_gone_or_another_has_its_name() {
        let gone = next(&operation(OperationKind::Delete), None, time(20)).unwrap();
        let other = Live {
            uid: "u2".to_owned(),
            ..Live::default()
        };
        let replaced = next(&operation(OperationKind::Delete), Some(&other), time(20)).unwrap();

        assert_eq!(
            (gone.state, replaced.state),
            (OperationState::Succeeded, OperationState::Succeeded)
        );
    }

    #[test]
    fn a_restart_succeeds_when_the_node_is_ready_since_a_later_time() {
        let mut restart = operation(OperationKind::Restart);
        restart.target.node = Some("orderer0".to_owned());
        let node = |start, state| NodeStatus {
            name: "orderer0".to_owned(),
            start_time: Some(time(start)),
            state,
            ..NodeStatus::default()
        };
        let mut chain = live(2, 2, State::Ready, true);

        chain.nodes = vec![node(5, State::Ready)];
        let waiting = next(&restart, Some(&chain), time(20)).unwrap();
        chain.nodes = vec![node(15, State::Ready)];
        let done = next(&waiting, Some(&chain), time(20)).unwrap();

        assert_eq!(
            (waiting.state, done.state),
            (OperationState::Running, OperationState::Succeeded)
        );
    }
}
