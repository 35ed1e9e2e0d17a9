//! `enroll` and `reenroll`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

use super::call::Call;
use super::envelope::Answer;
use super::info;
use crate::attribute::AttributeRequest;
use crate::authority::{Enrollment, Face, Profile};
use crate::refusal::{Refusal, code};

/// What of cfssl's `SignRequest` means something here; the rest is the authority's to say.
#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    certificate_request: String,
    #[serde(default)]
    profile: String,
    #[serde(default)]
    hosts: Vec<String>,
    attr_reqs: Option<Vec<AttributeRequest>>,
    subject: Option<SubjectBody>,
}

#[derive(Deserialize)]
struct SubjectBody {
    #[serde(default)]
    cn: String,
}

pub async fn enroll(call: &Call) -> Result<Answer, Refusal> {
    let identity = call.basic().await?;
    let (asked, face) = read(call, &identity.id)?;
    let certificate = call.ca.enroll(call.face, &identity, &asked).await?;
    Ok(enrolled(call, face, &certificate))
}

pub async fn reenroll(call: &Call) -> Result<Answer, Refusal> {
    let (identity, _) = call.renewing().await?;
    let (asked, face) = read(call, &identity.id)?;
    let certificate = call.ca.reenroll(call.face, &identity, &asked).await?;
    Ok(enrolled(call, face, &certificate))
}

/// What is asked for, and which issuer's chain the client needs for it.
fn read(call: &Call, id: &str) -> Result<(Enrollment, Face), Refusal> {
    let body: Body = call.body()?;
    if body.subject.is_some_and(|subject| subject.cn != id) {
        let message = "The CSR subject common name must equal the enrollment ID";
        return Err(Refusal::new(403, code::COMMON_NAME, message));
    }
    let profile = Profile::named(&body.profile)?;
    let face = match profile {
        Some(Profile::Tls) => Face::Tls,
        Some(Profile::Default) => Face::Identity,
        Some(Profile::Ca) | None => call.face,
    };
    let asked = Enrollment {
        request: body.certificate_request,
        profile,
        hosts: body.hosts,
        attributes: body.attr_reqs,
    };
    Ok((asked, face))
}

fn enrolled(call: &Call, face: Face, certificate: &str) -> Answer {
    let mut server = info::server(call, face);
    server["Version"] = "".into();
    Answer::created(json!({ "Cert": STANDARD.encode(certificate), "ServerInfo": server }))
}
