//! Attributes of identities: what they mean here, and who may give which to whom (`lib/attr/attribute.go`). Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub const ROLES: &str = "hf.Registrar.Roles";
pub const DELEGATE_ROLES: &str = "hf.Registrar.DelegateRoles";
pub const REGISTRAR_ATTRIBUTES: &str = "hf.Registrar.Attributes";
pub const REVOKER: &str = "hf.Revoker";
pub const INTERMEDIATE_CA: &str = "hf.IntermediateCA";
pub const GEN_CRL: &str = "hf.GenCRL";
pub const AFFILIATION_MANAGER: &str = "hf.AffiliationMgr";
pub const ENROLLMENT_ID: &str = "hf.EnrollmentID";
pub const TYPE: &str = "hf.Type";
pub const AFFILIATION: &str = "hf.Affiliation";

/// A name with a value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    pub name: String,
    #[serde(default)]
    pub value: String,
    /// Whether it stands in certificates unless they ask for others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ecert: bool,
}

impl Attribute {
    pub fn new(name: &str, value: &str) -> Attribute {
        Attribute {
            name: name.to_owned(),
            value: value.to_owned(),
            ecert: false,
        }
    }

    /// One that stands in certificates.
    pub fn in_certificates(name: &str, value: &str) -> Attribute {
        Attribute {
            ecert: true,
            ..Attribute::new(name, value)
        }
    }
}

/// A wish for an attribute in a certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeRequest {
    pub name: String,
    #[serde(default)]
    pub optional: bool,
}

pub fn value<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    let found = attributes.iter().find(|attribute| attribute.name == name);
    found.map(|attribute| attribute.value.as_str())
}

/// What certificates carry: what was asked for of what the identity has, or by default what is marked for it. `None`:
/// nothing at all. Refused by the names that were asked for and are missing.
pub fn for_certificate(
    owned: &[Attribute],
    asked: Option<&[AttributeRequest]>,
) -> Result<Option<BTreeMap<String, String>>, Vec<String>> {
    let Some(asked) = asked else {
        let marked: BTreeMap<String, String> = owned
            .iter()
            .filter(|attribute| attribute.ecert)
            .map(|attribute| (attribute.name.clone(), attribute.value.clone()))
            .collect();
        return Ok((!marked.is_empty()).then_some(marked));
    };
    let missing: Vec<String> = asked
        .iter()
        .filter(|request| !request.optional && value(owned, &request.name).is_none())
        .map(|request| request.name.clone())
        .collect();
    if !missing.is_empty() {
        return Err(missing);
    }
    let given = asked
        .iter()
        .filter_map(|request| Some((request.name.clone(), value(owned, &request.name)?.to_owned())));
    Ok(Some(given.collect()))
}

/// `owned` with `changes`: an empty value removes (`GetNewAttributes` in `lib/server/user/user.go`).
pub fn changed(owned: &[Attribute], changes: &[Attribute]) -> Vec<Attribute> {
    let mut all = owned.to_vec();
    for change in changes {
        let at = all.iter().position(|attribute| attribute.name == change.name);
        match (at, change.value.is_empty()) {
            (Some(at), true) => drop(all.remove(at)),
            (Some(at), false) => all[at] = change.clone(),
            (None, true) => {}
            (None, false) => all.push(change.clone()),
        }
    }
    all
}

/// Whether `registrar` may give these attributes to an identity that has `held` now; `None` for a new identity. Says why not.
pub fn may_give(registrar: &[Attribute], given: &[Attribute], held: Option<&[Attribute]>) -> Result<(), String> {
    given
        .iter()
        .try_for_each(|attribute| may_give_one(registrar, attribute, given, held))
}

