//! The API as clients see it, without a network.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{Directory, router};
use crate::csr::Subject;
use crate::issuer::Issuer;
use crate::keys::signer::SoftwareKey;
use crate::store::Store;
use crate::token::Signed;
use crate::token::tests::token;
use crate::{CertificateAuthority, Settings, now};

const DAY: i64 = 24 * 3600;

/// An authority with a clock that the test turns, and the registrar `admin`, secret `adminpw`.
struct World {
    router: Router,
    clock: Arc<AtomicI64>,
}

/// Somebody with a certificate.
struct Person {
    certificate: String,
    key: SoftwareKey,
}

fn issuer(name: &str) -> Issuer {
    let key = SoftwareKey::from_pem(&SoftwareKey::generate().unwrap()).unwrap();
    let subject = Subject {
        common_name: name.to_owned(),
        ..Subject::default()
    };
    let chain = Issuer::root(&subject, &key, now() - DAY, now() + 5000 * DAY).unwrap();
    Issuer::new(&chain, Arc::new(key), now()).unwrap()
}

fn request(id: &str) -> (String, SoftwareKey) {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, id);
    let request = params.serialize_request(&key).unwrap().pem().unwrap();
    (request, SoftwareKey::from_pem(&key.serialize_pem()).unwrap())
}

impl World {
    async fn new(settings: Settings) -> World {
        let clock = Arc::new(AtomicI64::new(now()));
        let turned = clock.clone();
        let store = Store::in_memory().await.unwrap();
        let authority = CertificateAuthority::new(settings, store, issuer("ca"), issuer("tlsca"), Arc::default())
            .with_clock(Box::new(move || turned.load(Ordering::Relaxed)));
        authority.bootstrap("admin", "adminpw").await.unwrap();
        let directory: Arc<dyn Directory> = Arc::new(Arc::new(authority));
        World {
            router: router(directory),
            clock,
        }
    }

