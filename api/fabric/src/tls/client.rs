//! The client's side: whom it trusts, and what it presents.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::{TlsError, TlsIdentity, certificates, provider, root_store};

/// How to speak TLS with a node. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TlsClient {
    roots: Vec<CertificateDer<'static>>,
    identity: Option<TlsIdentity>,
    server_name: Option<ServerName<'static>>,
    pinned_keys: Option<Vec<Vec<u8>>>,
}

impl TlsClient {
    /// Trusts the authorities of a PEM bundle.
    pub fn trusting_pem(roots: &[u8]) -> Result<TlsClient, TlsError> {
        Ok(TlsClient::trusting(certificates(roots, "trusted TLS authorities")?))
    }

    /// Trusts authorities given as DER, for example [`crate::identity::Msp::tls_roots`].
    pub fn trusting_der<'a>(roots: impl IntoIterator<Item = &'a [u8]>) -> TlsClient {
        TlsClient::trusting(
            roots
                .into_iter()
                .map(|der| CertificateDer::from(der.to_vec()))
                .collect(),
        )
    }

    fn trusting(roots: Vec<CertificateDer<'static>>) -> TlsClient {
        TlsClient {
            roots,
            identity: None,
            server_name: None,
            pinned_keys: None,
        }
    }

    /// Presents a certificate to servers that ask for one.
    pub fn with_identity(mut self, identity: TlsIdentity) -> TlsClient {
        self.identity = Some(identity);
        self
    }

    /// Expects the server's certificate to name `name` instead of the host that was dialled.
    pub fn with_server_name(mut self, name: &str) -> Result<TlsClient, TlsError> {
        self.server_name = Some(server_name(name)?);
        Ok(self)
    }

    /// Also demands that the server's public key is that of one of these certificates (DER). Orderers know each other
    /// by key (`orderer/common/cluster/util.go`), so a certificate renewed with its key still passes.
    pub fn with_pinned_certificates<'a>(
        mut self,
        certificates: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<TlsClient, TlsError> {
        let keys = certificates.into_iter().map(|der| {
            public_key(der).ok_or_else(|| TlsError::Pem {
                what: "pinned TLS certificate",
                reason: "not an X.509 certificate".to_owned(),
            })
        });
        self.pinned_keys = Some(keys.collect::<Result<_, _>>()?);
        Ok(self)
    }

    /// SHA-256 of the client certificate; empty when none is presented. Goes into deliver requests.
    pub fn certificate_hash(&self) -> Vec<u8> {
        self.identity
            .as_ref()
            .map_or_else(Vec::new, |identity| identity.certificate_hash().to_vec())
    }

    pub(crate) fn server_name_for(&self, host: &str) -> Result<ServerName<'static>, TlsError> {
        match &self.server_name {
            Some(name) => Ok(name.clone()),
            None => server_name(host),
        }
    }

    /// rustls settings that offer `protocols` by ALPN.
    pub fn config(&self, protocols: &[&[u8]]) -> Result<ClientConfig, TlsError> {
        let unusable = |what| move |source| TlsError::Unusable { what, source };
        let what = "trusted TLS authorities";
        if self.roots.is_empty() {
            return Err(TlsError::NoCertificate { what });
        }
        let roots = root_store(&self.roots, what)?;
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider())
            .build()
            .map_err(|_| TlsError::NoCertificate { what })?;
        let verifier: Arc<dyn ServerCertVerifier> = match &self.pinned_keys {
            Some(keys) => Arc::new(Pinned {
                inner: verifier,
                keys: keys.clone(),
            }),
            None => verifier,
        };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(unusable("TLS versions"))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match &self.identity {
            Some(identity) => builder
                .with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())
                .map_err(unusable("TLS client certificate and key"))?,
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(config)
    }
}

fn server_name(name: &str) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(name.to_owned()).map_err(|_| TlsError::ServerName(name.to_owned()))
}

/// The SubjectPublicKeyInfo of a certificate.
fn public_key(der: &[u8]) -> Option<Vec<u8>> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    Some(certificate.public_key().raw.to_vec())
}

/// What a server's certificate failed, beyond what rustls checks.
#[derive(Debug, thiserror::Error)]
#[error("its public key is not one that was agreed on")]
pub(crate) struct KeyNotPinned;

/// Checks authority and name as usual, then the public key.
#[derive(Debug)]
struct Pinned {
    inner: Arc<WebPkiServerVerifier>,
    keys: Vec<Vec<u8>>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self
            .inner
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        if public_key(end_entity).is_some_and(|key| self.keys.contains(&key)) {
            return Ok(verified);
        }
        Err(rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(
            Arc::new(KeyNotPinned),
        ))))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
