//! Name constraints: which names a CA may vouch for (`crypto/x509/constraints.go` of Go, RFC 5280 §4.2.1.10).

use std::net::IpAddr;
use std::sync::Arc;

use super::certificate::{Certificate, Names};
use super::chain::Issuers;

/// Checks every certificate of a chain against the constraints of those above it.
pub fn check(leaf: &Arc<Certificate>, issuers: &Issuers) -> Result<(), String> {
    let chain: Vec<&Arc<Certificate>> = std::iter::once(leaf).chain(issuers).collect();
    for (index, certificate) in chain.iter().enumerate() {
        let above = chain[index + 1..]
            .iter()
            .filter_map(|issuer| issuer.constraints.as_ref());
        let Some(names) = &certificate.alternative_names else {
            continue;
        };
        for constraints in above {
            check_names(names, &constraints.permitted, &constraints.excluded)?;
        }
    }
    Ok(())
}

/// Go before 1.15 took a common name that looks like a host for one, and Fabric kept that
/// (`verifyLegacyNameConstraints` in `msp/mspimpl.go`): below a constrained CA such a certificate needs other names.
pub fn check_common_name(leaf: &Certificate, issuers: &Issuers) -> Result<(), String> {
    let constrained = issuers.iter().any(|issuer| issuer.constraints.is_some());
    if constrained && leaf.alternative_names.is_none() && looks_like_host(&leaf.common_name) {
        return Err("x509: issuer has name constraints but leaf doesn't have a SAN extension".into());
    }
    Ok(())
}

fn looks_like_host(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let label = |(index, label): (usize, &str)| {
        let allowed =
            |(at, c): (usize, char)| c.is_ascii_alphanumeric() || c == '-' && at > 0 || c == '_' || c == ':';
        !label.is_empty() && (index == 0 && label == "*" || label.char_indices().all(allowed))
    };
    !name.is_empty() && name.split('.').enumerate().all(label)
}

fn check_names(names: &Names, permitted: &Names, excluded: &Names) -> Result<(), String> {
    let ips = |allowed: &[Vec<u8>], ip: &Vec<u8>| allowed.iter().any(|range| ip_matches(range, ip));
    each(&names.ips, &permitted.ips, &excluded.ips, |set, ip, _| Ok(ips(set, ip)))?;
    each(&names.dns, &permitted.dns, &excluded.dns, |set, name, excluding| {
        Ok(any_domain(set, valid_domain(name)?, excluding))
    })?;
    each(&names.uris, &permitted.uris, &excluded.uris, |set, uri, excluding| {
        Ok(any_domain(set, &uri_host(uri)?, excluding))
    })?;
    each(
        &names.emails,
        &permitted.emails,
        &excluded.emails,
        |set, email, excluding| {
            let (local, domain) = email
                .rsplit_once('@')
                .ok_or(format!("x509: cannot parse rfc822Name {email:?}"))?;
            let exact = |constraint: &str| {
                constraint
                    .rsplit_once('@')
                    .is_some_and(|(l, d)| l == local && d.eq_ignore_ascii_case(domain))
            };
            let domains: Vec<String> = set
                .iter()
                .filter(|constraint| !constraint.contains('@'))
                .cloned()
                .collect();
            Ok(set.iter().any(|constraint| exact(constraint))
                || any_domain(&domains, valid_domain(domain)?, excluding))
        },
    )
}

fn each<T: std::fmt::Debug>(
    names: &[T],
    permitted: &[T],
    excluded: &[T],
    matches: impl Fn(&[T], &T, bool) -> Result<bool, String>,
) -> Result<(), String> {
    for name in names {
        let is_permitted = matches(permitted, name, false)? || permitted.is_empty();
        if !is_permitted {
            return Err(format!(
                "x509: a root or intermediate certificate is not authorized to sign for {name:?}"
            ));
        }
        if matches(excluded, name, true)? {
            return Err(format!("x509: {name:?} is excluded by a constraint"));
        }
    }
    Ok(())
}

/// `constraint` is an address followed by a mask of the same length.
fn ip_matches(constraint: &[u8], ip: &[u8]) -> bool {
    let (network, mask) = constraint.split_at(constraint.len() / 2);
    network.len() == ip.len() && network.iter().zip(mask).zip(ip).all(|((n, m), i)| n & m == i & m)
}