    fn wait(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Status and body.
    async fn send(&self, method: &str, uri: &str, authorization: &str, body: &str) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header("authorization", authorization)
            .body(Body::from(body.to_owned()))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn enroll(&self, id: &str, secret: &str) -> Result<Person, (u16, Value)> {
        let (request, key) = request(id);
        let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        let body = json!({ "certificate_request": request }).to_string();
        let (status, answer) = self.send("POST", "/enroll", &basic, &body).await;
        if status != 201 {
            return Err((status, answer["errors"][0].clone()));
        }
        let certificate = STANDARD.decode(answer["result"]["Cert"].as_str().unwrap()).unwrap();
        Ok(Person {
            certificate: String::from_utf8(certificate).unwrap(),
            key,
        })
    }

    async fn call(&self, person: &Person, method: &str, uri: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let signed = Signed {
            method,
            uri,
            body: body.as_bytes(),
        };
        let token = token(&person.certificate, &person.key, signed);
        self.send(method, uri, &token, &body).await
    }
}

#[tokio::test]
async fn guessing_a_secret_is_slowed_down_and_the_owner_gets_in_afterwards() {
    let world = World::new(Settings::new("bank")).await;
    let masked = json!({ "code": 20, "message": "Authentication failure" });

    for _ in 0..4 {
        assert_eq!(world.enroll("admin", "guess").await.err(), Some((401, masked.clone())));
    }

    let blocked = json!({ "code": 73, "message": "Incorrect password entered 4 times; try again in 1 seconds" });
    assert_eq!(world.enroll("admin", "adminpw").await.err(), Some((401, blocked)));
    world.wait(2);
    assert!(world.enroll("admin", "adminpw").await.is_ok());
    assert_eq!(world.enroll("nobody", "adminpw").await.err(), Some((401, masked)));
}

#[tokio::test]
async fn a_certificate_opens_the_api_until_it_expires() {
    let world = World::new(Settings {
        default_life: DAY,
        ..Settings::new("bank")
    })
    .await;
    let admin = world.enroll("admin", "adminpw").await.ok().unwrap();

    let (open, _) = world
        .call(&admin, "GET", "/api/v1/identities?ca=bank", &Value::Null)
        .await;
    world.wait(DAY + 60);
    let (late, answer) = world.call(&admin, "GET", "/api/v1/identities", &Value::Null).await;

    assert_eq!((open, late), (200, 401));
    assert_eq!(
        answer["errors"],
        json!([{ "code": 20, "message": "Authentication failure" }])
    );
}

#[tokio::test]
async fn a_certificate_of_somebody_elses_authority_opens_nothing() {
    let (world, rival) = (
        World::new(Settings::new("bank")).await,
        World::new(Settings::new("bank")).await,
    );
    let stranger = rival.enroll("admin", "adminpw").await.ok().unwrap();

    let (status, answer) = world.call(&stranger, "GET", "/identities", &Value::Null).await;

    assert_eq!(status, 401);
    assert_eq!(
        answer,
        json!({
            "result": "",
            "errors": [{ "code": 20, "message": "Authentication failure" }],
            "messages": [],
            "success": false,
        })
    );
}

#[tokio::test]
async fn a_registrar_of_a_branch_sees_and_makes_nobody_outside_of_it() {
    let world = World::new(Settings::new("bank")).await;
    let admin = world.enroll("admin", "adminpw").await.ok().unwrap();
    for name in ["lending", "trading"] {
        let body = json!({ "name": name });
        assert_eq!(world.call(&admin, "POST", "/affiliations", &body).await.0, 201);
    }
    let attributes = json!([{ "name": "hf.Registrar.Roles", "value": "client" }]);
    let head = json!({ "id": "head", "Secret": "pw", "affiliation": "lending", "attrs": attributes });
    assert_eq!(world.call(&admin, "POST", "/register", &head).await.0, 201);
    let head = world.enroll("head", "pw").await.ok().unwrap();
    let register = async |id: &str, affiliation: &str, kind: &str| {
        let body = json!({ "id": id, "affiliation": affiliation, "type": kind });
        let (status, answer) = world.call(&head, "POST", "/register", &body).await;
        (status, answer["errors"][0]["code"].as_i64())
    };

    assert_eq!(register("alice", "", "client").await, (201, None));
    assert_eq!(register("bob", "trading", "client").await, (403, Some(71)));
    assert_eq!(register("peer0", "lending", "peer").await, (403, Some(71)));
    assert_eq!(register("root", ".", "client").await, (403, Some(71)));
    let (_, seen) = world.call(&head, "GET", "/identities", &Value::Null).await;
    let ids: Vec<&str> = seen["result"]["identities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|identity| identity["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["alice", "head"]);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_the_reason() {
    let world = World::new(Settings::new("bank")).await;
    let basic = format!("Basic {}", STANDARD.encode("admin:adminpw"));
    let refused = async |method: &str, uri: &str, authorization: &str, body: &str| {
        let (status, answer) = world.send(method, uri, authorization, body).await;
        (status, answer["errors"][0].clone())
    };
    let error = |code: u32, message: &str| json!({ "code": code, "message": message });
    let (other, _) = request("somebody");

    assert_eq!(
        refused("POST", "/enroll", "", "{}").await,
        (401, error(2, "No authorization header"))
    );
    assert_eq!(
        refused("POST", "/enroll", &basic, "").await,
        (400, error(4, "Empty request body"))
    );
    assert_eq!(
        refused("POST", "/enroll", &basic, r#"{"certificate_request": "x"}"#).await,
        (400, error(31, "CSR Decode failed"))
    );
    let body = json!({ "certificate_request": other }).to_string();
    assert_eq!(
        refused("POST", "/enroll", &basic, &body).await,
        (
            403,
            error(77, "The CSR subject common name must equal the enrollment ID")
        )
    );
    assert_eq!(
        refused("POST", "/enroll", &basic, r#"{"profile": "other"}"#).await,
        (400, error(0, "Invalid profile: 'other'; use tls or ca, or none"))
    );
    assert_eq!(
        refused("GET", "/cainfo?ca=rival", "", "").await,
        (404, error(19, "CA 'rival' does not exist"))
    );
    let (status, _) = refused("POST", "/enroll", &basic, &" ".repeat(300 << 10)).await;
    assert_eq!(status, 413);
}
