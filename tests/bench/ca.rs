//! Certificates per second of one certificate authority, as clients over TLS see it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entente_tests::authority::{Authority, SECRET};
use entente_tests::platform::http_client;
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, SigningKey as _};
use reqwest::Client;
use serde_json::{Value, json};

const IN_FLIGHT: usize = 8;
const LONG: Duration = Duration::from_secs(5);

/// How many certificates a second were issued.
pub struct Rates {
    /// For a secret, whose digest takes memory and time by design.
    pub enroll: f64,
    /// For a signed request.
    pub reenroll: f64,
}

impl std::fmt::Display for Rates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "a certificate authority issued {:.0} certificates a second for a secret each, {:.0} for a signed request each",
            self.enroll, self.reenroll
        )
    }
}

pub async fn measure() -> anyhow::Result<Rates> {
    let authority = Authority::start(json!({})).await?;
    // The client of tests installs the provider.
    drop(http_client());
    let root = reqwest::Certificate::from_pem(&std::fs::read(authority.trust())?)?;
    let client = Client::builder().tls_certs_only([root]).build()?;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "admin");
    let body = json!({ "certificate_request": params.serialize_request(&key)?.pem()? }).to_string();
    let basic = format!("Basic {}", STANDARD.encode(format!("admin:{SECRET}")));
    let enroll = Request {
        client,
        url: authority.url(),
        path: "/api/v1/enroll",
        authorization: basic,
        body,
    };
    let answer = enroll.send().await?;
    let certificate = answer["result"]["Cert"].as_str().context("a certificate")?.to_owned();
    let reenroll = Request {
        path: "/api/v1/reenroll",
        authorization: token(&key, &certificate, "/api/v1/reenroll", &enroll.body)?,
        ..enroll.clone()
    };
    Ok(Rates {
        enroll: rate(enroll).await?,
        reenroll: rate(reenroll).await?,
    })
}

#[derive(Clone)]
struct Request {
    client: Client,
    url: String,
    path: &'static str,
    authorization: String,
    body: String,
}

impl Request {
    async fn send(&self) -> anyhow::Result<Value> {
        let request = self.client.post(format!("{}{}", self.url, self.path));
        let request = request.header("authorization", &self.authorization);
        let answer = request.body(self.body.clone()).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{}: {status}: {text}", self.path);
        Ok(serde_json::from_str(&text)?)
    }
}

/// Sends the same request over and over: each answer is another certificate.
async fn rate(request: Request) -> anyhow::Result<f64> {
    let issued = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let clients = (0..IN_FLIGHT).map(|_| {
        let (request, issued) = (request.clone(), issued.clone());
        tokio::spawn(async move {
            while begun.elapsed() < LONG {
                request.send().await?;
                issued.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(())
        })
    });
    for client in futures::future::join_all(clients).await {
        client??;
    }
    Ok(issued.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64())
}

/// What the official clients sign a request with. `certificate` is in base64 already.
fn token(key: &KeyPair, certificate: &str, path: &str, body: &str) -> anyhow::Result<String> {
    let signed = format!("POST.{}.{}.{certificate}", STANDARD.encode(path), STANDARD.encode(body));
    Ok(format!(
        "{certificate}.{}",
        STANDARD.encode(key.sign(signed.as_bytes())?)
    ))
}
