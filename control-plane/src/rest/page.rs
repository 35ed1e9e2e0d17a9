//! Paging: lists are answered in pages, in the order of their keys, and continue by an opaque token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;

const DEFAULT_SIZE: i64 = 50;
const LARGEST_SIZE: i64 = 200;

/// Which page of a list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many items, 50 when absent; more than 200 is lowered to 200.
    pub page_size: Option<i64>,
    /// `nextPageToken` of the page before.
    pub page_token: Option<String>,
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The items, in order.
    pub items: Vec<T>,
    /// Continues the list; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

impl<T> Page<T> {
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(f).collect(),
            next_page_token: self.next_page_token,
        }
    }
}

/// A checked [`PageQuery`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    pub size: usize,
    /// Key of the last item of the page before.
    pub after: Option<String>,
    list: String,
}

#[derive(Serialize, Deserialize)]
struct Token {
    /// Which list, with its arguments: a token is of no use for another one.
    list: String,
    after: String,
}

impl PageQuery {
    /// Checks the query. `list` names the list and its other arguments.
    pub fn window(&self, list: &str) -> Result<Window, Problem> {
        let size = match self.page_size.unwrap_or(DEFAULT_SIZE) {
            negative if negative < 0 => return Err(Problem::parameter("pageSize", "must not be negative")),
            0 => DEFAULT_SIZE,
            size => size.min(LARGEST_SIZE),
        };
        let after = self
            .page_token
            .as_deref()
            .map(|token| read_token(token, list))
            .transpose()?;
        Ok(Window {
            size: size as usize,
            after,
            list: list.to_owned(),
        })
    }
}

fn read_token(token: &str, list: &str) -> Result<String, Problem> {
    let wrong = || Problem::parameter("pageToken", "is not a token of this list; start again without it");
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| wrong())?;
    let token: Token = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
    if token.list == list {
        Ok(token.after)
    } else {
        Err(wrong())
    }
}

impl Window {
    /// Cuts the page out of all items, which come sorted by `key`.
    pub fn page<T>(&self, items: impl IntoIterator<Item = T>, key: impl Fn(&T) -> String) -> Page<T> {
        let after = |item: &T| self.after.as_ref().is_none_or(|after| key(item) > *after);
        let mut items: Vec<T> = items.into_iter().filter(after).take(self.size + 1).collect();
        self.close(&mut items, key)
    }

    /// Makes a page of at most `size + 1` items that already begin where they should: the one too many says that there
    /// are more.
    pub fn close<T>(&self, items: &mut Vec<T>, key: impl Fn(&T) -> String) -> Page<T> {
        let more = items.len() > self.size;
        items.truncate(self.size);
        let last = items.last().filter(|_| more).map(key);
        let next_page_token = last.and_then(|after| {
            let token = serde_json::to_vec(&Token {
                list: self.list.clone(),
                after,
            })
            .ok()?;
            Some(URL_SAFE_NO_PAD.encode(token))
        });
        Page {
            items: std::mem::take(items),
            next_page_token,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(size: Option<i64>, token: Option<String>) -> PageQuery {
        PageQuery {
            page_size: size,
            page_token: token,
        }
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_overlap() {
        let names = ["a", "b", "c", "d", "e"].map(str::to_owned);
        let mut seen = Vec::new();
        let mut token = None;
        loop {
            let window = query(Some(2), token).window("chains").unwrap();
            let page = window.page(names.clone(), Clone::clone);
            seen.extend(page.items);
            token = page.next_page_token;
            if token.is_none() {
                break;
            }
        }

        assert_eq!(seen, names);
    }

    #[test]
    fn a_token_of_another_list_is_refused() {
        let first = query(Some(1), None)
            .window("chains")
            .unwrap()
            .page(["a".to_owned(), "b".to_owned()], Clone::clone);

        let answer = query(None, first.next_page_token).window("organizations").unwrap_err();

        assert_eq!(
            answer.to_string(),
            "pageToken: is not a token of this list; start again without it"
        );
    }

    #[test]
    fn sizes_are_bounded() {
        assert_eq!(query(Some(100_000), None).window("x").unwrap().size, 200);
        assert_eq!(query(Some(0), None).window("x").unwrap().size, 50);
        assert!(query(Some(-1), None).window("x").is_err());
        assert!(query(None, Some("%%%".to_owned())).window("x").is_err());
    }
}
