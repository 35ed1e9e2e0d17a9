//! Identities: registered, changed, removed by those who may.

use super::CertificateAuthority;
use crate::attribute::{self, Attribute};
use crate::identity::{self, Identity};
use crate::refusal::{Refusal, code};
use crate::secret;

/// RFC 5280's ub-common-name: an id becomes a common name.
const LONGEST_ID: usize = 64;

/// A new identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registration {
    pub id: String,
    /// Empty: its registrar's.
    pub kind: String,
    /// Empty: its registrar's; `.`: the root.
    pub affiliation: String,
    pub attributes: Vec<Attribute>,
    /// 0: as many as the authority allows; -1: without limit.
    pub max_enrollments: i64,
    /// Empty: one is made.
    pub secret: String,
}

/// What is to be different of an identity; empty is unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    pub kind: String,
    /// `.`: the root.
    pub affiliation: String,
    /// An empty value takes an attribute away.
    pub attributes: Vec<Attribute>,
    /// 0: unchanged; -1: without limit; -2: none.
    pub max_enrollments: i64,
    pub secret: String,
}

impl CertificateAuthority {
    /// Registers an identity and gives it with its secret (`lib/serverregister.go`).
    pub async fn register(&self, registrar: &Identity, asked: &Registration) -> Result<(Identity, String), Refusal> {
        check_id(&asked.id)?;
        let mut asked = asked.clone();
        match asked.affiliation.as_str() {
            "" => asked.affiliation = registrar.affiliation.clone(),
            "." => asked.affiliation = String::new(),
            _ => {}
        }
        if asked.kind.is_empty() {
            asked.kind = registrar.kind.clone();
        }
        self.may_register(registrar, &asked).await.map_err(|refusal| {
            let reason = format!("Registration of '{}' failed: {refusal}", asked.id);
            Refusal::authorization(code::REGISTRAR_AUTHORITY, reason)
        })?;
        let max_enrollments = identity::max_enrollments(asked.max_enrollments, self.settings.max_enrollments)?;
        let duplicate = || {
            let message = format!("Identity '{}' is already registered", asked.id);
            Refusal::new(409, code::ALREADY_REGISTERED, message)
        };
        if self.store.identity(&asked.id).await?.is_some() {
            return Err(duplicate());
        }
        let secret = match asked.secret.is_empty() {
            true => secret::generate()?,
            false => asked.secret.clone(),
        };
        let digest = self.checked_digest(&secret).await?;
        let mut attributes = attribute::changed(&[], &asked.attributes);
        attributes.extend(fixed_attributes(&asked.id, &asked.kind, &asked.affiliation));
        let new = Identity {
            id: asked.id.clone(),
            kind: asked.kind,
            affiliation: asked.affiliation,
            attributes,
            max_enrollments,
            enrollments: 0,
            revoked: false,
        };
        match self.store.insert_identity(&new, &digest).await? {
            true => Ok((new, secret)),
            false => Err(duplicate()),
        }
    }

    async fn may_register(&self, registrar: &Identity, asked: &Registration) -> Result<(), Refusal> {
        registrar.must_act_on_kind(&asked.kind)?;
        registrar.must_contain(&asked.affiliation)?;
        if !asked.affiliation.is_empty() && !self.store.has_affiliation(&asked.affiliation).await? {
            let message = format!("there is no affiliation '{}'", asked.affiliation);
            return Err(Refusal::new(404, code::AFFILIATION, message));
        }
        attribute::may_give(&registrar.attributes, &asked.attributes, None)
            .map_err(|reason| Refusal::authorization(code::ATTRIBUTE_AUTHORITY, reason))
    }

    /// The identity of this id, if the caller may manage it.
    pub async fn managed(&self, caller: &Identity, id: &str) -> Result<Identity, Refusal> {
        let found = self.store.identity(id).await?.ok_or_else(|| no_such_identity(id))?;
        caller.must_manage(&found)?;
        Ok(found)
    }

