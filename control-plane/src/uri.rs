//! Texts as parts of addresses (RFC 3986).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters (§2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const RESERVED_IN_PATHS: &AsciiSet = &RESERVED.remove(b'/');

/// A text as one segment of a path, or as a value.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// A path, its slashes kept.
pub fn path(text: &str) -> String {
    utf8_percent_encode(text, RESERVED_IN_PATHS).to_string()
}

/// Names and values, of those that have one, as a query or as the body of a form.
pub fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> String {
    let given = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let pairs: Vec<String> = given
        .map(|(name, value)| format!("{name}={}", segment(value)))
        .collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_has_what_is_given_and_nothing_in_it_ends_a_value() {
        let pairs = [
            ("region", Some("Zhe jiang&level=x")),
            ("level", None),
            ("q", Some("浙")),
        ];

        assert_eq!(query(pairs), "region=Zhe%20jiang%26level%3Dx&q=%E6%B5%99");
    }
}
