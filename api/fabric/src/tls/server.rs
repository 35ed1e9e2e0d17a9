//! The server's side: which certificate it presents, and what it asks of clients.

use std::sync::Arc;

use parking_lot::RwLock;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};

use super::{TlsError, TlsIdentity, certificates, provider, root_store};

/// What a server asks of its clients.
#[derive(Debug, Clone)]
pub enum ClientAuth {
    /// No client certificate is asked for.
    None,
    /// One is asked for; whoever comes without, or with one of an unknown authority, is still let in. An orderer's
    /// shared listener needs this: consenters are recognized by the key of their certificate, clients bring none.
    /// That the client holds the key of what it presents is checked all the same.
    Request,
    /// One is required, issued by an authority of this PEM bundle.
    Require { authorities: Vec<u8> },
}

impl ClientAuth {
    /// Requires certificates of authorities given as DER, for example [`crate::identity::Msp::tls_roots`].
    pub fn require_der<'a>(authorities: impl IntoIterator<Item = &'a [u8]>) -> ClientAuth {
        let bundle = authorities
            .into_iter()
            .map(|der| pem::encode(&pem::Pem::new("CERTIFICATE", der)));
        ClientAuth::Require {
            authorities: bundle.collect::<String>().into_bytes(),
        }
    }
}

/// Which protocols are offered inside TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alpn {
    /// HTTP/2 only: a gRPC listener.
    H2,
    /// HTTP/2 or HTTP/1.1: REST and operations, also beside gRPC.
    H2AndHttp1,
}

impl Alpn {
    fn protocols(self) -> Vec<Vec<u8>> {
        match self {
            Alpn::H2 => vec![b"h2".to_vec()],
            Alpn::H2AndHttp1 => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        }
    }
}

/// A listener's TLS settings. They can be replaced while it serves: connections made afterwards follow the new ones.
#[derive(Debug)]
pub struct ServerTls {
    alpn: Alpn,
    current: RwLock<Arc<ServerConfig>>,
}

impl ServerTls {
    pub fn new(identity: &TlsIdentity, client_auth: &ClientAuth, alpn: Alpn) -> Result<Arc<ServerTls>, TlsError> {
        let current = RwLock::new(Arc::new(config(identity, client_auth, alpn)?));
        Ok(Arc::new(ServerTls { alpn, current }))
    }

    /// Takes a renewed certificate, or the authorities of a new channel configuration. On an error the settings in
    /// force stay.
    pub fn replace(&self, identity: &TlsIdentity, client_auth: &ClientAuth) -> Result<(), TlsError> {
        *self.current.write() = Arc::new(config(identity, client_auth, self.alpn)?);
        Ok(())
    }

    pub(super) fn current(&self) -> Arc<ServerConfig> {
        self.current.read().clone()
    }
}

fn config(identity: &TlsIdentity, client_auth: &ClientAuth, alpn: Alpn) -> Result<ServerConfig, TlsError> {
    let unusable = |what| move |source| TlsError::Unusable { what, source };
    let provider = provider();
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(unusable("TLS versions"))?;
    let builder = match client_auth {
        ClientAuth::None => builder.with_no_client_auth(),
        ClientAuth::Request => builder.with_client_cert_verifier(Arc::new(AnyClientCertificate { provider })),
        ClientAuth::Require { authorities } => {
            builder.with_client_cert_verifier(required(authorities, provider.clone())?)
        }
    };
    let mut config = builder
        .with_single_cert(identity.chain.clone(), identity.key.clone_key())
        .map_err(unusable("TLS certificate and key"))?;
    config.alpn_protocols = alpn.protocols();
    Ok(config)
}

fn required(authorities: &[u8], provider: Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    if authorities.iter().all(u8::is_ascii_whitespace) {
        return Err(TlsError::NoClientAuthorities);
    }
    let what = "authorities of TLS clients";
    let roots = root_store(&certificates(authorities, what)?, what)?;
    WebPkiClientVerifier::builder_with_provider(roots, provider)
        // Go clients withhold a certificate whose issuer is not named in the request, which it is not when an
        // intermediate issued it. Without names they always send it.
        .clear_root_hint_subjects()
        .build()
        .map_err(|_| TlsError::NoClientAuthorities)
}

/// Lets every client certificate pass, once its holder has proved to have the key.
#[derive(Debug)]
struct AnyClientCertificate {
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for AnyClientCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