    /// Changes an identity (`processPutRequest` in `lib/serveridentities.go`).
    pub async fn modify(&self, caller: &Identity, id: &str, change: &Change) -> Result<Identity, Refusal> {
        let before = self.managed(caller, id).await?;
        let mut after = before.clone();
        let mut told = change.attributes.clone();
        if !change.affiliation.is_empty() {
            let affiliation = match change.affiliation.as_str() {
                "." => "",
                other => other,
            };
            if !affiliation.is_empty() && !self.store.has_affiliation(affiliation).await? {
                let message = format!("Affiliation '{affiliation}' is not supported");
                return Err(Refusal::new(400, code::MODIFY_IDENTITY, message));
            }
            caller.must_contain(affiliation)?;
            after.affiliation = affiliation.to_owned();
            told.push(Attribute::in_certificates(attribute::AFFILIATION, affiliation));
        }
        if !change.kind.is_empty() {
            caller.must_act_on_kind(&change.kind)?;
            after.kind = change.kind.clone();
            told.push(Attribute::in_certificates(attribute::TYPE, &change.kind));
        }
        attribute::may_give(&caller.attributes, &change.attributes, Some(&before.attributes)).map_err(|reason| {
            let message = format!("Failed to register attributes: {reason}");
            Refusal::authorization(code::ATTRIBUTE_AUTHORITY, message)
        })?;
        after.attributes = attribute::changed(&before.attributes, &told);
        after.max_enrollments = match change.max_enrollments {
            0 => before.max_enrollments,
            -2 => 0,
            asked => identity::max_enrollments(asked, self.settings.max_enrollments)?,
        };
        let digest = match change.secret.is_empty() {
            true => None,
            false => Some(self.checked_digest(&change.secret).await?),
        };
        self.store.update_identity(&after, digest.as_deref()).await?;
        Ok(after)
    }

    /// Removes an identity and revokes what it holds.
    pub async fn remove(&self, caller: &Identity, id: &str, force: bool) -> Result<Identity, Refusal> {
        let denied = |message: &str| Err(Refusal::new(403, code::REMOVE_IDENTITY, message));
        if !self.settings.allow_remove_identities {
            return denied("Identity removal is disabled");
        }
        if id == caller.id && !force {
            return denied("Need to use 'force' option to delete your own identity");
        }
        let found = self.managed(caller, id).await?;
        let reason = super::Reason::CessationOfOperation.code();
        self.store.remove_identity(id, reason, self.now()).await?;
        self.has_revoked();
        Ok(found)
    }

    async fn checked_digest(&self, secret: &str) -> Result<String, Refusal> {
        if secret.len() > secret::LONGEST {
            let message = format!("a secret has at most {} bytes", secret::LONGEST);
            return Err(Refusal::new(400, code::ADD_IDENTITY, message));
        }
        Ok(self.digest(secret).await?)
    }
}

fn no_such_identity(id: &str) -> Refusal {
    Refusal::new(
        404,
        code::NOT_FOUND,
        format!("Failed to get User: there is no identity {id:?}"),
    )
}

/// Every identity carries them, and nobody sets them otherwise.
pub(super) fn fixed_attributes(id: &str, kind: &str, affiliation: &str) -> [Attribute; 3] {
    [
        Attribute::in_certificates(attribute::ENROLLMENT_ID, id),
        Attribute::in_certificates(attribute::TYPE, kind),
        Attribute::in_certificates(attribute::AFFILIATION, affiliation),
    ]
}

fn check_id(id: &str) -> Result<(), Refusal> {
    match id.is_empty() || id.len() > LONGEST_ID || id.chars().any(char::is_control) {
        true => Err(Refusal::new(
            400,
            code::ADD_IDENTITY,
            format!("an enrollment id has 1 to {LONGEST_ID} printable characters"),
        )),
        false => Ok(()),
    }
}
