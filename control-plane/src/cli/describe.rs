//! `entente describe`: everything about one resource, for people.

use chrono::Utc;
use serde_json::Value;

use super::args::DescribeArgs;
use super::client::Client;
use super::console::Console;
use super::error::CliError;
use super::kinds;
use super::table::{self, Column, age, harmless};
use super::template;
use crate::uri::segment;

pub async fn run(client: &Client, args: &DescribeArgs, console: &mut Console) -> Result<(), CliError> {
    let kind = match kinds::find(&args.kind)? {
        kind if kind.plural == "templates" => kind,
        _ => kinds::find_resource(&args.kind)?,
    };
    let resource = client
        .get(&format!("/v1/{}/{}", kind.plural, segment(&args.name)))
        .await?;
    console.print(&match kind.plural {
        "templates" => template::text(&resource),
        _ => text(kind.kind, &resource),
    })
}

fn text(kind: &str, resource: &Value) -> String {
    let now = Utc::now();
    let word = |pointer: &str| {
        resource
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or("-")
            .to_owned()
    };
    let mut out = format!("{kind}: {}\nState: {}\n", word("/name"), word("/state"));
    if let Some(created) = resource["createTime"].as_str() {
        out += &format!("Age: {}\n", age(created, now));
    }
    out += &format!("UID: {}\nGeneration: {}\n", word("/uid"), resource["generation"]);
    out += &section("Spec", &resource["spec"]);
    let Some(status) = resource.get("status") else {
        return out + "\nNot looked at yet.\n";
    };
    out += &rows("Conditions", status, "/conditions", &CONDITIONS);
    out += &rows("Steps", status, "/steps", &STEPS);
    out += &rows("Nodes", status, "/nodes", &NODES);
    out += &rows("Channels", status, "/channels", &CHANNELS);
    out += &rows("Contracts", status, "/contracts", &CONTRACTS);
    let shown = [
        "conditions",
        "steps",
        "nodes",
        "channels",
        "contracts",
        "state",
        "observedGeneration",
        "certificate",
        "caCertificate",
        "tlsCaCertificate",
    ];
    let mut rest = status.clone();
    if let Value::Object(fields) = &mut rest {
        fields.retain(|name, _| !shown.contains(&name.as_str()));
    }
    out + &section("Status", &rest)
}

const CONDITIONS: [Column; 5] = [
    Column::text("TYPE", "/type"),
    Column::text("STATUS", "/status"),
    Column::text("REASON", "/reason"),
    Column::age("SINCE", "/lastTransitionTime"),
    Column::text("MESSAGE", "/message"),
];
const STEPS: [Column; 5] = [
    Column::text("STEP", "/name"),
    Column::text("STATE", "/state"),
    Column::text("ATTEMPT", "/attempt"),
    Column::text("MESSAGE", "/message"),
    Column::text("CAUSE", "/cause"),
];
const NODES: [Column; 5] = [
    Column::text("NODE", "/name"),
    Column::text("ROLE", "/role"),
    Column::text("ENDPOINT", "/endpoint"),
    Column::text("STATE", "/state"),
    Column::text("REASON", "/reason"),
];
const CHANNELS: [Column; 4] = [
    Column::text("CHANNEL", "/name"),
    Column::list("MEMBERS", "/members"),
    Column::text("CONFIG", "/configSequence"),
    Column::text("STATE", "/state"),
];
const CONTRACTS: [Column; 5] = [
    Column::text("CONTRACT", "/name"),
    Column::text("CHANNEL", "/channel"),
    Column::text("VERSION", "/version"),
    Column::text("SEQUENCE", "/sequence"),
    Column::text("STATE", "/state"),
];

fn rows(title: &str, status: &Value, pointer: &str, columns: &[Column]) -> String {
    let rows = status
        .pointer(pointer)
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "\n{title}\n{}",
        indent(&table::render(columns, &rows, false, Utc::now()))
    )
}

fn section(title: &str, value: &Value) -> String {
    if value.as_object().is_none_or(serde_json::Map::is_empty) {
        return String::new();
    }
    let yaml = serde_yaml::to_string(value).unwrap_or_default();
    format!(
        "\n{title}\n{}",
        indent(&yaml.lines().map(|line| harmless(line) + "\n").collect::<String>())
    )
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
