//! Finds who vouches for a certificate, as Go's `Certificate.Verify` does for stock nodes (`crypto/x509/verify.go`).
//!
//! The clock stands one second after the leaf's beginning (`getValidityOptsForCert` in `msp/mspimplvalidate.go`): no
//! answer depends on the day it is asked, so all peers decide alike when they validate an old block.

use std::sync::Arc;

use super::certificate::Certificate;
use super::constraints;

/// Trust anchors and what may stand between them and a certificate. No certificate is in it twice.
#[derive(Debug, Default)]
pub struct Pool {
    roots: Vec<Arc<Certificate>>,
    intermediates: Vec<Arc<Certificate>>,
}

/// The issuers of a certificate, nearest first, root last. Empty for a root itself.
pub type Issuers = Vec<Arc<Certificate>>;

/// How many signatures one search may check: a bound on what a hostile set of CAs can cost.
const MAX_SIGNATURE_CHECKS: usize = 100;

impl Pool {
    pub fn new(roots: &[Arc<Certificate>], intermediates: &[Arc<Certificate>]) -> Pool {
        Pool {
            roots: distinct(roots),
            intermediates: distinct(intermediates),
        }
    }

    /// The only chain from `leaf` to a root. More than one is an error: it would be unclear who owns the identity
    /// (`getUniqueValidationChain` in `msp/mspimpl.go`).
    pub fn only_chain(&self, leaf: &Arc<Certificate>) -> Result<Issuers, String> {
        let invalid = |why: String| format!("the supplied identity is not valid: {why}");
        let mut chains = self.chains(leaf).map_err(invalid)?;
        if chains.len() != 1 {
            return Err(format!(
                "this MSP only supports a single validation chain, got {}",
                chains.len()
            ));
        }
        let issuers = chains.remove(0);
        constraints::check_common_name(leaf, &issuers).map_err(invalid)?;
        Ok(issuers)
    }

    fn chains(&self, leaf: &Arc<Certificate>) -> Result<Vec<Issuers>, String> {
        let now = leaf.not_before.saturating_add(1);
        check_validity(leaf, now)?;
        let mut search = Search {
            pool: self,
            leaf,
            now,
            checks: 0,
            hint: None,
            found: Vec::new(),
        };
        if self.roots.iter().any(|root| root.der == leaf.der) {
            search.found.push(Vec::new());
        } else {
            search.extend(&mut Vec::new());
        }
        let Search { mut found, hint, .. } = search;
        if found.is_empty() {
            let hint = hint
                .map(|why| format!(" (possibly because of \"{why}\")"))
                .unwrap_or_default();
            return Err(format!("x509: certificate signed by unknown authority{hint}"));
        }
        let mut refused = None;
        found.retain(|issuers| {
            let checked = check_key_usage(leaf, issuers).and_then(|()| constraints::check(leaf, issuers));
            checked.map_err(|why| refused = Some(why)).is_ok()
        });
        match refused {
            Some(why) if found.is_empty() => Err(why),
            _ => Ok(found),
        }
    }
}

fn distinct(certificates: &[Arc<Certificate>]) -> Vec<Arc<Certificate>> {
    let mut distinct: Vec<Arc<Certificate>> = Vec::with_capacity(certificates.len());
    for certificate in certificates {
        if !distinct.iter().any(|known| known.der == certificate.der) {
            distinct.push(Arc::clone(certificate));
        }
    }
    distinct
}

struct Search<'a> {
    pool: &'a Pool,
    leaf: &'a Arc<Certificate>,
    now: i64,
    checks: usize,
    /// Why the first candidate that did not fit was refused.
    hint: Option<String>,
    found: Vec<Issuers>,
}

impl Search<'_> {
    /// Looks for issuers of the last certificate of `issuers`, or of the leaf when there is none.
    fn extend(&mut self, issuers: &mut Issuers) {
        let child = Arc::clone(issuers.last().unwrap_or(self.leaf));
        let pool = self.pool;
        let roots = pool.roots.iter().map(|root| (true, root));
        let intermediates = pool.intermediates.iter().map(|intermediate| (false, intermediate));
        for (is_root, candidate) in roots
            .chain(intermediates)
            .filter(|(_, issuer)| issuer.subject == child.issuer)
        {
            self.checks += 1;
            if self.checks > MAX_SIGNATURE_CHECKS {
                return;
            }
            if is_in_chain(candidate, self.leaf, issuers) {
                continue;
            }
            let fits = child
                .check_signed_by(candidate)
                .and_then(|()| self.check_issuer(candidate, is_root, issuers));
            if let Err(why) = fits {
                self.hint.get_or_insert(why);
                continue;
            }
            issuers.push(Arc::clone(candidate));
            if is_root {
                self.found.push(issuers.clone());
            } else {
                self.extend(issuers);
            }
            issuers.pop();
        }
    }

    fn check_issuer(&self, issuer: &Certificate, is_root: bool, below: &Issuers) -> Result<(), String> {
        check_validity(issuer, self.now)?;
        if !is_root && !issuer.is_ca() {
            return Err("x509: certificate is not authorized to sign other certificates".into());
        }
        if issuer.ca.is_some() && issuer.path_length.is_some_and(|limit| below.len() > limit as usize) {
            return Err("x509: too many intermediates for path length constraint".into());
        }
        Ok(())
    }
}

fn check_validity(certificate: &Certificate, now: i64) -> Result<(), String> {
    if certificate.unhandled_critical {
        return Err("x509: unhandled critical extension".into());
    }
    if now < certificate.not_before || now > certificate.not_after {
        return Err("x509: certificate has expired or is not yet valid".into());
    }
    Ok(())
}

/// Cross-signed CAs must not send the search in circles: same subject, key and alternative names is the same CA.
fn is_in_chain(candidate: &Certificate, leaf: &Arc<Certificate>, issuers: &Issuers) -> bool {
    std::iter::once(leaf).chain(issuers).any(|known| {
        known.subject == candidate.subject
            && known.key_info == candidate.key_info
            && known.alternative_names_der == candidate.alternative_names_der
    })
}

/// Go asks for a TLS server's certificate when nothing else is said, and Fabric says nothing: a certificate that lists
/// extended usages without `serverAuth` is refused, and so is all that such a CA issues.
fn check_key_usage(leaf: &Certificate, issuers: &Issuers) -> Result<(), String> {
    let refused = leaf.server_auth == Some(false) || issuers.iter().any(|issuer| issuer.server_auth == Some(false));
    if refused {
        Err("x509: certificate specifies an incompatible key usage".into())
    } else {
        Ok(())
    }
}
