//! The certificate that the API itself presents.

use anyhow::Context as _;
use entente_api::ca_config::CaConfig;
use entente_ca::csr::{self, Subject};
use entente_ca::issuer::{Template, Usage};
use entente_ca::keys::signer::{Signer as _, SoftwareKey};
use entente_ca::{CertificateAuthority, Face, folder, now};
use entente_fabric::tls::TlsIdentity;

const BACKDATE: i64 = 300;

/// The configured certificate, or one that the authority issues for itself. Made anew at each start, and its key with
/// it: there is nothing to renew in time, and no key to keep. Who trusts the TLS CA trusts it.
pub fn own(config: &CaConfig, authority: &CertificateAuthority) -> anyhow::Result<TlsIdentity> {
    if let Some(files) = &config.tls {
        let read = |path: &std::path::Path| {
            std::fs::read(path).with_context(|| format!("the file {} cannot be read", path.display()))
        };
        return Ok(TlsIdentity::from_pem(&read(&files.certificate)?, &read(&files.key)?)?);
    }
    let key_pem = SoftwareKey::generate()?;
    let key = SoftwareKey::from_pem(&key_pem)?;
    let host = config.external_host().unwrap_or("localhost");
    let mut hosts = vec![host.to_owned(), "localhost".to_owned(), config.listen.ip().to_string()];
    hosts.dedup();
    let issuer = authority.issuer(Face::Tls);
    let certificate = issuer.issue(&Template {
        subject: Subject {
            organization: Some(config.name.clone()),
            common_name: host.chars().take(64).collect(),
            ..Subject::default()
        },
        public_key_info: key.public_key_info().to_vec(),
        hosts: csr::hosts(&hosts)?,
        usage: Usage::Tls,
        attributes: None,
        not_before: now() - BACKDATE,
        not_after: now() + authority.settings().tls_life,
    })?;
    // What clients have to trust, beside what they reach the API by.
    folder::write(&config.data_dir.join("tls-trust.pem"), issuer.chain_pem().as_bytes())?;
    Ok(TlsIdentity::from_pem(
        format!("{certificate}{}", issuer.chain_pem()).as_bytes(),
        key_pem.as_bytes(),
    )?)
}
