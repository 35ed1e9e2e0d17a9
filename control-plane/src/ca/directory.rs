//! Finds an organization's authority, and opens it when it is first asked for.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use entente_api::Organization;
use entente_api::names::{self, DEFAULT_NAMESPACE};
use entente_ca::issuer::Issuer;
use entente_ca::keys::signer::SoftwareKey;
use entente_ca::metrics::Metrics;
use entente_ca::refusal::Refusal;
use entente_ca::rest::Directory;
use entente_ca::store::Store;
use entente_ca::{CertificateAuthority, Face, Settings, certificate, now};
use entente_operator::pki::OrganizationPki;
use entente_operator::registry::{Registry, Scope};
use entente_operator::vault::Vault;
use kube::ResourceExt as _;
use tokio::sync::Mutex;

use super::{CaError, revocations};

/// Who may do everything at an organization's authority.
pub const REGISTRAR: &str = "registrar";

/// The authorities of every organization.
pub struct Authorities {
    registry: Registry,
    vault: Arc<dyn Vault>,
    folder: PathBuf,
    /// Open ones, by the organization's uid: one that is made again under its name is another.
    open: Mutex<HashMap<String, Arc<CertificateAuthority>>>,
    metrics: Arc<Metrics>,
    /// Where they are served, and what clients have to trust there.
    pub url: String,
    pub trust: String,
}

impl Authorities {
    /// `folder`: where their databases are.
    pub fn new(registry: Registry, vault: Arc<dyn Vault>, folder: &Path, url: String, trust: String) -> Authorities {
        Authorities {
            registry,
            vault,
            folder: folder.to_owned(),
            open: Mutex::default(),
            metrics: Arc::default(),
            url,
            trust,
        }
    }

    /// What clients call the authority of an organization.
    pub fn name(namespace: &str, organization: &str) -> String {
        match namespace == DEFAULT_NAMESPACE {
            true => organization.to_owned(),
            false => format!("{namespace}.{organization}"),
        }
    }

    /// The authority of an organization; `None` when there is no such organization.
    pub async fn of(
        &self,
        namespace: &str,
        organization: &str,
    ) -> Result<Option<Arc<CertificateAuthority>>, CaError> {
        let scope = Scope::namespace(namespace);
        let Some(found) = self.registry.get::<Organization>(&scope, organization).await? else {
            return Ok(None);
        };
        if found.metadata.deletion_timestamp.is_some() {
            return Ok(None);
        }
        self.opened(&found).await.map(Some)
    }

    /// The authority of an organization, if anybody has used it since its organization was made.
    pub async fn in_use(&self, organization: &Organization) -> Option<Arc<CertificateAuthority>> {
        let uid = organization.uid().unwrap_or_default();
        self.open.lock().await.get(&uid).cloned()
    }

    async fn opened(&self, organization: &Organization) -> Result<Arc<CertificateAuthority>, CaError> {
        let uid = organization.uid().unwrap_or_default();
        let mut open = self.open.lock().await;
        if let Some(known) = open.get(&uid) {
            return Ok(known.clone());
        }
        let (namespace, name) = (organization.namespace().unwrap_or_default(), organization.name_any());
        let msp_id = organization.spec.msp_id.clone().unwrap_or_else(|| names::msp_id(&name));
        let vault = self.vault.clone();
        let pki = OrganizationPki::ensure(vault, &namespace, &name, &msp_id, SystemTime::now()).await?;
        let issuer = |certificate: &str, key: &str| -> Result<Issuer, CaError> {
            Ok(Issuer::new(certificate, Arc::new(SoftwareKey::from_pem(key)?), now())?)
        };
        let (identity, tls) = pki.authorities();
        let folder = self.folder.join(&namespace).join(&uid);
        private_folder(&folder)?;
        let settings = Settings {
            // A registrar of an organization may clean up; nobody else can do it for him.
            allow_remove_identities: true,
            allow_remove_affiliations: true,
            ..Settings::new(&Authorities::name(&namespace, &name))
        };
        let authority = Arc::new(CertificateAuthority::new(
            settings,
            Store::open(&folder.join("ca.db")).await?,
            issuer(&identity.certificate_pem, &identity.key_pem)?,
            issuer(&tls.certificate_pem, &tls.key_pem)?,
            self.metrics.clone(),
        ));
        tokio::spawn(revocations::follow(
            self.registry.clone(),
            namespace,
            name,
            authority.clone(),
        ));
        open.insert(uid, authority.clone());
        Ok(authority)
    }

    /// Opens the authorities that were used before, so that what they revoked last is not forgotten.
    pub async fn resume(&self) -> Result<(), CaError> {
        for organization in self.registry.list::<Organization>(&Scope::All).await? {
            let namespace = organization.namespace().unwrap_or_default();
            let folder = self.folder.join(namespace).join(organization.uid().unwrap_or_default());
            if folder.is_dir() && organization.metadata.deletion_timestamp.is_none() {
                self.opened(&organization).await?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Directory for Authorities {
    async fn find(&self, name: Option<&str>) -> Result<Option<Arc<CertificateAuthority>>, Refusal> {
        let Some(name) = name else { return Ok(None) };
        let (namespace, organization) = name.split_once('.').unwrap_or((DEFAULT_NAMESPACE, name));
        self.of(namespace, organization)
            .await
            .map_err(|error| Refusal::internal(&error))
    }

    async fn find_by_issuer(&self, aki: &str) -> Result<Option<Arc<CertificateAuthority>>, Refusal> {
        let open: Vec<_> = self.open.lock().await.values().cloned().collect();
        let issued = |ca: &Arc<CertificateAuthority>| {
            [Face::Identity, Face::Tls]
                .iter()
                .any(|face| ca.issuer(*face).aki() == aki)
        };
        if let Some(found) = open.iter().find(|ca| issued(ca)) {
            // The organization may be gone.
            return self.find(Some(&found.settings().name)).await;
        }
        let failed = |error: CaError| Refusal::internal(&error);
        let all = self.registry.list::<Organization>(&Scope::All).await;
        for organization in all.map_err(|error| failed(error.into()))? {
            if issues_with(&organization, aki) {
                return self.opened(&organization).await.map(Some).map_err(failed);
            }
        }
        Ok(None)
    }
}

/// Whether one of an organization's issuers has this key identifier.
fn issues_with(organization: &Organization, aki: &str) -> bool {
    let Some(status) = &organization.status else {
        return false;
    };
    let issuers = [&status.ca_certificate, &status.tls_ca_certificate];
    issuers.into_iter().flatten().any(|pem| {
        let key = certificate::subject_key(pem.as_bytes()).ok().flatten();
        key.as_deref() == Some(aki)
    })
}

fn private_folder(path: &Path) -> Result<(), CaError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut builder = std::fs::DirBuilder::new();
    builder
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| CaError::Io {
            path: path.to_owned(),
            action: "made",
            source,
        })
}
