//! `entente describe template`: what a business template is, what can be set of it and what can be called.

use chrono::Utc;
use serde_json::Value;

use super::table::{self, Column, harmless};

const PARAMETERS: [Column; 4] = [
    Column::text("PARAMETER", "/name"),
    Column::text("DEFAULT", "/default"),
    Column::text("MEANING", "/meaning"),
    Column::text("RULE", "/rule"),
];
const FUNCTIONS: [Column; 3] = [
    Column::text("FUNCTION", "/name"),
    Column::list("ARGUMENTS", "/taken"),
    Column::text("MEANING", "/meaning"),
];

pub fn text(template: &Value) -> String {
    let word = |field: &str| harmless(template[field].as_str().unwrap_or("-"));
    let mut out = format!("Template: {}\nTitle: {}\n", word("name"), word("title"));
    out += &format!("Version: {}\nLanguage: {}\n", word("version"), word("language"));
    out += &rows("Parameters", &template["parameters"], &PARAMETERS);
    let mut functions = template["functions"].clone();
    for function in functions.as_array_mut().into_iter().flatten() {
        let arguments = function["arguments"].as_array().into_iter().flatten();
        // As the command line writes what may be left out.
        let taken: Vec<String> = arguments
            .map(|argument| {
                let name = argument["name"].as_str().unwrap_or_default();
                let optional = if argument["required"] == true { "" } else { "?" };
                format!("{name}{optional}")
            })
            .collect();
        function["taken"] = taken.into();
    }
    out += &rows("Functions", &functions, &FUNCTIONS);
    let documentation = template["documentation"].as_str().unwrap_or_default();
    out += "\n";
    out.extend(documentation.lines().map(|line| harmless(line) + "\n"));
    out
}

fn rows(title: &str, rows: &Value, columns: &[Column]) -> String {
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    let table = table::render(columns, rows, false, Utc::now());
    let indented: String = table.lines().map(|line| format!("  {line}\n")).collect();
    format!("\n{title}\n{indented}")
}
