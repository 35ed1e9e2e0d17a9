//! The OpenAPI document: generated from the handlers, committed as `api/openapi.json`, served by the API itself.

#[cfg(test)]
mod breaking;
mod examples;
mod headers;
mod refine;

use std::sync::LazyLock;

use axum::Json;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Paths, SecurityRequirement};

use super::problem::{Problem, ProblemBody};
use crate::access::Caller;

const DESCRIPTION: &str = "Consortium chains on demand: organizations, chains, contracts, identities, and the ledgers \
themselves.\n\nA write is answered at once, with an operation that tracks it. Every failure is a problem (RFC 9457) whose \
`code` is stable.\n\nEvery request may carry `Accept-Language` (`en` or `zh-CN`: the language of problems), `X-Request-Id` (names it in answers, \
logs and the audit) and `traceparent` (W3C Trace Context: what it causes becomes part of that trace).";

/// The document before the paths are added.
pub fn head() -> OpenApi {
    let mut components = Components::new();
    let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.add_security_scheme("token", token);
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Entente")
                .version("v1")
                .description(Some(DESCRIPTION))
                .license(Some(
                    LicenseBuilder::new()
                        .name("Apache-2.0")
                        .identifier(Some("Apache-2.0"))
                        .build(),
                ))
                .build(),
        )
        .paths(Paths::new())
        .components(Some(components))
        .security(Some([SecurityRequirement::new("token", Vec::<String>::new())]))
        .build()
}

/// The document as JSON, with the generated names of generic types made readable and everything in a fixed order.
pub fn json() -> Value {
    let (_, document, _) = super::routes::all();
    let text = serde_json::to_string(&document).unwrap_or_default();
    let text = READABLE
        .iter()
        .fold(text, |text, (generated, readable)| text.replace(generated, readable));
    let mut value: Value = serde_json::from_str(&text).unwrap_or_default();
    refine::document(&mut value);
    headers::document(&mut value);
    examples::document(&mut value);
    value.sort_all_objects();
    value
}

/// The document as it is served. It does not change while the platform runs.
static DOCUMENT: LazyLock<Value> = LazyLock::new(json);

/// Longest first, because one name holds the other.
const READABLE: &[(&str, &str)] = &[
    ("Resource_OrganizationSpec_OrganizationStatus", "Organization"),
    ("Resource_NodeReleaseSpec_NodeReleaseStatus", "NodeRelease"),
    ("Resource_TenantSpec_TenantStatus", "Tenant"),
    ("NewResource_TenantSpec", "NewTenant"),
    ("Desired_TenantSpec", "DesiredTenant"),
    ("Resource_ContractSpec_ContractStatus", "Contract"),
    ("Resource_IdentitySpec_IdentityStatus", "Identity"),
    ("Resource_MemberSpec_MemberStatus", "Member"),
    ("Resource_ChainSpec_ChainStatus", "Chain"),
    ("NewResource_OrganizationSpec", "NewOrganization"),
    ("NewResource_NodeReleaseSpec", "NewNodeRelease"),
    ("NewResource_ContractSpec", "NewContract"),
    ("NewResource_IdentitySpec", "NewIdentity"),
    ("NewResource_MemberSpec", "NewMember"),
    ("NewResource_ChainSpec", "NewChain"),
    ("Desired_OrganizationSpec", "DesiredOrganization"),
    ("Desired_NodeReleaseSpec", "DesiredNodeRelease"),
    ("Desired_ContractSpec", "DesiredContract"),
    ("Desired_IdentitySpec", "DesiredIdentity"),
    ("Desired_MemberSpec", "DesiredMember"),
    ("Desired_ChainSpec", "DesiredChain"),
    ("Accepted_", "Accepted"),
    ("Page_", "PageOf"),
];

/// Read this document.
#[utoipa::path(
    get, path = "/v1/openapi.json", tag = "platform",
    responses((status = OK, body = Object), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn openapi_get(_: Caller) -> Result<Json<&'static Value>, Problem> {
    Ok(Json(&DOCUMENT))
}

/// What runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// Version of the platform.
    pub version: String,
    /// Version of this API.
    pub api: String,
}

impl Version {
    /// Of this program.
    pub fn running() -> Version {
        Version {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            api: "v1".to_owned(),
        }
    }
}

