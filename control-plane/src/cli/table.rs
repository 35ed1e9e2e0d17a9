//! Tables for people.

use chrono::{DateTime, Utc};
use serde_json::Value;

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    title: &'static str,
    content: Content,
    is_wide: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    /// The value at a JSON pointer.
    Text(&'static str),
    /// How many items the array there has.
    Count(&'static str),
    /// The items of the array there.
    List(&'static str),
    /// How long the time there is past.
    Age(&'static str),
    /// Why it is not ready.
    Message,
}

impl Column {
    pub const fn text(title: &'static str, pointer: &'static str) -> Column {
        Column {
            title,
            content: Content::Text(pointer),
            is_wide: false,
        }
    }

    pub const fn count(title: &'static str, pointer: &'static str) -> Column {
        Column {
            title,
            content: Content::Count(pointer),
            is_wide: false,
        }
    }

    pub const fn list(title: &'static str, pointer: &'static str) -> Column {
        Column {
            title,
            content: Content::List(pointer),
            is_wide: false,
        }
    }

    pub const fn age(title: &'static str, pointer: &'static str) -> Column {
        Column {
            title,
            content: Content::Age(pointer),
            is_wide: false,
        }
    }

    pub const fn message(title: &'static str) -> Column {
        Column {
            title,
            content: Content::Message,
            is_wide: false,
        }
    }

    /// Only in wide tables.
    pub const fn wide(mut self) -> Column {
        self.is_wide = true;
        self
    }

    fn cell(&self, row: &Value, now: DateTime<Utc>) -> String {
        let at = |pointer: &str| row.pointer(pointer);
        match self.content {
            Content::Text(pointer) => at(pointer).map(text).unwrap_or_default(),
            Content::Count(pointer) => at(pointer).and_then(Value::as_array).map_or(0, Vec::len).to_string(),
            Content::List(pointer) => at(pointer)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .map(text)
                .collect::<Vec<_>>()
                .join(","),
            Content::Age(pointer) => at(pointer)
                .and_then(Value::as_str)
                .map(|time| age(time, now))
                .unwrap_or_default(),
            Content::Message => message(row),
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What the first condition that does not hold says.
fn message(row: &Value) -> String {
    let conditions = row.pointer("/status/conditions").and_then(Value::as_array);
    let failing = conditions
        .into_iter()
        .flatten()
        .find(|condition| condition["status"] != "True");
    failing.map(|condition| text(&condition["message"])).unwrap_or_default()
}

/// A past time as a short duration: `12s`, `5m`, `3h`, `9d`.
pub fn age(time: &str, now: DateTime<Utc>) -> String {
    let Ok(time) = DateTime::parse_from_rfc3339(time) else {
        return String::new();
    };
    let seconds = (now - time.to_utc()).num_seconds().max(0);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// The rows as a table with aligned columns. What could confuse a terminal is left out.
pub fn render(columns: &[Column], rows: &[Value], is_wide: bool, now: DateTime<Utc>) -> String {
    let columns: Vec<&Column> = columns.iter().filter(|column| is_wide || !column.is_wide).collect();
    let mut lines: Vec<Vec<String>> = vec![columns.iter().map(|column| column.title.to_owned()).collect()];
    for row in rows {
        lines.push(columns.iter().map(|column| harmless(&column.cell(row, now))).collect());
    }
    let width = |at: usize| {
        lines
            .iter()
            .map(|line| line[at].chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let mut out = String::new();
    for line in lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| {
            let shown = if cell.is_empty() { "-" } else { cell };
            format!("{shown:width$}")
        });
        out.push_str(cells.collect::<Vec<_>>().join("   ").trim_end());
        out.push('\n');
    }
    out
}

/// Text from elsewhere on one line, without control characters.
pub fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ages_are_short() {
        let now = DateTime::parse_from_rfc3339("2026-11-21T12:00:00Z").unwrap().to_utc();
        let of = |time| age(time, now);

        assert_eq!(of("2026-11-21T11:59:15Z"), "45s");
        assert_eq!(of("2026-11-21T11:30:00Z"), "30m");
        assert_eq!(of("2026-11-21T02:00:00Z"), "10h");
        assert_eq!(of("2026-11-11T12:00:00Z"), "10d");
        assert_eq!(of("2026-11-21T12:00:05Z"), "0s");
        assert_eq!(of("yesterday"), "");
    }

    #[test]
    fn columns_align_and_control_characters_are_left_out() {
        let columns = [
            Column::text("NAME", "/name"),
            Column::count("MEMBERS", "/m"),
            Column::text("NOTE", "/note").wide(),
        ];
        let rows = [
            json!({"name": "a\u{1b}[2J", "m": [1, 2]}),
            json!({"name": "long-name", "note": "x"}),
        ];

        let table = render(&columns, &rows, true, Utc::now());

        assert_eq!(
            table,
            "NAME        MEMBERS   NOTE\na [2J       2         -\nlong-name   0         x\n"
        );
    }
}
