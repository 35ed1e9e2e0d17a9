//! `POST /v1/verify`: is this certificate, signature, transaction or document good, and whose is it? What is not good is
//! an answer with the reason, not a problem.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entente_api::Organization;
use entente_api::time::Time;
use entente_ca::certificate::{self, Facts};
use entente_operator::pki::certificate as lists;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::App;
use super::codes::Code;
use super::extract::Json;
use super::problem::{FieldError, Problem, ProblemBody};
use crate::access::{Action, Caller, TenantScope};
use crate::ledger::OpenLedger;
use crate::ledger::call::{Call, Signatory};

/// What is to be verified.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Verification {
    /// A certificate of one of the tenant's organizations.
    Certificate {
        /// PEM.
        certificate: String,
    },
    /// A signature by the key of such a certificate: ECDSA over SHA-256 of the message. The answer says who; a signature that
    /// is on no ledger has neither block nor time of its own, and one that is is verified as its transaction.
    Signature {
        /// PEM.
        certificate: String,
        /// Base64.
        message: String,
        /// DER, in base64.
        signature: String,
    },
    /// A transaction of a channel.
    Transaction {
        /// Name of the chain.
        chain: String,
        /// Name of the channel.
        channel: String,
        /// Its id, hexadecimal.
        #[schema(example = "6fb0…")]
        id: String,
    },
    /// The digest of a document that the template `evidence` may have certified.
    Document {
        /// Name of the chain.
        chain: String,
        /// Name of the channel.
        channel: String,
        /// Name of the contract on the channel.
        #[schema(example = "evidence")]
        contract: String,
        /// SHA-256 in hexadecimal.
        digest: String,
    },
}

/// The answer.
#[derive(Debug, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// Whether it is good.
    pub valid: bool,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<Who>,
    /// The block that it is in, of a transaction and a document. What is on no ledger, as a certificate and a signature, has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block_number: Option<u64>,
    /// When it was made, of a transaction and a document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Time>,
    /// What the contract keeps of a document.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub record: Option<Value>,
}

/// Whose a certificate, a signature or a transaction is.
#[derive(Debug, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Who {
    /// MSP id of the organization.
    pub msp_id: String,
    /// Name of the organization, when it is one of the tenant's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Common name in the certificate; of a transaction's creator the whole subject.
    pub name: String,
    /// Hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// When the certificate expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire_time: Option<Time>,
}

