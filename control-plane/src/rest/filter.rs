//! Which resources of a list are wanted.

use entente_api::condition::State;
use entente_operator::registry::Sought;
use serde::Deserialize;
use utoipa::IntoParams;

use super::problem::Problem;

/// Longest text to look for.
const LONGEST: usize = 253;

/// What the resources of a list must have. All of it, where several are given.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct FilterQuery {
    /// Only with this in the name, the display name or the value of a label, in any case.
    #[param(example = "payments", max_length = 253)]
    pub q: Option<String>,
    /// Only in this state.
    #[param(example = "ready", inline)]
    pub state: Option<State>,
    /// Only with this label: `key`, or `key=value`.
    #[param(example = "env=production", max_length = 253)]
    pub label: Option<String>,
}

/// What else the resources of one kind must have, as a query that is named in page tokens.
pub trait Wanted<K>: std::fmt::Debug + Send + Sync {
    fn takes(&self, resource: &K) -> bool;
    /// Whether it takes all of them.
    fn is_all(&self) -> bool;
}

/// Nothing else.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct All {}

impl<K> Wanted<K> for All {
    fn takes(&self, _: &K) -> bool {
        true
    }

    fn is_all(&self) -> bool {
        true
    }
}

/// Refuses the first of the parameters whose text is too long.
pub fn check<const N: usize>(parameters: [(&'static str, &Option<String>); N]) -> Result<(), Problem> {
    let is_long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > LONGEST);
    match parameters.into_iter().find(|(_, text)| is_long(text)) {
        Some((name, _)) => Err(Problem::parameter(name, "must have at most 253 characters")),
        None => Ok(()),
    }
}

/// The text to look for, if there is any in a parameter.
pub fn words(parameter: &Option<String>) -> Option<&str> {
    parameter.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

impl FilterQuery {
    /// Checks the query.
    pub fn sought(&self) -> Result<Sought, Problem> {
        check([("q", &self.q), ("label", &self.label)])?;
        let label = self.label.as_deref().map(|label| match label.split_once('=') {
            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
            None => (label.to_owned(), None),
        });
        Ok(Sought::new(words(&self.q), self.state, label))
    }

    /// The list with its arguments, as page tokens name it.
    pub fn list(&self, path: &str) -> String {
        match (&self.q, &self.state, &self.label) {
            (None, None, None) => path.to_owned(),
            all => format!("{path}?{all:?}"),
        }
    }
}