fn any_domain(constraints: &[String], name: &str, excluding: bool) -> bool {
    constraints
        .iter()
        .any(|constraint| domain_matches(constraint, name, excluding))
}

/// A constraint covers itself and what is below it; with a leading dot, only what is below it. A wildcard is excluded
/// already when one of the hosts that it stands for is.
fn domain_matches(constraint: &str, name: &str, excluding: bool) -> bool {
    let (constraint, name) = (constraint.to_ascii_lowercase(), name.to_ascii_lowercase());
    let (below_only, suffix) = constraint
        .strip_prefix('.')
        .map_or((false, &constraint[..]), |rest| (true, rest));
    if suffix.is_empty() {
        return true;
    }
    let below = name
        .strip_suffix(suffix)
        .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'));
    let wildcard_covers = || {
        let parent = suffix.split_once('.').map(|(_, parent)| parent);
        excluding && name.strip_prefix("*.").is_some_and(|covered| parent == Some(covered))
    };
    below || !below_only && name == suffix || wildcard_covers()
}

fn valid_domain(name: &str) -> Result<&str, String> {
    let valid = |label: &str| !label.is_empty() && label.bytes().all(|byte| (33..=126).contains(&byte));
    if name.split('.').all(valid) {
        Ok(name)
    } else {
        Err(format!("x509: cannot parse dnsName {name:?}"))
    }
}

fn uri_host(uri: &str) -> Result<String, String> {
    let refused = || format!("x509: URI {uri:?} cannot be matched against constraints");
    let authority = uri
        .split_once("://")
        .ok_or_else(refused)?
        .1
        .split(['/', '?', '#'])
        .next()
        .unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = if host.ends_with(']') {
        host
    } else {
        host.split(':').next().unwrap_or_default()
    };
    if host.is_empty() || host.starts_with('[') || host.parse::<IpAddr>().is_ok() {
        return Err(refused());
    }
    valid_domain(host).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dns(names: &[&str]) -> Names {
        Names {
            dns: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Names::default()
        }
    }

    fn allows(permitted: &[&str], excluded: &[&str], name: &str) -> bool {
        check_names(&dns(&[name]), &dns(permitted), &dns(excluded)).is_ok()
    }

    #[test]
    fn a_domain_covers_itself_and_what_is_below_it() {
        assert!(allows(&["bank.example"], &[], "bank.example"));
        assert!(allows(&["bank.example"], &[], "PEER0.Bank.Example"));
        assert!(!allows(&["bank.example"], &[], "otherbank.example"));
        assert!(!allows(&[".bank.example"], &[], "bank.example"));
        assert!(allows(&[".bank.example"], &[], "peer0.bank.example"));
        assert!(!allows(&[], &["bank.example"], "peer0.bank.example"));
        assert!(!allows(&[], &["a.bank.example"], "*.bank.example"));
        assert!(allows(&["a.bank.example", "*"], &[], "a.bank.example"));
        assert!(allows(&[""], &[], "anything"));
    }

    #[test]
    fn addresses_mailboxes_and_uris_follow_their_own_rules() {
        let names = |ip: &[u8], email: &str, uri: &str| Names {
            ips: vec![ip.to_vec()],
            emails: vec![email.into()],
            uris: vec![uri.into()],
            ..Names::default()
        };
        let permitted = names(&[10, 0, 0, 0, 255, 0, 0, 0], "ops@bank.example", "bank.example");

        let check = |ip: &[u8], email, uri| check_names(&names(ip, email, uri), &permitted, &Names::default());

        assert_eq!(
            check(&[10, 1, 2, 3], "ops@BANK.example", "https://a.bank.example:443/x"),
            Ok(())
        );
        assert!(check(&[11, 1, 2, 3], "ops@bank.example", "https://bank.example").is_err());
        assert!(check(&[10, 1, 2, 3], "it@bank.example", "https://bank.example").is_err());
        assert!(check(&[10, 1, 2, 3], "ops@bank.example", "https://10.0.0.1").is_err());
    }

    #[test]
    fn host_like_names_are_told_apart() {
        for (name, expected) in [
            ("peer0.org1.local", true),
            ("admin", true),
            ("*.a", true),
            ("User 1", false),
            ("a@b", false),
            ("", false),
        ] {
            assert_eq!(looks_like_host(name), expected, "{name}");
        }
    }
}
