use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::*;

/// A token as clusters make them, but for the signature.
pub fn token(account: &str, audience: &str, expires: Time) -> String {
    let claims = json!({"sub": account, "aud": [audience], "exp": expires.get().timestamp()});
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.good", part(json!({"alg": "RS256"})), part(claims))
}

/// An API server that believes every token with its signature, and counts what it is asked.
#[derive(Default)]
pub struct Believer {
    pub asked: AtomicUsize,
}

#[async_trait]
impl Reviewer for Believer {
    async fn review(&self, token: &str, _: &str) -> Result<Option<ServiceAccount>, ReviewError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let payload = token.strip_suffix(".good").and_then(|rest| rest.split('.').nth(1));
        let payload = payload.map(|payload| URL_SAFE_NO_PAD.decode(payload).unwrap());
        let claims: Option<serde_json::Value> = payload.map(|payload| serde_json::from_slice(&payload).unwrap());
        Ok(claims.and_then(|claims| ServiceAccount::of_user(claims["sub"].as_str()?)))
    }
}

const BUILDER: &str = "system:serviceaccount:ci:builder";

fn after(now: Time, seconds: u64) -> Time {
    Time::from(now.get() + Duration::from_secs(seconds))
}

#[tokio::test]
async fn the_api_server_is_asked_once_in_a_while_and_only_about_tokens_that_may_be_for_us() {
    let believer = Arc::new(Believer::default());
    let accounts = ServiceAccounts::new(believer.clone(), "entente");
    let now = Time::now();
    let good = token(BUILDER, "entente", after(now, 600));
    let asked = || believer.asked.load(Ordering::Relaxed);

    let found = accounts.of_token(&good, now).await.unwrap();
    let again = accounts.of_token(&good, after(now, 29)).await.unwrap();

    assert_eq!(found.map(|account| account.user()).as_deref(), Some(BUILDER));
    assert_eq!(again.map(|account| account.user()).as_deref(), Some(BUILDER));
    assert_eq!(asked(), 1);
    accounts.of_token(&good, after(now, 31)).await.unwrap();
    assert_eq!(asked(), 2);
    for useless in [
        token(BUILDER, "https://kubernetes.default.svc", after(now, 600)),
        token(BUILDER, "entente", now),
        token("system:admin", "entente", after(now, 600)),
        "a.b".to_owned(),
        "a.b.c".to_owned(),
        good.clone() + ".d",
        "x".repeat(100_000),
    ] {
        assert_eq!(accounts.of_token(&useless, now).await.unwrap(), None, "{useless}");
    }
    assert_eq!(asked(), 2);
}

#[tokio::test]
async fn nothing_is_believed_for_longer_than_the_token_is_good() {
    let believer = Arc::new(Believer::default());
    let accounts = ServiceAccounts::new(believer.clone(), "entente");
    let now = Time::now();
    let short = token(BUILDER, "entente", after(now, 5));
    let forged = token(BUILDER, "entente", after(now, 600)).replace(".good", ".forged");

    assert!(accounts.of_token(&short, now).await.unwrap().is_some());
    assert_eq!(accounts.of_token(&short, after(now, 6)).await.unwrap(), None);
    assert_eq!(accounts.of_token(&forged, now).await.unwrap(), None);
}
