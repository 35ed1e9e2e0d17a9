//! From what a provider says of somebody to what they are in a tenant.

use std::collections::BTreeMap;

use entente_api::names;
use serde_json::{Map, Value};

use crate::access::Role;

/// Whoever's claim has this value has this role in this tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub value: String,
    pub tenant: String,
    pub role: Role,
}

/// `VALUE=TENANT:ROLE`; the value may hold anything but a comma.
pub(super) fn read_rule(text: &str) -> Result<Rule, String> {
    let form = || format!("\"{text}\" is not of the form VALUE=TENANT:ROLE");
    let (value, target) = text.rsplit_once('=').ok_or_else(form)?;
    let (tenant, role) = target.split_once(':').ok_or_else(form)?;
    names::check_label(tenant).map_err(|why| format!("\"{tenant}\" is no tenant's name: {why}"))?;
    let roles = || Role::ALL.map(Role::as_str).join(", ");
    let role = Role::read(role).ok_or_else(|| format!("\"{role}\" is none of the roles {}", roles()))?;
    if role.is_on_an_organization() {
        let role = role.as_str();
        return Err(format!(
            "\"{role}\" is a role on an organization: it is given by an invitation"
        ));
    }
    Ok(Rule {
        value: value.to_owned(),
        tenant: tenant.to_owned(),
        role,
    })
}

/// What the rules make of somebody, by tenant. Of several rules for a tenant the first that fits decides.
pub fn grants(rules: &[Rule], claim: &str, claims: &Map<String, Value>) -> BTreeMap<String, Role> {
    let mut grants = BTreeMap::new();
    let Some(claim) = find(claim, claims) else {
        return grants;
    };
    let has = |value: &str| match claim {
        Value::String(text) => text == value,
        Value::Array(items) => items.iter().any(|item| item == value),
        _ => false,
    };
    for rule in rules.iter().filter(|rule| has(&rule.value)) {
        grants.entry(rule.tenant.clone()).or_insert(rule.role);
    }
    grants
}

/// A claim by its name, which may hold anything, or by a JSON pointer (RFC 6901).
fn find<'a>(claim: &str, claims: &'a Map<String, Value>) -> Option<&'a Value> {
    claims.get(claim).or_else(|| {
        let (first, rest) = claim.strip_prefix('/')?.split_once('/').unwrap_or((&claim[1..], ""));
        let value = claims.get(first)?;
        match rest {
            "" => Some(value),
            rest => value.pointer(&format!("/{rest}")),
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn granted(rules: &[&str], claim: &str, claims: Value) -> Vec<(String, Role)> {
        let rules: Vec<Rule> = rules.iter().map(|rule| read_rule(rule).unwrap()).collect();
        grants(&rules, claim, claims.as_object().unwrap()).into_iter().collect()
    }

    #[test]
    fn the_first_rule_that_fits_decides_what_somebody_is_in_a_tenant() {
        let rules = ["cn=heads=bank:owner", "staff=bank:developer", "staff=tax:auditor"];

        let head = granted(&rules, "groups", json!({"groups": ["staff", "cn=heads"]}));
        let staff = granted(&rules, "/realm/roles", json!({"realm": {"roles": "staff"}}));
        let nobody = granted(&rules, "groups", json!({"groups": {"staff": true}}));

        assert_eq!(
            head,
            [("bank".to_owned(), Role::Owner), ("tax".to_owned(), Role::Auditor)]
        );
        assert_eq!(
            staff,
            [("bank".to_owned(), Role::Developer), ("tax".to_owned(), Role::Auditor)]
        );
        assert_eq!(nobody, []);
    }

    #[test]
    fn a_rule_that_cannot_be_meant_is_refused() {
        assert_eq!(
            read_rule("staff").unwrap_err(),
            "\"staff\" is not of the form VALUE=TENANT:ROLE"
        );
        assert!(read_rule("staff=Bank:owner").is_err());
        assert!(
            read_rule("staff=bank:king")
                .unwrap_err()
                .starts_with("\"king\" is none of the roles")
        );
    }
}
