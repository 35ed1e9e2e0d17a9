//! Why a resource is not what it should be yet, in words for its owner.

use entente_api::time::Time;
use std::error::Error;
use std::fmt::Write as _;

/// What stands in the way, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Something else must happen first; no failure.
    Waiting,
    /// It failed and is tried again.
    Failed,
    /// Only an edit of the spec can mend it.
    Rejected,
    /// People must decide first; what they decide calls the next pass.
    AwaitingApproval,
    /// It runs no nodes because it was told so. Nothing is left to do.
    Suspended,
}

/// What stands in the way.
///
/// It is no [`Error`] itself, so that every error becomes one with `?`: the last place where a cause is put into words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub kind: Kind,
    /// What is the matter, in plain words.
    pub cause: String,
    /// What to do about it.
    pub hint: Option<String>,
}

pub type Result<T, E = Trouble> = std::result::Result<T, E>;

impl Trouble {
    pub fn waiting(cause: impl Into<String>) -> Trouble {
        Trouble {
            kind: Kind::Waiting,
            cause: cause.into(),
            hint: None,
        }
    }

    pub fn failed(cause: impl Into<String>) -> Trouble {
        Trouble {
            kind: Kind::Failed,
            cause: cause.into(),
            hint: None,
        }
    }

    pub fn awaiting_approval(cause: impl Into<String>) -> Trouble {
        Trouble {
            kind: Kind::AwaitingApproval,
            cause: cause.into(),
            hint: None,
        }
    }

    /// Something that rests, and is as it should be in that.
    pub fn suspended() -> Trouble {
        Trouble {
            kind: Kind::Suspended,
            cause: "the chain is suspended: it runs no nodes, and keeps ledgers and keys".to_owned(),
            hint: None,
        }
    }

    pub fn recycled(until: Time) -> Trouble {
        Trouble {
            cause: format!(
                "the chain lies in the recycle bin until {until}: it runs no nodes, and keeps ledgers and keys"
            ),
            ..Trouble::suspended()
        }
    }

    /// A spec that cannot be: `field` is a path as people write it, such as `spec.ordering.replicas`.
    pub fn rejected(field: &str, reason: impl std::fmt::Display) -> Trouble {
        Trouble {
            kind: Kind::Rejected,
            cause: format!("{field}: {reason}"),
            hint: None,
        }
    }

    pub fn with_hint(mut self, hint: impl Into<String>) -> Trouble {
        self.hint = Some(hint.into());
        self
    }

    /// Says first what was being done.
    pub fn while_doing(mut self, what: impl std::fmt::Display) -> Trouble {
        self.cause = format!("{what}: {}", self.cause);
        self
    }
}

impl<E: Error> From<E> for Trouble {
    fn from(error: E) -> Trouble {
        Trouble::failed(in_words(&error))
    }
}

/// An error with its causes. A cause that the text before it already tells is not told twice.
pub fn in_words(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.contains(&words) {
            // Writing to a string cannot fail.
            let _ = write!(text, ": {words}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the database cannot be read")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn a_trouble_tells_the_whole_story_once() {
        let trouble = Trouble::from(Outer(std::io::Error::other("disk on fire"))).while_doing("listing chains");

        assert_eq!(
            trouble.cause,
            "listing chains: the database cannot be read: disk on fire"
        );
        assert_eq!(trouble.kind, Kind::Failed);
    }
}
