//! One organization's certificates in the vault: made once, read afterwards, renewed in time.

use std::sync::Arc;
use std::time::SystemTime;

use entente_fabric::config::genesis;
use entente_fabric::proto::msp::FabricMspConfig;

use super::authority::LEAF_LIFE;
use super::{Authority, Facts, Issued, Leaf, PkiError, Purpose, facts, msp};
use crate::vault::{Bundle, BundleId, Vault};

/// Files of a bundle of authorities.
const CA_CERTIFICATE: &str = "ca.pem";
const CA_KEY: &str = "ca.key";
const TLS_CA_CERTIFICATE: &str = "tlsca.pem";
const TLS_CA_KEY: &str = "tlsca.key";

/// Files of a bundle of credentials.
const SIGNING_CERTIFICATE: &str = "msp/signcerts/cert.pem";
const SIGNING_KEY: &str = "msp/keystore/key.pem";
const TLS_CERTIFICATE: &str = "tls/cert.pem";
const TLS_KEY: &str = "tls/key.pem";
const TLS_ROOT: &str = "tls/ca.pem";

/// One organization's two authorities, and access to what they issued.
#[derive(Clone)]
pub struct OrganizationPki {
    vault: Arc<dyn Vault>,
    namespace: String,
    organization: String,
    msp_id: String,
    authorities: Arc<Authorities>,
}

struct Authorities {
    identity: Authority,
    tls: Authority,
}

/// What a node, an administrator or an application holds: to sign with, and to speak TLS with.
#[derive(Clone)]
pub struct Credentials {
    /// Where they are kept: `msp/` in Fabric's layout, `tls/{cert,key,ca}.pem`.
    pub bundle: BundleId,
    pub signing: Issued,
    pub tls: Issued,
    pub signing_facts: Facts,
    pub tls_facts: Facts,
    /// Whether this very call issued a new certificate.
    pub renewed: bool,
}

impl OrganizationPki {
    /// Finds the organization's authorities, or makes them.
    pub async fn ensure(
        vault: Arc<dyn Vault>,
        namespace: &str,
        organization: &str,
        msp_id: &str,
        now: SystemTime,
    ) -> Result<OrganizationPki, PkiError> {
        let id = BundleId::new(namespace, organization, "ca");
        let bundle = match vault.read(&id).await? {
            Some(bundle) => bundle,
            None => {
                let identity = Authority::create(&format!("ca.{organization}"), organization, now)?;
                let tls = Authority::create(&format!("tlsca.{organization}"), organization, now)?;
                let bundle = Bundle::from([
                    (CA_CERTIFICATE.to_owned(), identity.certificate_pem.into_bytes()),
                    (CA_KEY.to_owned(), identity.key_pem.into_bytes()),
                    (TLS_CA_CERTIFICATE.to_owned(), tls.certificate_pem.into_bytes()),
                    (TLS_CA_KEY.to_owned(), tls.key_pem.into_bytes()),
                ]);
                match vault.create(&id, bundle.clone()).await? {
                    true => bundle,
                    false => vault.read(&id).await?.unwrap_or_default(),
                }
            }
        };
        let authority = |certificate: &str, key: &str| -> Result<Authority, PkiError> {
            Ok(Authority {
                certificate_pem: text(&bundle, &id, certificate)?,
                key_pem: text(&bundle, &id, key)?,
            })
        };
        let authorities = Authorities {
            identity: authority(CA_CERTIFICATE, CA_KEY)?,
            tls: authority(TLS_CA_CERTIFICATE, TLS_CA_KEY)?,
        };
        Ok(OrganizationPki {
            vault,
            namespace: namespace.to_owned(),
            organization: organization.to_owned(),
            msp_id: msp_id.to_owned(),
            authorities: Arc::new(authorities),
        })
    }

    /// The identity CA and the TLS CA with their keys, for whoever issues with them elsewhere in this process.
    pub fn authorities(&self) -> (&Authority, &Authority) {
        (&self.authorities.identity, &self.authorities.tls)
    }

    pub fn organization(&self) -> &str {
        &self.organization
    }

    pub fn msp_id(&self) -> &str {
        &self.msp_id
    }

    /// PEM of the identity CA's root.
    pub fn ca_certificate(&self) -> &str {
        &self.authorities.identity.certificate_pem
    }

    /// PEM of the TLS CA's root.
    pub fn tls_ca_certificate(&self) -> &str {
        &self.authorities.tls.certificate_pem
    }

