//! The language of whoever sits at the terminal, as the platform wants to be told it.

/// What to send in `Accept-Language`; `None` where nobody has chosen a language.
pub fn accepted() -> Option<String> {
    // In this order, and an empty one counts as absent (POSIX, 8.2).
    let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
    let chosen = names
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    language(&chosen?)
}

/// The language tag of a locale: `zh_CN.UTF-8` is `zh-CN`.
fn language(locale: &str) -> Option<String> {
    let name = locale.split(['.', '@']).next().unwrap_or_default();
    let usable = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    (usable && !matches!(name, "" | "C" | "POSIX")).then(|| name.replace('_', "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_becomes_a_language_tag() {
        let cases = [
            ("zh_CN.UTF-8", Some("zh-CN")),
            ("en_GB", Some("en-GB")),
            ("de_DE@euro", Some("de-DE")),
            ("C.UTF-8", None),
            ("POSIX", None),
            ("", None),
            ("zh CN\r\n", None),
        ];

        for (locale, expected) in cases {
            assert_eq!(language(locale).as_deref(), expected, "{locale}");
        }
    }
}
