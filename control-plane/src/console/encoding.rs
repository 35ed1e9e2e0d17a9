//! Which of the compressed forms of a file a browser takes.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_ENCODING;

/// How a file is compressed beside itself, the smaller first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Brotli,
    Gzip,
}

impl Encoding {
    /// The encodings that a request accepts, in the order in which they are tried (RFC 9110, 12.5.3).
    pub fn accepted(headers: &HeaderMap) -> impl Iterator<Item = Encoding> {
        let values = headers.get_all(ACCEPT_ENCODING).iter();
        let words: Vec<(&str, &str)> = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|item| item.split_once(';').unwrap_or((item, "")))
            .map(|(name, parameter)| (name.trim(), parameter.trim()))
            .collect();
        let is_accepted = move |encoding: &Encoding| {
            words
                .iter()
                .any(|(name, parameter)| name.eq_ignore_ascii_case(encoding.name()) && !is_zero(parameter))
        };
        [Encoding::Brotli, Encoding::Gzip].into_iter().filter(is_accepted)
    }

    /// Its name in `Content-Encoding`.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Brotli => "br",
            Encoding::Gzip => "gzip",
        }
    }

    /// The file that holds another one in this encoding.
    pub fn file(self, name: &str) -> String {
        let ending = match self {
            Encoding::Brotli => "br",
            Encoding::Gzip => "gz",
        };
        format!("{name}.{ending}")
    }
}

/// A quality of zero means: not this one.
fn is_zero(parameter: &str) -> bool {
    let quality = parameter.strip_prefix("q=").map(str::parse::<f32>);
    matches!(quality, Some(Ok(quality)) if quality == 0.0)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn accepted(value: &'static str) -> Vec<Encoding> {
        let headers = [(ACCEPT_ENCODING, HeaderValue::from_static(value))];
        Encoding::accepted(&headers.into_iter().collect()).collect()
    }

    #[test]
    fn the_smallest_form_that_is_accepted_comes_first() {
        assert_eq!(accepted("gzip, deflate, br, zstd"), [Encoding::Brotli, Encoding::Gzip]);
        assert_eq!(accepted("gzip"), [Encoding::Gzip]);
        assert_eq!(accepted("br;q=0, gzip;q=0.5"), [Encoding::Gzip]);
        assert_eq!(accepted("identity"), []);
    }
}
