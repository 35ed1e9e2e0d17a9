//! Which resources of a list are wanted.

use entente_api::condition::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::kind::Kind;
use super::problem::Problem;
use super::view;

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

/// A checked [`FilterQuery`].
#[derive(Debug)]
pub struct Filter {
    text: Option<String>,
    state: Option<State>,
    label: Option<(String, Option<String>)>,
}

impl FilterQuery {
    /// Checks the query.
    pub fn filter(&self) -> Result<Filter, Problem> {
        for (name, value) in [("q", &self.q), ("label", &self.label)] {
            if value.as_ref().is_some_and(|value| value.len() > LONGEST) {
                return Err(Problem::parameter(name, "must have at most 253 characters"));
            }
        }
        let text = self.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let label = self.label.as_deref().map(|label| match label.split_once('=') {
            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
            None => (label.to_owned(), None),
        });
        Ok(Filter {
            text: text.map(str::to_lowercase),
            state: self.state,
            label,
        })
    }

    /// The list with its arguments, as page tokens name it.
    pub fn list(&self, path: &str) -> String {
        match (&self.q, &self.state, &self.label) {
            (None, None, None) => path.to_owned(),
            all => format!("{path}?{all:?}"),
        }
    }
}

impl Filter {
    /// Whether a resource is wanted.
    pub fn takes<K: Kind>(&self, resource: &K) -> bool {
        self.state.is_none_or(|state| view::state(resource) == state)
            && self.has_label(resource)
            && self.has_text(resource)
    }

    fn has_label<K: Kind>(&self, resource: &K) -> bool {
        let Some((key, value)) = &self.label else {
            return true;
        };
        let labels = resource.meta().labels.as_ref();
        let found = labels.and_then(|labels| labels.get(key));
        found.is_some_and(|found| value.as_ref().is_none_or(|value| value == found))
    }

    fn has_text<K: Kind>(&self, resource: &K) -> bool {
        let Some(text) = &self.text else {
            return true;
        };
        let has = |value: &str| value.to_lowercase().contains(text);
        let meta = resource.meta();
        meta.name.as_deref().is_some_and(has)
            || meta.labels.iter().flatten().any(|(_, value)| has(value))
            || resource.display_name().is_some_and(has)
    }
}