fn may_give_one(
    registrar: &[Attribute],
    attribute: &Attribute,
    given: &[Attribute],
    held: Option<&[Attribute]>,
) -> Result<(), String> {
    let name = attribute.name.as_str();
    let allowed = value(registrar, REGISTRAR_ATTRIBUTES)
        .filter(|list| !list.is_empty())
        .ok_or_else(|| format!("the registrar has no '{REGISTRAR_ATTRIBUTES}'"))?;
    let allowed = list(allowed);
    is_allowed(name, &allowed)?;
    let own = || value(registrar, name).ok_or_else(|| format!("'{name}' can be given by its owners alone"));
    match name {
        REVOKER | INTERMEDIATE_CA | GEN_CRL | AFFILIATION_MANAGER => may_give_switch(attribute, own()?),
        ROLES | DELEGATE_ROLES | REGISTRAR_ATTRIBUTES if attribute.value.is_empty() => own().map(|_| ()),
        REGISTRAR_ATTRIBUTES => may_give_names(attribute, &list(own()?), given, held),
        ROLES => is_subset(&attribute.value, own()?),
        DELEGATE_ROLES => {
            is_subset(&attribute.value, own()?)?;
            let roles = value(given, ROLES).filter(|roles| !roles.is_empty());
            let roles = roles.or_else(|| value(held?, ROLES)).unwrap_or_default();
            is_subset(&attribute.value, roles)
        }
        ENROLLMENT_ID | TYPE | AFFILIATION => Err(format!("the value of '{name}' is fixed")),
        _ if name.starts_with("hf.") => Err(format!("'{name}' has the reserved prefix 'hf.' and no meaning")),
        _ => Ok(()),
    }
}

fn may_give_switch(attribute: &Attribute, own: &str) -> Result<(), String> {
    let name = &attribute.name;
    if parse_bool(own) != Some(true) {
        return Err(format!("the registrar's own '{name}' is not true"));
    }
    match attribute.value.is_empty() || parse_bool(&attribute.value).is_some() {
        true => Ok(()),
        false => Err(format!("'{name}' is either true or false")),
    }
}

/// Reserved attributes may be passed on only by those who hold them.
fn may_give_names(
    attribute: &Attribute,
    own: &[String],
    given: &[Attribute],
    held: Option<&[Attribute]>,
) -> Result<(), String> {
    for name in list(&attribute.value) {
        is_allowed(&name, own)?;
        let has = value(given, &name).is_some() || held.is_some_and(|held| value(held, &name).is_some());
        if name.starts_with("hf.") && !has {
            return Err(format!("'{name}' could be given by an identity that does not have it"));
        }
    }
    Ok(())
}

fn is_allowed(name: &str, allowed: &[String]) -> Result<(), String> {
    let fits = |pattern: &String| match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix.trim_end_matches('*')),
        None => pattern == name,
    };
    match allowed.iter().any(fits) {
        true => Ok(()),
        false => Err(format!(
            "'{name}' is not among the attributes that the registrar may give"
        )),
    }
}

fn is_subset(small: &str, big: &str) -> Result<(), String> {
    let big = list(big);
    if big.iter().any(|known| known == "*") {
        return Ok(());
    }
    let beyond = list(small)
        .into_iter()
        .find(|one| !big.iter().any(|known| known.eq_ignore_ascii_case(one)));
    match beyond {
        Some(one) => Err(format!("'{one}' is not a member of '{}'", big.join(","))),
        None => Ok(()),
    }
}

/// The members of a list with commas.
pub fn list(text: &str) -> Vec<String> {
    text.split(',')
        .map(str::trim)
        .filter(|member| !member.is_empty())
        .map(str::to_owned)
        .collect()
}