    /// The definition that goes into channel configurations.
    pub fn msp(&self) -> FabricMspConfig {
        genesis::membership(
            &self.msp_id,
            self.ca_certificate().as_bytes(),
            self.tls_ca_certificate().as_bytes(),
        )
    }

    /// Credentials of a node of a chain. `role` is `peer` or `orderer`; `hosts` are the names it is dialled by.
    pub async fn node(
        &self,
        chain: &str,
        node: &str,
        role: &str,
        hosts: &[String],
        now: SystemTime,
    ) -> Result<Credentials, PkiError> {
        self.credentials(&format!("nodes/{chain}/{node}"), node, role, hosts, now)
            .await
    }

    /// Credentials of the organization's administrator, which the platform acts with.
    pub async fn admin(&self, now: SystemTime) -> Result<Credentials, PkiError> {
        self.credentials("admin", &format!("admin.{}", self.organization), "admin", &[], now)
            .await
    }

    /// Forgets the credentials of one node.
    pub async fn forget_node(&self, chain: &str, node: &str) -> Result<(), PkiError> {
        let id = BundleId::new(&self.namespace, &self.organization, &format!("nodes/{chain}/{node}"));
        Ok(self.vault.remove(&id).await?)
    }

    /// Issues a signing certificate for an identity: for `key`, or for a new key.
    pub fn issue(&self, leaf: &Leaf, key: Option<&str>, now: SystemTime) -> Result<Issued, PkiError> {
        self.authorities.identity.issue(leaf, key, now)
    }

    /// Issues a signing certificate for the key of a certificate signing request.
    pub fn issue_for_request(&self, leaf: &Leaf, request_pem: &str, now: SystemTime) -> Result<String, PkiError> {
        self.authorities.identity.issue_for_request(leaf, request_pem, now)
    }

    /// A list of certificates of the identity CA that are no longer good, in PEM.
    pub fn revocation_list(&self, revoked: &[(Vec<u8>, SystemTime)], now: SystemTime) -> Result<String, PkiError> {
        self.authorities.identity.revocation_list(revoked, now)
    }

    async fn credentials(
        &self,
        path: &str,
        name: &str,
        role: &str,
        hosts: &[String],
        now: SystemTime,
    ) -> Result<Credentials, PkiError> {
        let id = BundleId::new(&self.namespace, &self.organization, path);
        let found = self.vault.read(&id).await?;
        let is_new = found.is_none();
        let held = found.map(|bundle| held(&bundle, &id)).transpose()?;
        let (signing, signing_renewed) = self.signing(held.as_ref().map(|(signing, _)| signing), name, role, now)?;
        let (tls, tls_renewed) = self.tls(held.as_ref().map(|(_, tls)| tls), name, hosts, now)?;
        if is_new {
            let mut bundle = msp::folder("msp/", self.ca_certificate(), self.tls_ca_certificate(), &signing);
            bundle.extend(tls_files(&tls, self.tls_ca_certificate()));
            if !self.vault.create(&id, bundle).await? {
                return Box::pin(self.credentials(path, name, role, hosts, now)).await;
            }
        } else if signing_renewed || tls_renewed {
            let renewed = [(SIGNING_CERTIFICATE, &signing), (TLS_CERTIFICATE, &tls)];
            let files = renewed.map(|(file, issued)| (file.to_owned(), issued.certificate_pem.clone().into_bytes()));
            self.vault.replace(&id, Bundle::from(files)).await?;
        }
        Ok(Credentials {
            bundle: id,
            signing_facts: facts(signing.certificate_pem.as_bytes())?,
            tls_facts: facts(tls.certificate_pem.as_bytes())?,
            signing,
            tls,
            renewed: !is_new && (signing_renewed || tls_renewed),
        })
    }

    fn signing(
        &self,
        held: Option<&Issued>,
        name: &str,
        role: &str,
        now: SystemTime,
    ) -> Result<(Issued, bool), PkiError> {
        if let Some(held) = held
            && !facts(held.certificate_pem.as_bytes())?.is_due(now)
        {
            return Ok((held.clone(), false));
        }
        let leaf = Leaf {
            common_name: name.to_owned(),
            organization: self.organization.clone(),
            purpose: Purpose::Signing {
                role: role.to_owned(),
                attributes: Default::default(),
            },
            life: LEAF_LIFE,
        };
        let issued = self
            .authorities
            .identity
            .issue(&leaf, held.map(|held| &*held.key_pem), now)?;
        Ok((issued, true))
    }

