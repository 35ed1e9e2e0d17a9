//! Why a command failed, in words for people and a code for scripts.

use std::fmt;

use crate::rest::problem::ProblemBody;

/// The code that the process exits with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Success = 0,
    /// It was understood and did not work out.
    Failed = 1,
    /// The command line or a file cannot be understood.
    Usage = 2,
    NotFound = 3,
    /// It exists already, was changed meanwhile, is in use, or an operation is in progress.
    Conflict = 4,
    /// The time was up; what was asked may still happen.
    Timeout = 5,
    /// The platform does not answer.
    Unreachable = 6,
    /// No token, or not one that may do this.
    NotAllowed = 7,
    /// The platform refuses the request as invalid.
    Invalid = 8,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> std::process::ExitCode {
        std::process::ExitCode::from(exit as u8)
    }
}

/// Why a command failed.
#[derive(Debug)]
pub enum CliError {
    Usage {
        message: String,
        hint: Option<String>,
    },
    Unreachable {
        server: String,
        reason: String,
    },
    Problem(Box<ProblemBody>),
    Timeout {
        what: String,
    },
    Failed {
        message: String,
        hint: Option<String>,
    },
    /// Whoever reads the output has gone away: nothing is wrong.
    Closed,
}

impl CliError {
    pub fn usage(message: impl Into<String>) -> CliError {
        CliError::Usage {
            message: message.into(),
            hint: None,
        }
    }

    pub fn usage_hint(message: impl Into<String>, hint: impl Into<String>) -> CliError {
        CliError::Usage {
            message: message.into(),
            hint: Some(hint.into()),
        }
    }

    pub fn failed(message: impl Into<String>) -> CliError {
        CliError::Failed {
            message: message.into(),
            hint: None,
        }
    }

    /// Something could not be printed as it should.
    pub fn output(error: impl fmt::Display) -> CliError {
        CliError::failed(format!("the output cannot be written: {error}"))
    }

    pub fn code(&self) -> Option<&str> {
        match self {
            CliError::Problem(problem) => Some(&problem.code),
            _ => None,
        }
    }

    pub fn exit(&self) -> Exit {
        match self {
            CliError::Usage { .. } => Exit::Usage,
            CliError::Unreachable { .. } => Exit::Unreachable,
            CliError::Timeout { .. } => Exit::Timeout,
            CliError::Failed { .. } => Exit::Failed,
            CliError::Closed => Exit::Success,
            CliError::Problem(problem) => match problem.status {
                400 | 413 | 415 | 422 if problem.code == "contract_error" => Exit::Failed,
                400 | 413 | 415 | 422 => Exit::Invalid,
                401 | 403 => Exit::NotAllowed,
                404 => Exit::NotFound,
                409 | 412 => Exit::Conflict,
                503 => Exit::Unreachable,
                504 => Exit::Timeout,
                _ => Exit::Failed,
            },
        }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CliError::Usage { message, hint } | CliError::Failed { message, hint } => {
                write!(f, "error: {message}")?;
                hint.as_ref().map_or(Ok(()), |hint| write!(f, "\nhint: {hint}"))
            }
            CliError::Unreachable { server, reason } => {
                write!(
                    f,
                    "error: the platform at {server} does not answer: {reason}\nhint: `make up` or `entente up` starts one on this machine; --server names another."
                )
            }
            CliError::Timeout { what } => write!(f, "error: the time is up: {what}"),
            CliError::Problem(problem) => {
                write!(f, "error: {}", problem.detail)?;
                if problem.errors.len() > 1 {
                    for error in &problem.errors {
                        write!(f, "\n  {}: {}", error.pointer, error.detail)?;
                    }
                }
                if let Some(hint) = &problem.hint {
                    write!(f, "\nhint: {hint}")?;
                }
                if let Some(id) = &problem.transaction_id {
                    write!(f, "\ntransaction: {id}")?;
                }
                // Only for what somebody would look up in the log.
                if problem.status >= 500 {
                    write!(f, "\nrequest: {}", problem.request_id)
                } else {
                    Ok(())
                }
            }
            CliError::Closed => Ok(()),
        }
    }
}

impl std::error::Error for CliError {}
