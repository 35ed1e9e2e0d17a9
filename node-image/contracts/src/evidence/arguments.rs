//! What the functions take. A value that is one of these types has been checked.

use std::fmt;

use entente_templates::evidence::NOTE_LIMIT;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize, JsonSchema)]
pub struct Certify {
    /// SHA-256 of the document: 64 hexadecimal characters.
    pub digest: Digest,
    /// Anything worth remembering with it, as long as LONGEST_NOTE allows.
    pub note: Option<Note>,
    /// Who may revoke it. Whoever submits the transaction, unless said otherwise.
    pub owner: Option<Owner>,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct Revoke {
    /// SHA-256 of the document: 64 hexadecimal characters.
    pub digest: Digest,
    /// Why, as long as LONGEST_NOTE allows.
    pub reason: Option<Note>,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct Named {
    /// SHA-256 of the document: 64 hexadecimal characters.
    pub digest: Digest,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct List {
    /// Whose evidence. The caller's own, unless said otherwise.
    pub owner: Option<Owner>,
    /// How many at most, from 1 to 100; 20 unless said otherwise.
    pub page_size: Option<PageSize>,
    /// Where to go on: the bookmark of the page before.
    pub bookmark: Option<Digest>,
}

/// A SHA-256 digest in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Digest(String);

impl Digest {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Digest, String> {
        const LENGTH: usize = 64;
        let what = "must be the 64 hexadecimal characters of a SHA-256 digest";
        if let Some(other) = text.chars().find(|c| !c.is_ascii_hexdigit()) {
            return Err(format!("{what}, but has {other:?} in it"));
        }
        if text.len() != LENGTH {
            return Err(format!("{what}, but has {}", text.len()));
        }
        Ok(Digest(text.to_ascii_lowercase()))
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.0
    }
}

/// Text for people.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Note(String);

impl TryFrom<String> for Note {
    type Error = String;

    fn try_from(text: String) -> Result<Note, String> {
        at_most(NOTE_LIMIT as usize, &text)?;
        Ok(Note(text))
    }
}

impl Note {
    /// That it has no more characters than that.
    pub fn at_most(&self, limit: usize) -> Result<(), String> {
        at_most(limit, &self.0)
    }
}

impl From<Note> for String {
    fn from(note: Note) -> String {
        note.0
    }
}

/// Somebody's name, as `Evidence::owner` writes it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Owner(String);

impl TryFrom<String> for Owner {
    type Error = String;

    fn try_from(text: String) -> Result<Owner, String> {
        at_most(512, &text)?;
        if text.is_empty() {
            return Err("must not be empty; leave it out to mean yourself".into());
        }
        // It becomes part of a key, and of messages on somebody's terminal.
        if text.chars().any(|c| c.is_control() || c == '\u{10ffff}') {
            return Err("must not have control characters in it".into());
        }
        Ok(Owner(text))
    }
}

impl From<Owner> for String {
    fn from(owner: Owner) -> String {
        owner.0
    }
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(try_from = "u32")]
#[schemars(with = "u32")]
pub struct PageSize(u32);

impl Default for PageSize {
    fn default() -> PageSize {
        PageSize(20)
    }
}

impl TryFrom<u32> for PageSize {
    type Error = String;

    fn try_from(size: u32) -> Result<PageSize, String> {
        if (1..=100).contains(&size) {
            Ok(PageSize(size))
        } else {
            Err(format!("must be from 1 to 100, but is {size}"))
        }
    }
}

impl From<PageSize> for u32 {
    fn from(size: PageSize) -> u32 {
        size.0
    }
}

fn at_most(limit: usize, text: &str) -> Result<(), String> {
    match text.chars().count() {
        count if count > limit => Err(format!("must have at most {limit} characters, but has {count}")),
        _ => Ok(()),
    }
}
