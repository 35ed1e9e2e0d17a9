//! Template `evidence`: who held which document, and when. The document itself stays outside; its SHA-256 digest is
//! certified once, with an owner, a note and the time of the transaction. Only the owner can revoke it, and nothing is
//! ever forgotten.
//!
//! State: `evidence{digest}` holds an [`Evidence`]; `owner{owner, digest}` is the index that lists them.

mod arguments;
mod record;

use arguments::{Certify, Digest, List, Named, Note, Revoke};
use entente_contract::{ArgumentError, Context, Contract, ContractError, composite_key, split_composite_key};
use entente_templates::evidence::LONGEST_NOTE;
use record::{Evidence, Page, Revision, Revocation};

/// Object types of composite keys.
const EVIDENCE: &str = "evidence";
const BY_OWNER: &str = "owner";

/// What can be set of it.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// In characters.
    longest_note: usize,
}

impl Settings {
    /// What is set, by the names of `entente_templates`.
    pub fn read(set: impl Fn(&str) -> Option<String>) -> Result<Settings, String> {
        let longest_note = LONGEST_NOTE.read(set)?;
        let longest_note = longest_note.parse().map_err(|why| format!("LONGEST_NOTE: {why}"))?;
        Ok(Settings { longest_note })
    }

    fn check(self, function: &str, argument: &str, note: Option<&Note>) -> Result<(), ArgumentError> {
        let checked = note.map_or(Ok(()), |note| note.at_most(self.longest_note));
        checked.map_err(|reason| ArgumentError::Invalid {
            function: function.to_owned(),
            name: argument.to_owned(),
            reason,
        })
    }
}

pub fn contract(settings: Settings) -> Contract {
    let certify = move |context, call: Certify| async move {
        settings.check("Certify", "note", call.note.as_ref())?;
        certify(context, call).await
    };
    let revoke = move |context, call: Revoke| async move {
        settings.check("Revoke", "reason", call.reason.as_ref())?;
        revoke(context, call).await
    };
    Contract::new("evidence", env!("CARGO_PKG_VERSION"))
        .transaction("Certify", certify)
        .transaction("Revoke", revoke)
        .query("Get", get)
        .query("History", history)
        .query("List", list)
}

/// Why the contract refuses.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(
        "{} was certified already, at {} by {} in transaction {}{}; a digest is certified once",
        .0.digest, .0.certified_at, .0.owner, .0.transaction_id, if .0.revoked.is_some() { ", and revoked since" } else { "" }
    )]
    Certified(Box<Evidence>),
    #[error("{0} is not certified")]
    Unknown(Digest),
    #[error("only the owner of {digest}, {owner}, can revoke it; you are {caller}")]
    NotOwner {
        digest: Digest,
        owner: String,
        caller: String,
    },
    #[error("{digest} was revoked already, at {at}")]
    Revoked { digest: Digest, at: String },
}

impl From<Refused> for ContractError {
    fn from(refused: Refused) -> ContractError {
        ContractError::refused(refused.to_string())
    }
}

async fn certify(context: Context, Certify { digest, note, owner }: Certify) -> Result<Evidence, ContractError> {
    let key = key_of(&digest)?;
    if let Some(earlier) = context.get(&key).await? {
        return Err(Refused::Certified(Box::new(earlier)).into());
    }
    let submitter = context.creator().id();
    let evidence = Evidence {
        owner: owner.map_or_else(|| submitter.clone(), String::from),
        note: note.map(String::from).unwrap_or_default(),
        certified_at: record::time(context.timestamp()),
        transaction_id: context.transaction_id().to_owned(),
        submitter,
        digest,
        revoked: None,
    };
    context.put(&key, &evidence).await?;
    // An index needs its keys only, but an empty value would be none.
    context
        .put_bytes(
            &composite_key(BY_OWNER, &[&evidence.owner, evidence.digest.as_str()])?,
            vec![0],
        )
        .await?;
    context.set_event("Certified", &evidence)?;
    Ok(evidence)
}