/// What Go's `strconv.ParseBool` takes.
pub fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(pairs: &[(&str, &str)]) -> Vec<Attribute> {
        pairs.iter().map(|(name, value)| Attribute::new(name, value)).collect()
    }

    fn admin() -> Vec<Attribute> {
        attributes(&[
            (ROLES, "*"),
            (DELEGATE_ROLES, "*"),
            (REGISTRAR_ATTRIBUTES, "*"),
            (REVOKER, "true"),
            (GEN_CRL, "false"),
        ])
    }

    #[test]
    fn nobody_gives_what_he_does_not_have() {
        let give = |pairs: &[(&str, &str)]| may_give(&admin(), &attributes(pairs), None);

        assert_eq!(
            give(&[("level", "3"), (REVOKER, "true"), (ROLES, "client,peer")]),
            Ok(())
        );
        assert_eq!(
            give(&[(GEN_CRL, "true")]),
            Err("the registrar's own 'hf.GenCRL' is not true".into())
        );
        assert_eq!(
            give(&[(INTERMEDIATE_CA, "true")]),
            Err("'hf.IntermediateCA' can be given by its owners alone".into())
        );
        assert_eq!(
            give(&[(REVOKER, "perhaps")]),
            Err("'hf.Revoker' is either true or false".into())
        );
        assert_eq!(give(&[(TYPE, "admin")]), Err("the value of 'hf.Type' is fixed".into()));
        assert_eq!(
            give(&[("hf.Other", "x")]),
            Err("'hf.Other' has the reserved prefix 'hf.' and no meaning".into())
        );
    }

    #[test]
    fn a_registrar_passes_on_a_part_of_its_own_at_most() {
        let registrar = attributes(&[
            (ROLES, "client,peer"),
            (DELEGATE_ROLES, "client"),
            (
                REGISTRAR_ATTRIBUTES,
                "app.*, hf.Registrar.Roles, hf.Registrar.DelegateRoles",
            ),
        ]);
        let give = |pairs: &[(&str, &str)]| may_give(&registrar, &attributes(pairs), None);

        assert_eq!(give(&[("app.level", "1"), (ROLES, "Client")]), Ok(()));
        assert_eq!(
            give(&[("other", "1")]),
            Err("'other' is not among the attributes that the registrar may give".into())
        );
        assert_eq!(
            give(&[(ROLES, "orderer")]),
            Err("'orderer' is not a member of 'client,peer'".into())
        );
        assert_eq!(
            give(&[(DELEGATE_ROLES, "client")]),
            Err("'client' is not a member of ''".into())
        );
        assert_eq!(give(&[(DELEGATE_ROLES, "client"), (ROLES, "client")]), Ok(()));
    }

    #[test]
    fn the_right_to_give_a_reserved_attribute_comes_with_the_attribute() {
        let names = attributes(&[(REGISTRAR_ATTRIBUTES, "hf.Revoker,app.*")]);

        assert_eq!(
            may_give(&admin(), &names, None),
            Err("'hf.Revoker' could be given by an identity that does not have it".into())
        );
        let held = attributes(&[(REVOKER, "true")]);
        assert_eq!(may_give(&admin(), &names, Some(&held)), Ok(()));
    }

    #[test]
    fn certificates_carry_what_is_marked_or_what_was_asked_for() {
        let owned = [Attribute::in_certificates("a", "1"), Attribute::new("b", "2")];
        let ask = |name: &str, optional| AttributeRequest {
            name: name.to_owned(),
            optional,
        };
        let map = |pairs: &[(&str, &str)]| {
            let pairs = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            Some(pairs.collect::<BTreeMap<String, String>>())
        };

        assert_eq!(for_certificate(&owned, None), Ok(map(&[("a", "1")])));
        assert_eq!(for_certificate(&owned[1..], None), Ok(None));
        assert_eq!(
            for_certificate(&owned, Some(&[ask("b", false), ask("c", true)])),
            Ok(map(&[("b", "2")]))
        );
        assert_eq!(
            for_certificate(&owned, Some(&[ask("c", false)])),
            Err(vec!["c".to_owned()])
        );
    }

    #[test]
    fn an_empty_value_takes_an_attribute_away() {
        let owned = attributes(&[("a", "1"), ("b", "2")]);

        let after = changed(&owned, &attributes(&[("a", ""), ("b", "3"), ("c", ""), ("d", "4")]));

        assert_eq!(after, attributes(&[("b", "3"), ("d", "4")]));
    }
}