/// Read the platform's version.
#[utoipa::path(
    get, path = "/v1/version", tag = "platform",
    responses((status = OK, body = Version), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn version_get(_: Caller) -> Result<Json<Version>, Problem> {
    Ok(Json(Version::running()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_document_is_up_to_date() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/openapi.json");
        let expected = serde_json::to_string_pretty(&json()).unwrap() + "\n";
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &expected).unwrap();
        }

        let committed = std::fs::read_to_string(&path).unwrap_or_default();

        assert!(
            committed == expected,
            "api/openapi.json is stale: run UPDATE=1 cargo test -p entente openapi"
        );
    }

    #[test]
    fn every_reference_in_the_document_leads_somewhere() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(fields) => {
                    found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                    fields.values().for_each(|field| references(field, found));
                }
                Value::Array(items) => items.iter().for_each(|item| references(item, found)),
                _ => {}
            }
        }
        let document = json();
        let mut found = Vec::new();
        references(&document, &mut found);

        let dangling: Vec<&String> = found
            .iter()
            .filter(|r| document.pointer(r.trim_start_matches('#')).is_none())
            .collect();

        assert_eq!(
            (document["openapi"].as_str(), dangling),
            (Some("3.1.0"), Vec::<&String>::new())
        );
    }

    /// Says what lacks a description or an example. A reference has those of what it refers to.
    struct Missing<'a> {
        document: &'a Value,
        found: Vec<String>,
    }

    impl Missing<'_> {
        fn need(&mut self, place: &str, what: &str, given: &Value) {
            let empty = given.as_str().is_some_and(|text| text.trim().is_empty());
            if given.is_null() || empty {
                self.found.push(format!("{place}: {what}"));
            }
        }

        fn fields(&mut self, place: &str, schema: &Value) {
            let parts = ["allOf", "oneOf"].iter().filter_map(|part| schema[part].as_array());
            for part in parts.flatten() {
                self.fields(place, part);
            }
            for (name, field) in schema["properties"].as_object().into_iter().flatten() {
                let place = format!("{place}.{name}");
                let described = [field, &field["oneOf"][0]]
                    .into_iter()
                    .find_map(|schema| schema["$ref"].as_str())
                    .filter(|_| field["description"].is_null())
                    .map_or(field, |target| {
                        self.document.pointer(target.trim_start_matches('#')).unwrap()
                    });
                self.need(&place, "description", &described["description"]);
                let schemas = &self.document["components"]["schemas"];
                if examples::of(field, schemas, 0).is_none() {
                    self.found.push(format!("{place}: example"));
                }
                self.fields(&place, field);
            }
        }

        fn operation(&mut self, operation: &Value) {
            let id = operation["operationId"].as_str().unwrap();
            self.need(id, "summary", &operation["summary"]);
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let place = format!("{id}?{}", parameter["name"].as_str().unwrap());
                self.need(&place, "description", &parameter["description"]);
                self.need(&place, "example", &parameter["example"]);
            }
            let answers = operation["responses"].as_object().unwrap().iter();
            for (status, answer) in operation["responses"].as_object().unwrap() {
                self.need(&format!("{id}={status}"), "description", &answer["description"]);
            }
            let bodies = answers.map(|(status, answer)| (format!("{id}={status}"), answer));
            let request = (format!("{id}!"), &operation["requestBody"]);
            for (place, body) in bodies.chain([request]) {
                for content in body["content"]
                    .as_object()
                    .into_iter()
                    .flat_map(|contents| contents.values())
                {
                    if content["schema"]["$ref"].is_null() {
                        self.need(&place, "example", &content["example"]);
                    }
                }
            }
        }
    }

    #[test]
    fn every_operation_parameter_and_field_has_a_description_and_an_example() {
        let document = json();
        let mut missing = Missing {
            document: &document,
            found: Vec::new(),
        };

        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            missing.need(name, "description", &schema["description"]);
            missing.fields(name, schema);
        }
        for operation in document["paths"].as_object().unwrap().values() {
            operation
                .as_object()
                .unwrap()
                .values()
                .for_each(|operation| missing.operation(operation));
        }

        assert_eq!(
            missing.found,
            Vec::<String>::new(),
            "descriptions are doc comments, examples are in control-plane/src/rest/openapi/examples.json under the names above"
        );
    }
}