async fn revoke(context: Context, Revoke { digest, reason }: Revoke) -> Result<Evidence, ContractError> {
    let mut evidence = existing(&context, digest).await?;
    let caller = context.creator().id();
    let digest = evidence.digest.clone();
    if evidence.owner != caller {
        return Err(Refused::NotOwner {
            digest,
            owner: evidence.owner,
            caller,
        }
        .into());
    }
    if let Some(Revocation { at, .. }) = evidence.revoked {
        return Err(Refused::Revoked { digest, at }.into());
    }
    evidence.revoked = Some(Revocation {
        at: record::time(context.timestamp()),
        reason: reason.map(String::from).unwrap_or_default(),
        transaction_id: context.transaction_id().to_owned(),
    });
    context.put(&key_of(&digest)?, &evidence).await?;
    context.set_event("Revoked", &evidence)?;
    Ok(evidence)
}

async fn get(context: Context, Named { digest }: Named) -> Result<Evidence, ContractError> {
    existing(&context, digest).await
}

async fn history(context: Context, Named { digest }: Named) -> Result<Vec<Revision>, ContractError> {
    let key = key_of(&digest)?;
    let mut changes = context.history(&key).await?;
    let mut revisions = Vec::new();
    while let Some(change) = changes.next().await? {
        let value = change.value.as_deref().map(serde_json::from_slice).transpose();
        let evidence = value.map_err(|why| ContractError::Stored {
            key: key.clone(),
            reason: why.to_string(),
        })?;
        let at = record::time(change.timestamp);
        revisions.push(Revision {
            transaction_id: change.transaction_id,
            at,
            evidence,
        });
    }
    if revisions.is_empty() {
        return Err(Refused::Unknown(digest).into());
    }
    Ok(revisions)
}

async fn list(
    context: Context,
    List {
        owner,
        page_size,
        bookmark,
    }: List,
) -> Result<Page, ContractError> {
    let owner = owner.map_or_else(|| context.creator().id(), String::from);
    // Outside, a bookmark is the digest that comes next: keys hold U+0000, which is awkward in a shell.
    let from = bookmark
        .map(|next| composite_key(BY_OWNER, &[&owner, next.as_str()]))
        .transpose()?;
    let size = page_size.unwrap_or_default().into();
    let page = context
        .composite_page(BY_OWNER, &[&owner], size, &from.unwrap_or_default())
        .await?;
    let digests = page
        .rows
        .iter()
        .map(|row| digest_of(&row.key))
        .collect::<Result<Vec<_>, _>>()?;
    let keys = digests
        .iter()
        .map(|digest| composite_key(EVIDENCE, &[digest]))
        .collect::<Result<Vec<_>, _>>()?;
    let values = context
        .get_many(&keys.iter().map(String::as_str).collect::<Vec<_>>())
        .await?;
    let read = |(key, value): (&String, Option<Vec<u8>>)| {
        serde_json::from_slice(&value.unwrap_or_default()).map_err(|why| ContractError::Stored {
            key: key.clone(),
            reason: why.to_string(),
        })
    };
    let items = keys.iter().zip(values).map(read).collect::<Result<_, _>>()?;
    let bookmark = if page.bookmark.is_empty() {
        ""
    } else {
        digest_of(&page.bookmark)?
    };
    Ok(Page {
        items,
        bookmark: bookmark.to_owned(),
    })
}

async fn existing(context: &Context, digest: Digest) -> Result<Evidence, ContractError> {
    let evidence = context.get(&key_of(&digest)?).await?;
    evidence.ok_or_else(|| Refused::Unknown(digest).into())
}

fn key_of(digest: &Digest) -> Result<String, ContractError> {
    composite_key(EVIDENCE, &[digest.as_str()])
}

/// The digest in a key of the index.
fn digest_of(key: &str) -> Result<&str, ContractError> {
    let (_, parts) = split_composite_key(key)?;
    let malformed = || ContractError::Key {
        key: key.to_owned(),
        reason: "it is no key of the owner index",
    };
    parts.get(1).copied().ok_or_else(malformed)
}

#[cfg(test)]
mod tests;
