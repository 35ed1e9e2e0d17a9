//! What an API server's refusal means, in words for whoever wrote the object.

use kube::core::Status;

use crate::registry::{Cause, Key, RegistryError};

/// The error of an access to one object.
pub fn error(key: &Key, error: kube::Error) -> RegistryError {
    let kube::Error::Api(status) = &error else {
        return RegistryError::Cluster {
            key: key.clone(),
            source: Box::new(error),
        };
    };
    let key = key.clone();
    match status.code {
        _ if status.is_already_exists() => RegistryError::AlreadyExists { key },
        409 => RegistryError::Conflict {
            key,
            given: String::new(),
            current: String::new(),
        },
        404 if is_about(status, "namespaces") => RegistryError::NoSuchNamespace { key },
        404 if is_missing_kind(status) => RegistryError::NotInstalled { kind: key.kind },
        404 => RegistryError::NotFound { key },
        422 => RegistryError::Invalid {
            causes: causes(status),
            key,
        },
        // Admission: policies, webhooks, and fields that the definition does not have.
        400 => RegistryError::Invalid {
            causes: vec![Cause {
                field: String::new(),
                message: status.message.clone(),
            }],
            key,
        },
        403 if status.message.contains("exceeded quota") => RegistryError::Quota {
            key,
            reason: after(&status.message, "exceeded quota: ").to_owned(),
        },
        403 if status.message.contains("is being terminated") => RegistryError::BeingDeleted { key },
        401 | 403 => RegistryError::Forbidden {
            key,
            reason: status.message.clone(),
        },
        _ => RegistryError::Cluster {
            key,
            source: Box::new(error),
        },
    }
}

/// Whether the API server does not know the kind at all. Of an object that is missing it names the object.
fn is_missing_kind(status: &Status) -> bool {
    status.details.as_ref().is_none_or(|details| details.name.is_empty())
}

fn is_about(status: &Status, kind: &str) -> bool {
    status.details.as_ref().is_some_and(|details| details.kind == kind)
}

/// Every field that is wrong, in order: the API server tells them as they come. Without details the message tells.
fn causes(status: &Status) -> Vec<Cause> {
    let details = status.details.iter().flat_map(|details| &details.causes);
    let mut causes: Vec<Cause> = details
        .map(|cause| Cause {
            field: named(&cause.field),
            message: in_words(&cause.message).to_owned(),
        })
        .collect();
    causes.sort_by(|one, other| one.field.cmp(&other.field));
    match causes.is_empty() {
        false => causes,
        true => vec![Cause {
            field: String::new(),
            message: status.message.clone(),
        }],
    }
}

/// Rules about an object as a whole come with no field.
fn named(field: &str) -> String {
    match field {
        "<nil>" => String::new(),
        field => field.to_owned(),
    }
}

/// Without what the API server puts before the words of a rule: the type of what is wrong, which the field tells.
fn in_words(message: &str) -> &str {
    ["\"object\": ", "\"array\": ", "\"string\": ", "\"integer\": "]
        .into_iter()
        .find_map(|kind| message.strip_prefix("Invalid value: ")?.strip_prefix(kind))
        .unwrap_or(message)
}

fn after<'a>(message: &'a str, words: &str) -> &'a str {
    message.split_once(words).map_or(message, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use kube::core::response::{StatusCause, StatusDetails};

    use super::*;

    fn key() -> Key {
        Key {
            kind: "Chain".to_owned(),
            namespace: "hebei".to_owned(),
            name: "ledger".to_owned(),
        }
    }

    fn told(status: Status) -> String {
        error(&key(), kube::Error::Api(Box::new(status))).to_string()
    }

    fn details(name: &str, causes: &[(&str, &str)]) -> StatusDetails {
        let cause = |(field, message): &(&str, &str)| StatusCause {
            reason: "FieldValueInvalid".to_owned(),
            message: (*message).to_owned(),
            field: (*field).to_owned(),
        };
        StatusDetails {
            name: name.to_owned(),
            group: "entente.dev".to_owned(),
            kind: "chains".to_owned(),
            uid: String::new(),
            causes: causes.iter().map(cause).collect(),
            retry_after_seconds: 0,
        }
    }

    #[test]
    fn a_refused_object_is_told_field_by_field() {
        let wrong = [
            (
                "spec.members[1].organization",
                "Invalid value: \"string\": use lower-case letters",
            ),
            ("<nil>", "Invalid value: \"object\": metadata.name: use fewer letters"),
            ("spec.members[1]", "Duplicate value: {\"organization\":\"bank\"}"),
        ];
        let status = Status::failure("Chain.entente.dev \"ledger\" is invalid", "Invalid")
            .with_code(422)
            .with_details(details("ledger", &wrong));

        assert_eq!(
            told(status),
            "Chain hebei/ledger is refused: metadata.name: use fewer letters; \
             spec.members[1]: Duplicate value: {\"organization\":\"bank\"}; \
             spec.members[1].organization: use lower-case letters"
        );
    }

    #[test]
    fn each_refusal_is_told_from_the_others() {
        let quota = "chains.entente.dev \"ledger\" is forbidden: exceeded quota: plan, requested: \
                     count/chains.entente.dev=1, used: 2, limited: 2";
        let rights = "chains.entente.dev is forbidden: User \"tenant\" cannot create resource \"chains\"";
        let cases = [
            (
                Status::failure(quota, "Forbidden").with_code(403),
                "Chain hebei/ledger is more than its namespace may hold: plan, requested: count/chains.entente.dev=1, \
                 used: 2, limited: 2",
            ),
            (
                Status::failure(rights, "Forbidden").with_code(403),
                "the platform may not do this to Chain hebei/ledger: chains.entente.dev is forbidden: User \"tenant\" \
                 cannot create resource \"chains\"",
            ),
            (
                Status::failure("the server could not find the requested resource", "NotFound").with_code(404),
                "the cluster knows no resources of kind Chain; install the definitions: entente crds | kubectl apply \
                 --server-side -f -",
            ),
            (
                Status::failure("chains.entente.dev \"ledger\" not found", "NotFound")
                    .with_code(404)
                    .with_details(details("ledger", &[])),
                "no Chain hebei/ledger",
            ),
            (
                Status::failure("exists", "AlreadyExists").with_code(409),
                "Chain hebei/ledger exists already",
            ),
        ];
        for (status, words) in cases {
            assert_eq!(told(status), words);
        }
    }
}
