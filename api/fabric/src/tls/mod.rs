//! TLS as Fabric's nodes speak it: 1.2 and 1.3, a server certificate checked by name, client certificates as the
//! service asks for them.
//!
//! The provider is handed to rustls explicitly, so nothing here depends on what a process installed as its default.

mod client;
mod serve;
mod server;

pub use client::TlsClient;
pub use serve::{ClientCertificate, ServeOptions, serve};
pub use server::{Alpn, ClientAuth, ServerTls};

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};

/// Why TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{what}: no PEM certificate found")]
    NoCertificate { what: &'static str },
    #[error("{what}: the PEM cannot be read: {reason}")]
    Pem { what: &'static str, reason: String },
    #[error("{what}: {source}")]
    Unusable { what: &'static str, source: rustls::Error },
    #[error("client certificates are required, but no authority for them is configured")]
    NoClientAuthorities,
    #[error("{0:?} is not a host name or an IP address")]
    ServerName(String),
}

/// A certificate with its private key, to present to the other side.
#[derive(Debug)]
pub struct TlsIdentity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl TlsIdentity {
    /// `chain_pem` holds the certificate first, then any intermediates; `key_pem` is PKCS#8, SEC1 or PKCS#1.
    pub fn from_pem(chain_pem: &[u8], key_pem: &[u8]) -> Result<TlsIdentity, TlsError> {
        let chain = certificates(chain_pem, "TLS certificate")?;
        let key = PrivateKeyDer::from_pem_slice(key_pem).map_err(|error| TlsError::Pem {
            what: "TLS private key",
            reason: error.to_string(),
        })?;
        Ok(TlsIdentity { chain, key })
    }

    /// DER of the certificate itself.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.chain[0]
    }

    /// SHA-256 of the certificate: what a deliver request over mutual TLS carries as `tls_cert_hash`.
    pub fn certificate_hash(&self) -> [u8; 32] {
        crate::crypto::sha256(self.certificate())
    }
}

impl Clone for TlsIdentity {
    fn clone(&self) -> TlsIdentity {
        TlsIdentity {
            chain: self.chain.clone(),
            key: self.key.clone_key(),
        }
    }
}

/// Every certificate of a PEM bundle. An empty bundle is an error: trusting nobody is never what was meant.
fn certificates(bundle: &[u8], what: &'static str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = CertificateDer::pem_slice_iter(bundle)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| TlsError::Pem {
            what,
            reason: error.to_string(),
        })?;
    if found.is_empty() {
        return Err(TlsError::NoCertificate { what });
    }
    Ok(found)
}

fn root_store(roots: &[CertificateDer<'static>], what: &'static str) -> Result<Arc<rustls::RootCertStore>, TlsError> {
    let mut store = rustls::RootCertStore::empty();
    for root in roots {
        store
            .add(root.clone())
            .map_err(|source| TlsError::Unusable { what, source })?;
    }
    Ok(Arc::new(store))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

#[cfg(test)]
pub(crate) mod testing;