/// Verify a certificate, a signature, a transaction or a document.
///
/// Answers who and, of what is on a ledger, block and time; or why not. A certificate is good when one of the tenant's organizations has issued it, it has not
/// expired, and it is not revoked.
#[utoipa::path(
    post, path = "/v1/verify", tag = "ledger", request_body = Verification,
    responses((status = OK, body = Verdict), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn verify(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Verification>,
) -> Result<axum::Json<Verdict>, Problem> {
    let scope = caller.may(Action::ReadLedger)?;
    let verdict = match body {
        Verification::Certificate { certificate } => of_certificate(&app, &scope, &certificate).await?.0,
        Verification::Signature {
            certificate,
            message,
            signature,
        } => {
            let message = bytes("/signature/message", &message)?;
            let signature = bytes("/signature/signature", &signature)?;
            let (verdict, facts) = of_certificate(&app, &scope, &certificate).await?;
            match facts {
                Some(facts) if verdict.valid && !is_signed(&facts, &message, &signature) => invalid(
                    "the signature is not that of the certificate's key over this message",
                    verdict.who,
                ),
                _ => verdict,
            }
        }
        Verification::Transaction { chain, channel, id } => {
            let ledger = app.ledger.open(&scope, &chain, &channel, &Signatory::default()).await?;
            of_transaction(&ledger, &id).await?
        }
        Verification::Document {
            chain,
            channel,
            contract,
            digest,
        } => {
            let ledger = app.ledger.open(&scope, &chain, &channel, &Signatory::default()).await?;
            of_document(&ledger, contract, digest).await?
        }
    };
    Ok(axum::Json(verdict))
}

fn invalid(reason: &str, who: Option<Who>) -> Verdict {
    Verdict {
        reason: Some(reason.to_owned()),
        who,
        ..Verdict::default()
    }
}

async fn of_transaction(ledger: &OpenLedger, id: &str) -> Result<Verdict, Problem> {
    let found = match ledger.transaction(id).await {
        Ok(found) => found,
        Err(problem) if problem.code() == Code::NotFound => {
            return Ok(invalid("there is no such transaction on the channel", None));
        }
        Err(problem) => return Err(problem),
    };
    let has_effect = found.code == "VALID";
    Ok(Verdict {
        valid: has_effect,
        reason: (!has_effect).then(|| format!("it has no effect: {}", found.code)),
        who: found.creator.map(|creator| Who {
            msp_id: creator.msp_id,
            name: creator.subject.unwrap_or_default(),
            ..Who::default()
        }),
        block_number: found.block_number,
        time: found.create_time,
        record: None,
    })
}

/// What the contract keeps says which transaction certified the document; that one says who, when and in which block.
pub(super) async fn of_document(ledger: &OpenLedger, contract: String, digest: String) -> Result<Verdict, Problem> {
    let call = Call {
        contract,
        function: "Get".to_owned(),
        arguments: vec![digest.into_bytes()],
        ..Call::default()
    };
    let record = match ledger.evaluate(&call).await {
        Ok(record) => record,
        Err(problem) if problem.code() == Code::ContractError => {
            return Ok(invalid("nobody has certified a document of this digest", None));
        }
        Err(problem) => return Err(problem),
    };
    let record: Value = serde_json::from_slice(&record).unwrap_or_default();
    let certified = match record["transactionId"].as_str() {
        Some(id) => of_transaction(ledger, id).await?,
        None => invalid("the contract does not say which transaction certified it", None),
    };
    let was_revoked = !record["revoked"].is_null();
    Ok(Verdict {
        valid: certified.valid && !was_revoked,
        reason: match was_revoked {
            true => Some("it was certified, and revoked since".to_owned()),
            false => certified.reason,
        },
        record: Some(record),
        ..certified
    })
}

fn bytes(pointer: &str, text: &str) -> Result<Vec<u8>, Problem> {
    STANDARD
        .decode(text)
        .map_err(|_| Problem::invalid(vec![FieldError::invalid(pointer, "is not base64")]))
}

async fn of_certificate(app: &App, scope: &TenantScope, pem: &str) -> Result<(Verdict, Option<Facts>), Problem> {
    let facts = match certificate::read(pem.as_bytes()) {
        Ok(facts) => facts,
        Err(error) => return Ok((invalid(&error.to_string(), None), None)),
    };
    let organizations: Vec<Organization> = app.resources.list(scope).await?;
    Ok((judge(&facts, &organizations, Time::now()), Some(facts)))
}

/// Whether a certificate is good, and whose it is.
fn judge(facts: &Facts, organizations: &[Organization], now: Time) -> Verdict {
    let Some(owner) = organizations
        .iter()
        .find(|organization| has_issued(organization, facts))
    else {
        return invalid("no organization of this tenant has issued it", None);
    };
    let status = owner.status.clone().unwrap_or_default();
    let who = Some(Who {
        msp_id: status.msp_id.unwrap_or_default(),
        organization: owner.metadata.name.clone(),
        name: facts.common_name.clone(),
        serial_number: Some(facts.serial.clone()),
        expire_time: Some(Time::from_seconds(facts.not_after)),
    });
    let revoked = status.revocation_list.as_deref().and_then(lists::revoked);
    let is_revoked = revoked
        .into_iter()
        .flatten()
        .any(|serial| certificate::hexadecimal(&serial) == facts.serial);
    if is_revoked {
        return invalid("it is revoked or suspended", who);
    }
    if now < Time::from_seconds(facts.not_before) {
        return invalid("it is not valid yet", who);
    }
    if now > Time::from_seconds(facts.not_after) {
        return invalid("it has expired", who);
    }
    Verdict {
        valid: true,
        who,
        ..Verdict::default()
    }
}

fn has_issued(organization: &Organization, facts: &Facts) -> bool {
    let issuer = organization
        .status
        .as_ref()
        .and_then(|status| status.ca_certificate.as_deref());
    let Some(Ok(issuer)) = issuer.map(|pem| certificate::read(pem.as_bytes())) else {
        return false;
    };
    let parsed = X509Certificate::from_der(&issuer.der)
        .ok()
        .zip(X509Certificate::from_der(&facts.der).ok());
    parsed.is_some_and(|((_, issuer), (_, leaf))| leaf.verify_signature(Some(issuer.public_key())).is_ok())
}

fn is_signed(facts: &Facts, message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &facts.public_key)
        .verify(message, signature)
        .is_ok()
}
