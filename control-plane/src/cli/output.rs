//! Prints things in the form that was asked for.

use serde_json::{Value, json};

use super::args::Output;
use super::console::Console;
use super::error::CliError;
use super::kinds::Kind;
use super::{manifest, table};

/// Prints a list of one kind.
pub fn list(kind: &Kind, items: &[Value], output: Output, console: &mut Console) -> Result<(), CliError> {
    match output {
        Output::Table | Output::Wide if items.is_empty() => {
            console.note(&format!("There are no {}.", kind.plural));
            Ok(())
        }
        Output::Table | Output::Wide => console.print(&table::render(
            kind.columns,
            items,
            output == Output::Wide,
            chrono::Utc::now(),
        )),
        Output::Name => items.iter().try_for_each(|item| console.line(&name(kind, item))),
        Output::Json | Output::Yaml => {
            let items: Vec<Value> = items.iter().map(|item| shown(kind, item)).collect();
            value(
                &json!({"apiVersion": "v1", "kind": "List", "items": items}),
                output,
                console,
            )
        }
    }
}

/// Prints one thing.
pub fn one(kind: &Kind, item: &Value, output: Output, console: &mut Console) -> Result<(), CliError> {
    match output {
        Output::Json | Output::Yaml => value(&shown(kind, item), output, console),
        _ => list(kind, std::slice::from_ref(item), output, console),
    }
}

/// Prints a value as JSON or YAML.
pub fn value(value: &Value, output: Output, console: &mut Console) -> Result<(), CliError> {
    match output {
        Output::Yaml => console.print(&serde_yaml::to_string(value).map_err(CliError::output)?),
        _ => console.line(&serde_json::to_string_pretty(value).map_err(CliError::output)?),
    }
}

/// `chain/ledger`.
pub fn name(kind: &Kind, item: &Value) -> String {
    let name = ["name", "id", "number", "uid"].iter().find_map(|field| item.get(field));
    let name = match name {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    format!("{}/{name}", kind.kind.to_ascii_lowercase())
}

fn shown(kind: &Kind, item: &Value) -> Value {
    if kind.is_resource {
        manifest::from_resource(kind, item)
    } else {
        item.clone()
    }
}
