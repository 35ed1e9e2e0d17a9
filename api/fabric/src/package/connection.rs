//! connection.json: where a chaincode service listens. Its strings may be templates over values that each peer has
//! for itself (`ccaas_builder/cmd/build/main.go`).

use std::time::Duration;

use serde_json::{Map, Value};

use super::PackageError;
use crate::config::duration;

/// connection.json of a ccaas package.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Connection {
    pub address: String,
    pub dial_timeout: String,
    pub tls_required: bool,
    pub root_cert: String,
    pub client_auth_required: bool,
    pub client_key: String,
    pub client_cert: String,
}

impl Connection {
    /// Fills in templates such as `{{.peername}}` from `values`. Without TLS, the TLS fields come out empty.
    pub fn expand(&self, values: &Map<String, Value>) -> Result<Connection, PackageError> {
        let fill = |name: &str, text: &str| {
            template(text, values).map_err(|reason| PackageError(format!("connection.json, {name}: {reason}")))
        };
        let mut expanded = Connection {
            address: fill("address", &self.address)?,
            dial_timeout: fill("dial_timeout", &self.dial_timeout)?,
            ..Connection::default()
        };
        if self.tls_required {
            expanded.tls_required = true;
            expanded.client_auth_required = self.client_auth_required;
            expanded.root_cert = fill("root_cert", &self.root_cert)?;
            expanded.client_key = fill("client_key", &self.client_key)?;
            expanded.client_cert = fill("client_cert", &self.client_cert)?;
        }
        Ok(expanded)
    }

    /// How long dialling may take; 3 s when nothing is said (`core/container/externalbuilder/instance.go`).
    pub fn dial_timeout(&self) -> Result<Duration, PackageError> {
        if self.dial_timeout.is_empty() {
            return Ok(Duration::from_secs(3));
        }
        let nanoseconds = duration::parse(&self.dial_timeout)
            .map_err(|reason| PackageError(format!("connection.json, dial_timeout: {reason}")))?;
        match u64::try_from(nanoseconds) {
            Ok(nanoseconds) if nanoseconds > 0 => Ok(Duration::from_nanos(nanoseconds)),
            _ => Err(PackageError(
                "connection.json, dial_timeout: must be positive".to_owned(),
            )),
        }
    }
}

/// The part of Go's templates that connection files use: `{{.name}}`, `{{ .outer.inner }}`, `{{- .name -}}`.
fn template(text: &str, values: &Map<String, Value>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, action)) = rest.split_once("{{") {
        let (action, after) = action.split_once("}}").ok_or("unclosed action")?;
        let (action, trims_before) = match action.strip_prefix("- ") {
            Some(action) => (action, true),
            None => (action, false),
        };
        let (action, trims_after) = match action.strip_suffix(" -") {
            Some(action) => (action, true),
            None => (action, false),
        };
        out.push_str(if trims_before { before.trim_end() } else { before });
        out.push_str(&field(action.trim(), values)?);
        rest = if trims_after { after.trim_start() } else { after };
    }
    out.push_str(rest);
    Ok(out)
}

fn field(action: &str, values: &Map<String, Value>) -> Result<String, String> {
    let path = action.strip_prefix('.').filter(|path| {
        let name = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
        path.split('.').all(name)
    });
    let path =
        path.ok_or_else(|| format!("the template action {{{{{action}}}}} is not supported; use {{{{.name}}}}"))?;
    let mut level = Some(values);
    let mut found = &Value::Null;
    for name in path.split('.') {
        let inside = level.ok_or_else(|| format!("can't evaluate field {name} in {{{{{action}}}}}"))?;
        found = inside
            .get(name)
            .ok_or_else(|| format!("map has no entry for key {name:?}"))?;
        level = found.as_object();
    }
    match found {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(format!("{action} is neither text nor a number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Map<String, Value> {
        let values = serde_json::json!({ "peername": "org1peer1", "ports": { "payments": 9999 } });
        values.as_object().unwrap().clone()
    }

    #[test]
    fn templates_are_filled_in_and_tls_fields_dropped_without_tls() {
        let connection = Connection {
            address: "{{.peername}}_payments:{{ .ports.payments }}".to_owned(),
            dial_timeout: "10s".to_owned(),
            root_cert: "{{.unknown}}".to_owned(),
            ..Connection::default()
        };

        let expanded = connection.expand(&values()).unwrap();

        assert_eq!(
            expanded,
            Connection {
                address: "org1peer1_payments:9999".to_owned(),
                dial_timeout: "10s".to_owned(),
                ..Connection::default()
            }
        );
        assert_eq!(expanded.dial_timeout(), Ok(Duration::from_secs(10)));
        assert_eq!(Connection::default().dial_timeout(), Ok(Duration::from_secs(3)));
    }

    #[test]
    fn a_template_that_cannot_be_filled_in_names_the_field_and_the_key() {
        let refusal = |address: &str| {
            let connection = Connection {
                address: address.to_owned(),
                ..Connection::default()
            };
            connection.expand(&values()).unwrap_err().0
        };

        assert_eq!(
            refusal("{{.host}}:1"),
            "connection.json, address: map has no entry for key \"host\""
        );
        assert_eq!(refusal("{{.peername"), "connection.json, address: unclosed action");
        assert_eq!(
            refusal("{{if .a}}b{{end}}"),
            "connection.json, address: the template action {{if .a}} is not supported; use {{.name}}"
        );
        assert_eq!(
            refusal("{{.ports}}"),
            "connection.json, address: .ports is neither text nor a number"
        );
    }
}