    fn tls(
        &self,
        held: Option<&Issued>,
        name: &str,
        hosts: &[String],
        now: SystemTime,
    ) -> Result<(Issued, bool), PkiError> {
        if let Some(held) = held {
            let facts = facts(held.certificate_pem.as_bytes())?;
            if !facts.is_due(now) && hosts.iter().all(|host| facts.hosts.contains(host)) {
                return Ok((held.clone(), false));
            }
        }
        let leaf = Leaf {
            common_name: name.to_owned(),
            organization: self.organization.clone(),
            purpose: Purpose::Tls { hosts: hosts.to_vec() },
            life: LEAF_LIFE,
        };
        let issued = self
            .authorities
            .tls
            .issue(&leaf, held.map(|held| &*held.key_pem), now)?;
        Ok((issued, true))
    }
}

fn held(bundle: &Bundle, id: &BundleId) -> Result<(Issued, Issued), PkiError> {
    let issued = |certificate: &str, key: &str| -> Result<Issued, PkiError> {
        Ok(Issued {
            certificate_pem: text(bundle, id, certificate)?,
            key_pem: text(bundle, id, key)?,
        })
    };
    Ok((
        issued(SIGNING_CERTIFICATE, SIGNING_KEY)?,
        issued(TLS_CERTIFICATE, TLS_KEY)?,
    ))
}

fn tls_files(tls: &Issued, root: &str) -> Bundle {
    let file = |name: &str, content: &str| (name.to_owned(), content.as_bytes().to_vec());
    Bundle::from([
        file(TLS_CERTIFICATE, &tls.certificate_pem),
        file(TLS_KEY, &tls.key_pem),
        file(TLS_ROOT, root),
    ])
}

fn text(bundle: &Bundle, id: &BundleId, file: &str) -> Result<String, PkiError> {
    let wrong = |reason: &str| PkiError::Read {
        what: format!("{id}/{file}"),
        reason: reason.to_owned(),
    };
    let bytes = bundle
        .get(file)
        .ok_or_else(|| wrong("it is missing; restore it from a backup"))?;
    String::from_utf8(bytes.clone()).map_err(|_| wrong("it is not text"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::vault::Local;

    async fn bank(folder: &tempfile::TempDir) -> OrganizationPki {
        let vault = Arc::new(Local::new(folder.path()));
        OrganizationPki::ensure(vault, "hebei", "bank", "BankMSP", SystemTime::now())
            .await
            .unwrap()
    }

    fn hosts() -> Vec<String> {
        vec!["localhost".to_owned(), "127.0.0.1".to_owned()]
    }

    #[tokio::test]
    async fn an_organization_keeps_its_authorities_and_its_nodes_keep_theirs() {
        let folder = tempfile::tempdir().unwrap();
        let first = bank(&folder).await;
        let node = first
            .node("ledger", "peer0-bank", "peer", &hosts(), SystemTime::now())
            .await
            .unwrap();

        let second = bank(&folder).await;
        let again = second
            .node("ledger", "peer0-bank", "peer", &hosts(), SystemTime::now())
            .await
            .unwrap();

        assert_eq!(first.ca_certificate(), second.ca_certificate());
        assert_eq!(node.signing.certificate_pem, again.signing.certificate_pem);
        assert_eq!(node.tls.certificate_pem, again.tls.certificate_pem);
        assert_eq!(node.tls_facts.hosts, hosts());
        assert!(!again.renewed);
    }

    #[tokio::test]
    async fn a_certificate_near_its_end_is_renewed_with_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let bank = bank(&folder).await;
        let before = bank
            .node("ledger", "orderer0", "orderer", &hosts(), SystemTime::now())
            .await
            .unwrap();
        let later = SystemTime::now() + Duration::from_secs(300 * 24 * 3600);

        let after = bank
            .node("ledger", "orderer0", "orderer", &hosts(), later)
            .await
            .unwrap();

        assert!(after.renewed);
        assert_eq!(before.tls.key_pem, after.tls.key_pem);
        assert_eq!(before.signing.key_pem, after.signing.key_pem);
        assert_ne!(before.tls.certificate_pem, after.tls.certificate_pem);
        assert!(after.signing_facts.not_after > before.signing_facts.not_after);
    }

    #[tokio::test]
    async fn a_node_under_a_new_name_gets_a_certificate_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let bank = bank(&folder).await;
        bank.node("ledger", "peer0-bank", "peer", &hosts(), SystemTime::now())
            .await
            .unwrap();
        let moved = vec!["peer0-bank.hebei.svc".to_owned()];

        let after = bank
            .node("ledger", "peer0-bank", "peer", &moved, SystemTime::now())
            .await
            .unwrap();

        assert_eq!(after.tls_facts.hosts, moved);
    }
}
