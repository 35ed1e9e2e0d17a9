//! The language that people are answered in: English, or the one of `Accept-Language` that there is a catalogue of.
//!
//! Codes, pointers and names stay what they are. What is said of one case is English; in another language the catalogue's
//! sentence stands before it.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;

use super::codes::Code;
use super::problem::FieldError;

/// A language that the platform speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    English,
    SimplifiedChinese,
}

/// What the catalogue has for a code: title, detail, and what to do about it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Entry {
    Plain(String, String),
    WithHint(String, String, String),
}

static CHINESE: LazyLock<HashMap<String, Entry>> =
    LazyLock::new(|| serde_json::from_str(include_str!("language/zh-CN.json")).unwrap_or_default());

/// Qualities have three digits at most (RFC 9110, 12.4.2).
const THOUSANDTHS: f32 = 1000.0;

impl Language {
    /// The language of a request: of those that it accepts, the one that it likes best and that there is (RFC 9110, 12.5.4).
    pub fn of(headers: &HeaderMap) -> Language {
        let ranges = headers
            .get_all(header::ACCEPT_LANGUAGE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(range);
        // Of equals the first: only a greater one takes its place.
        let best = ranges.reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.map_or(Language::English, |(language, _)| language)
    }

    /// Its name in headers (RFC 5646).
    pub fn tag(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Language::English => "en",
            Language::SimplifiedChinese => "zh-CN",
        })
    }

    /// Of something said in both, what it is in this one.
    pub fn of_both<T>(self, english: T, simplified_chinese: T) -> T {
        match self {
            Language::English => english,
            Language::SimplifiedChinese => simplified_chinese,
        }
    }

    fn entry(self, code: Code) -> Option<&'static Entry> {
        match self {
            Language::English => None,
            Language::SimplifiedChinese => CHINESE.get(code.as_str()),
        }
    }

    /// The kind of problem in a few words.
    pub fn title(self, code: Code) -> &'static str {
        match self.entry(code) {
            Some(Entry::Plain(title, _) | Entry::WithHint(title, ..)) => title,
            None => code.title(),
        }
    }

    /// What to do about it, when that does not depend on the case.
    pub fn hint(self, code: Code) -> Option<&'static str> {
        match self.entry(code) {
            Some(Entry::WithHint(_, _, hint)) => Some(hint),
            _ => code.hint(),
        }
    }

    /// What went wrong this time.
    pub fn detail(self, code: Code, case: String) -> String {
        match self.entry(code) {
            Some(Entry::Plain(_, detail) | Entry::WithHint(_, detail, _)) => format!("{detail}（{case}）"),
            None => case,
        }
    }

    /// What is wrong with one field.
    pub fn field(self, mut error: FieldError) -> FieldError {
        if self == Language::SimplifiedChinese {
            let what = match error.code.as_str() {
                "required" => "缺少必填字段",
                "unknown_field" => "没有这个字段",
                "immutable" => "该字段不能修改",
                _ => "该字段的值无法使用",
            };
            error.detail = format!("{what}（{}）", error.detail);
        }
        error
    }
}

/// One language range with its quality in thousandths, when there is a catalogue of it and it is wanted at all.
fn range(text: &str) -> Option<(Language, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let language = match parts.next()?.to_ascii_lowercase().as_str() {
        "*" | "en" => Language::English,
        tag if tag.starts_with("en-") => Language::English,
        // Those who write traditional characters are better served in English.
        "zh" | "zh-cn" | "zh-sg" | "zh-hans" => Language::SimplifiedChinese,
        tag if tag.starts_with("zh-hans-") => Language::SimplifiedChinese,
        _ => return None,
    };
    let quality = parts.find_map(|part| part.strip_prefix("q="));
    let quality: f32 = quality.map_or(Ok(1.0), str::parse).ok()?;
    let quality = (quality.clamp(0.0, 1.0) * THOUSANDTHS) as u16;
    (quality > 0).then_some((language, quality))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(accepted: &str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, accepted.parse().unwrap());
        Language::of(&headers)
    }

    #[test]
    fn the_language_that_is_liked_best_is_spoken() {
        use Language::{English, SimplifiedChinese};
        let cases = [
            ("zh-CN,zh;q=0.9,en;q=0.8", SimplifiedChinese),
            ("en-GB,zh;q=0.9", English),
            ("en;q=0.2, zh-Hans-CN;q=0.7", SimplifiedChinese),
            ("fr, zh;q=0.5", SimplifiedChinese),
            ("zh-TW, en;q=0.1", English),
            ("zh;q=0", English),
            ("*", English),
            ("", English),
            ("zh;q=much", English),
        ];

        for (accepted, expected) in cases {
            assert_eq!(spoken(accepted), expected, "{accepted}");
        }
    }

    #[test]
    fn every_code_is_in_the_catalogue_and_nothing_else_is() {
        let mut known: Vec<&str> = CHINESE.keys().map(String::as_str).collect();
        known.sort_unstable();
        let mut codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        codes.sort_unstable();

        let hints = |language: Language| -> Vec<&str> {
            let all = Code::ALL.iter().filter(|code| language.hint(**code).is_some());
            all.map(|code| code.as_str()).collect()
        };
        let untranslated: Vec<&str> = Code::ALL
            .iter()
            .filter(|code| code.hint().is_some() && Language::SimplifiedChinese.hint(**code) == code.hint())
            .map(|code| code.as_str())
            .collect();

        assert_eq!(known, codes);
        assert_eq!(hints(Language::SimplifiedChinese), hints(Language::English));
        assert_eq!(untranslated, Vec::<&str>::new());
    }
}
