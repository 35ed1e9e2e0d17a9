//! Short tokens in place of API keys: JSON Web Tokens that any replica believes without asking the tables, and others can
//! check with the published keys (RFC 7519, RFC 7517).

use std::sync::Arc;
use std::time::Duration;

use entente_api::time::Time;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};

use super::{Action, Actor, Caller, Limits, Membership, Role};
use crate::store::access::api_keys::ApiKey;
use crate::store::access::signing_keys::{self, SigningKey};
use crate::store::{Db, DbError};

/// How long a token is good for.
pub const LIFETIME: Duration = Duration::from_secs(3600);
/// A key signs for this long,
const SIGNS: Duration = Duration::from_secs(30 * 24 * 3600);
/// and is forgotten after this long.
const KEPT: Duration = Duration::from_secs(31 * 24 * 3600);
const ISSUER: &str = "entente";

/// Signs tokens and believes them.
#[derive(Clone)]
pub struct Tokens {
    db: Db,
    keys: Arc<RwLock<Vec<Key>>>,
}

struct Key {
    id: String,
    create_time: Time,
    encoding: EncodingKey,
    decoding: DecodingKey,
    public: Jwk,
}

/// Why a token could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("the keys that sign tokens cannot be read or written")]
    Keys(#[from] DbError),
    #[error("a key that signs tokens cannot be made")]
    Generate(#[from] rcgen::Error),
    #[error("a token cannot be signed")]
    Sign(#[from] jsonwebtoken::errors::Error),
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    /// Id of the API key.
    sub: String,
    iat: i64,
    exp: i64,
    jti: String,
    name: String,
    tenant: String,
    /// Names of actions, as in OAuth with a space between them (RFC 8693 §4.2).
    scope: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chains: Option<Vec<String>>,
    /// Requests in a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate: Option<u32>,
}

impl Tokens {
    pub fn new(db: Db) -> Tokens {
        Tokens {
            db,
            keys: Arc::default(),
        }
    }

    /// A token that may what the key may, and when it expires: never after the key does.
    pub async fn issue(&self, key: &ApiKey, now: Time) -> Result<(String, Time), TokenError> {
        self.be_able_to_sign(now).await?;
        let expires = Time::from(now.get() + LIFETIME).min(key.expire_time);
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: key.id.clone(),
            iat: now.get().timestamp(),
            exp: expires.get().timestamp(),
            jti: uuid::Uuid::new_v4().to_string(),
            name: key.name.clone(),
            tenant: key.tenant.clone(),
            scope: key.scopes.join(" "),
            chains: key.chains.clone(),
            rate: key.requests_per_second,
        };
        let keys = self.keys.read();
        let newest = keys.last().ok_or(jsonwebtoken::errors::ErrorKind::InvalidKeyFormat);
        let newest = newest.map_err(jsonwebtoken::errors::Error::from)?;
        let header = Header {
            kid: Some(newest.id.clone()),
            ..Header::new(Algorithm::ES256)
        };
        Ok((encode(&header, &claims, &newest.encoding)?, expires))
    }

    /// Who holds the token; `None` when it is not one of ours, or has expired.
    pub async fn caller(&self, token: &str) -> Result<Option<Caller>, TokenError> {
        let Some(id) = decode_header(token).ok().and_then(|header| header.kid) else {
            return Ok(None);
        };
        if !self.keys.read().iter().any(|key| key.id == id) {
            // Another replica may have made it since.
            self.load().await?;
        }
        let keys = self.keys.read();
        let Some(key) = keys.iter().find(|key| key.id == id) else {
            return Ok(None);
        };
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[ISSUER]);
        validation.leeway = 0;
        let claims = decode::<Claims>(token, &key.decoding, &validation).ok();
        Ok(claims.map(|data| data.claims.into()))
    }

    /// The public keys of every token that may still be good.
    pub async fn published(&self, now: Time) -> Result<JwkSet, TokenError> {
        self.be_able_to_sign(now).await?;
        Ok(JwkSet {
            keys: self.keys.read().iter().map(|key| key.public.clone()).collect(),
        })
    }

    async fn be_able_to_sign(&self, now: Time) -> Result<(), TokenError> {
        let is_fresh = |keys: &[Key]| keys.last().is_some_and(|key| now.get() < key.create_time.get() + SIGNS);
        if is_fresh(&self.keys.read()) {
            return Ok(());
        }
        self.load().await?;
        if is_fresh(&self.keys.read()) {
            return Ok(());
        }
        signing_keys::forget_before(&self.db, Time::from(now.get() - KEPT)).await?;
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
        let made = SigningKey {
            id: uuid::Uuid::now_v7().to_string(),
            private_key: pair.serialize_pem(),
            create_time: now,
        };
        signing_keys::insert(&self.db, &made).await?;
        self.load().await
    }

    async fn load(&self) -> Result<(), TokenError> {
        let keys = signing_keys::list(&self.db).await?;
        let keys = keys.into_iter().map(Key::try_from).collect::<Result<_, _>>()?;
        *self.keys.write() = keys;
        Ok(())
    }
}

impl TryFrom<SigningKey> for Key {
    type Error = TokenError;

    fn try_from(key: SigningKey) -> Result<Key, TokenError> {
        let encoding = EncodingKey::from_ec_pem(key.private_key.as_bytes())?;
        let mut public = Jwk::from_encoding_key(&encoding, Algorithm::ES256)?;
        public.common.key_id = Some(key.id.clone());
        Ok(Key {
            decoding: DecodingKey::from_jwk(&public)?,
            id: key.id,
            create_time: key.create_time,
            encoding,
            public,
        })
    }
}

impl From<Claims> for Caller {
    fn from(claims: Claims) -> Caller {
        let scopes = claims.scope.split(' ').filter_map(Action::of_scope);
        Caller {
            actor: Actor::Key {
                id: claims.sub,
                name: claims.name,
            },
            tenant: Some(Membership {
                tenant: claims.tenant.into(),
                role: Role::Owner,
            }),
            is_platform_operator: false,
            limits: Some(Limits {
                actions: scopes.collect(),
                chains: claims.chains.map(Into::into),
                per_second: claims.rate,
            }),
            is_by_token: true,
        }
    }
}
