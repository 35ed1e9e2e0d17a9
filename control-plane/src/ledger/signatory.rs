//! Who signs a call: an organization's administrator, or an identity whose key is with the platform.

use std::sync::Arc;

use entente_api::Identity;
use entente_fabric::crypto::Signer;
use entente_fabric::identity::SigningIdentity;
use entente_operator::vault::{BundleId, VaultError};

use super::Ledger;
use crate::access::TenantScope;
use crate::rest::codes::Code;
use crate::rest::problem::Problem;

const CERTIFICATE: &str = "msp/signcerts/cert.pem";
const KEY: &str = "msp/keystore/key.pem";

/// The signing identity `identity` of the organization, or its administrator.
pub async fn signer(
    ledger: &Ledger,
    scope: &TenantScope,
    organization: &str,
    identity: Option<&str>,
) -> Result<Arc<dyn Signer>, Problem> {
    let msp_id = ledger.msp_id(scope, organization).await?;
    let path = match identity {
        None => "admin".to_owned(),
        Some(name) => {
            check(ledger, scope, organization, name).await?;
            format!("identities/{name}")
        }
    };
    let bundle = ledger
        .vault
        .read(&BundleId::new(scope.namespace(), organization, &path))
        .await?;
    let files = bundle
        .as_ref()
        .and_then(|bundle| Some((bundle.get(CERTIFICATE)?, bundle.get(KEY)?)));
    let Some((certificate, key)) = files else {
        let whose = identity.map_or_else(|| "administrator".to_owned(), |name| format!("identity \"{name}\""));
        let detail = format!("The platform has no key of the {whose} of \"{organization}\" (yet).");
        let hint = "An identity that was enrolled with POST /v1/identities:enroll, or with a certificate request, signs for itself.";
        return Err(Problem::new(Code::NotReady, detail).with_hint(hint));
    };
    Ok(Arc::new(
        SigningIdentity::new(&msp_id, certificate, key).map_err(Problem::internal)?,
    ))
}

/// That there is such an identity, and that it belongs to the organization.
async fn check(ledger: &Ledger, scope: &TenantScope, organization: &str, name: &str) -> Result<(), Problem> {
    let found: Option<Identity> = ledger.resources.get(scope, name).await?;
    let found = found.ok_or_else(|| Problem::not_found("identity", name))?;
    if found.spec.organization == organization {
        return Ok(());
    }
    let detail = format!(
        "The identity \"{name}\" belongs to \"{}\", not to \"{organization}\".",
        found.spec.organization
    );
    Err(Problem::new(Code::Conflict, detail).with_hint("Name the organization of the identity in `organization`."))
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Problem {
        Problem::internal(error)
    }
}
