//! What the API server asks before it writes a resource (`AdmissionReview` of `admission.k8s.io/v1`): as much as matters here.

use kube::api::DynamicObject;
use serde::{Deserialize, Serialize};

const API_VERSION: &str = "admission.k8s.io/v1";
const KIND: &str = "AdmissionReview";

/// The question.
#[derive(Debug, Deserialize)]
pub struct Review {
    pub request: Request,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// Of the question, for its answer.
    pub uid: String,
    pub kind: Kind,
    /// Absent for what belongs to no namespace.
    #[serde(default)]
    pub namespace: String,
    pub operation: Operation,
    pub user_info: UserInfo,
    /// The object as it is to be; absent for a deletion.
    pub object: Option<DynamicObject>,
    /// The object as it is; absent for a creation.
    pub old_object: Option<DynamicObject>,
    /// Nothing is going to be written.
    #[serde(default)]
    pub dry_run: bool,
    #[serde(default)]
    pub options: Option<Options>,
}

#[derive(Debug, Deserialize)]
pub struct Kind {
    pub kind: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Operation {
    Create,
    Update,
    Delete,
    Connect,
}

/// Who asks, as the API server has found out; the one who is impersonated, where somebody is.
#[derive(Debug, Deserialize)]
pub struct UserInfo {
    #[serde(default)]
    pub username: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    #[serde(default)]
    pub field_manager: String,
}

/// The answer, which is always yes: this is where changes are noted, and nowhere else are they judged.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    api_version: &'static str,
    kind: &'static str,
    response: Response,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Response {
    uid: String,
    allowed: bool,
}

impl Answer {
    pub fn yes(uid: String) -> Answer {
        Answer {
            api_version: API_VERSION,
            kind: KIND,
            response: Response { uid, allowed: true },
        }
    }
}
