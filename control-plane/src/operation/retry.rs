//! Whether there is anything to try again. Pure.

use entente_api::condition::{Step, StepState};

use super::{Operation, OperationState};

/// Why there is nothing, and what to do instead where there is something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nothing {
    pub why: String,
    pub hint: Option<&'static str>,
}

/// The name of the step that is to be tried again at once: one that has failed, or waits for a cause that it tells. The
/// operator tries it by itself, after pauses that grow to half a minute; whoever has mended its cause need not wait.
pub fn step(operation: &Operation) -> Result<&str, Nothing> {
    let nothing = |why: String, hint| Err(Nothing { why, hint });
    let detail = || {
        operation
            .error
            .as_ref()
            .map(|error| error.detail.clone())
            .unwrap_or_default()
    };
    match operation.state {
        OperationState::Succeeded => nothing("It has succeeded.".to_owned(), None),
        OperationState::Cancelled => {
            nothing(format!("It was cancelled: {}", detail()), Some("Ask for it once more."))
        }
        OperationState::Failed => nothing(
            format!("What it asks for is refused: {}", detail()),
            Some("Change the spec of the resource: that is an operation of its own."),
        ),
        OperationState::Pending => nothing("Work on it has not begun yet.".to_owned(), Some("Wait for it.")),
        OperationState::Running => match operation.steps.iter().find(|step| is_stuck(&step.step)) {
            Some(step) => Ok(&step.step.name),
            None => nothing(
                "None of its steps has failed; it is under way.".to_owned(),
                Some("Wait for it."),
            ),
        },
    }
}

fn is_stuck(step: &Step) -> bool {
    match step.state {
        StepState::Failed => true,
        StepState::Running => step.cause.is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use entente_api::time::Time;

    use super::*;
    use crate::operation::{OperationKind, Target};

    fn operation(state: OperationState, step_state: StepState) -> Operation {
        let target = Target::new("Chain", "ledger", "u1", 1);
        let step = Step {
            name: "orderers".to_owned(),
            state: step_state,
            ..Step::default()
        };
        Operation {
            state,
            steps: vec![step.into()],
            ..Operation::start(OperationKind::Create, target, Time::now())
        }
    }

    #[test]
    fn only_a_step_that_has_failed_or_waits_for_something_is_tried_again() {
        let why = |operation: &Operation| step(operation).map(str::to_owned).map_err(|nothing| nothing.why);

        assert_eq!(
            why(&operation(OperationState::Running, StepState::Failed)),
            Ok("orderers".to_owned())
        );
        let mut waiting = operation(OperationState::Running, StepState::Running);
        waiting.steps[0].step.cause = Some("peer0-bank does not answer".to_owned());
        assert_eq!(why(&waiting), Ok("orderers".to_owned()));
        assert_eq!(
            why(&operation(OperationState::Running, StepState::Running)),
            Err("None of its steps has failed; it is under way.".to_owned())
        );
        assert_eq!(
            why(&operation(OperationState::Succeeded, StepState::Succeeded)),
            Err("It has succeeded.".to_owned())
        );
    }
}
