//! Who may enrol, and what each may do to others. Pure.

use serde::{Deserialize, Serialize};

use crate::attribute::{self, Attribute};
use crate::refusal::{Refusal, code};

/// A registered person, application or node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub id: String,
    /// `client`, `peer`, `orderer`, `admin`, or a word of the organization's own: the first organizational unit of its
    /// certificates.
    pub kind: String,
    /// Path with dots, such as `org1.department1`; empty at the root.
    pub affiliation: String,
    pub attributes: Vec<Attribute>,
    /// -1: without limit.
    pub max_enrollments: i64,
    pub enrollments: i64,
    pub revoked: bool,
}

/// An identity as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityInfo {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub affiliation: String,
    pub attrs: Vec<Attribute>,
    pub max_enrollments: i64,
}

impl From<&Identity> for IdentityInfo {
    fn from(identity: &Identity) -> IdentityInfo {
        IdentityInfo {
            id: identity.id.clone(),
            kind: identity.kind.clone(),
            affiliation: identity.affiliation.clone(),
            attrs: identity.attributes.clone(),
            max_enrollments: identity.max_enrollments,
        }
    }
}

impl Identity {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        attribute::value(&self.attributes, name)
    }

    /// Refused unless the boolean attribute is there and true (`HasRole` in `lib/serverrequestcontext.go`).
    pub fn has_role(&self, role: &str) -> Result<(), Refusal> {
        let value = self.attribute(role).ok_or_else(|| {
            Refusal::authorization(
                code::MISSING_ATTRIBUTE,
                format!("{} does not have the attribute {role}", self.id),
            )
        })?;
        match attribute::parse_bool(value) {
            Some(true) => Ok(()),
            Some(false) => Err(Refusal::authorization(
                code::MISSING_ROLE,
                format!("Caller has a value of 'false' for attribute/role '{role}'"),
            )),
            None => Err(Refusal::new(
                400,
                code::INVALID_BOOLEAN,
                format!("Failed to get boolean value of '{role}'"),
            )),
        }
    }

    /// The kinds that it may register and manage. `None`: it is no registrar.
    pub fn manages(&self) -> Option<Vec<String>> {
        let roles = self.attribute(attribute::ROLES).filter(|roles| !roles.is_empty())?;
        Some(attribute::list(roles))
    }

    pub fn must_act_on_kind(&self, kind: &str) -> Result<(), Refusal> {
        let kinds = self.manages().ok_or_else(|| {
            Refusal::authorization(
                code::ATTRIBUTE_AUTHORITY,
                format!("'{}' is not allowed to manage users", self.id),
            )
        })?;
        let kind = if kind.is_empty() { "client" } else { kind };
        match kinds
            .iter()
            .any(|known| known == "*" || known.eq_ignore_ascii_case(kind))
        {
            true => Ok(()),
            false => Err(Refusal::authorization(
                code::NOT_AFFILIATED,
                format!("Registrar does not have authority to act on type '{kind}'"),
            )),
        }
    }

    /// Whether `affiliation` is its own or lies below.
    pub fn contains(&self, affiliation: &str) -> bool {
        self.affiliation.is_empty() || is_within(affiliation, &self.affiliation)
    }

    pub fn must_contain(&self, affiliation: &str) -> Result<(), Refusal> {
        match self.contains(affiliation) {
            true => Ok(()),
            false => Err(Refusal::authorization(
                code::NOT_AFFILIATED,
                format!("Caller does not have authority to act on affiliation '{affiliation}'"),
            )),
        }
    }

    pub fn must_manage(&self, other: &Identity) -> Result<(), Refusal> {
        self.must_contain(&other.affiliation)?;
        self.must_act_on_kind(&other.kind)
    }
}

/// Whether an affiliation is `above`, or below it.
pub fn is_within(affiliation: &str, above: &str) -> bool {
    affiliation
        .strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// How often a new identity may enrol, of what its registrar asks and the authority allows (`getMaxEnrollments` in
/// `lib/util.go`).
pub fn max_enrollments(asked: i64, allowed: i64) -> Result<i64, Refusal> {
    let refused = |message: String| Err(Refusal::new(400, code::MAX_ENROLLMENTS, message));
    match (asked, allowed) {
        (..-1, _) => refused(format!(
            "Max enrollment in registration request may not be less than -1, but was {asked}"
        )),
        (_, 0) => refused("Registration is disabled".to_owned()),
        (0, _) => Ok(allowed),
        (_, -1) => Ok(asked),
        (-1, _) => refused("Registration for infinite enrollments is not allowed".to_owned()),
        _ if asked > allowed => refused(format!(
            "Requested enrollments ({asked}) exceeds maximum allowable enrollments ({allowed})"
        )),
        _ => Ok(asked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registrar(affiliation: &str, roles: &str) -> Identity {
        Identity {
            id: "registrar".into(),
            kind: "client".into(),
            affiliation: affiliation.into(),
            attributes: vec![Attribute::new(attribute::ROLES, roles)],
            max_enrollments: -1,
            enrollments: 0,
            revoked: false,
        }
    }

    #[test]
    fn a_registrar_acts_on_its_kinds_at_and_below_its_affiliation() {
        let head = registrar("org1.lending", "client, peer");

        let allowed = |affiliation, kind| head.must_contain(affiliation).and(head.must_act_on_kind(kind)).is_ok();

        assert!(allowed("org1.lending", "CLIENT"));
        assert!(allowed("org1.lending.retail", "peer"));
        assert!(allowed("org1.lending", ""));
        assert!(!allowed("org1.lending", "orderer"));
        assert!(!allowed("org1.lendings", "client"));
        assert!(!allowed("org1", "client"));
        assert!(!allowed("", "client"));
        assert!(registrar("", "*").must_act_on_kind("anything").is_ok());
        assert_eq!(registrar("", "").must_act_on_kind("client").unwrap_err().code, 42);
    }

    #[test]
    fn enrollments_are_bounded_by_the_authority() {
        let of = |asked, allowed| max_enrollments(asked, allowed).map_err(|refusal| refusal.message);

        assert_eq!(of(0, -1), Ok(-1));
        assert_eq!(of(5, -1), Ok(5));
        assert_eq!(of(0, 3), Ok(3));
        assert_eq!(of(2, 3), Ok(2));
        assert_eq!(
            of(4, 3),
            Err("Requested enrollments (4) exceeds maximum allowable enrollments (3)".into())
        );
        assert_eq!(
            of(-1, 3),
            Err("Registration for infinite enrollments is not allowed".into())
        );
        assert_eq!(of(1, 0), Err("Registration is disabled".into()));
        assert_eq!(
            of(-2, -1),
            Err("Max enrollment in registration request may not be less than -1, but was -2".into())
        );
    }
}
