//! Times as clients write them.

use chrono::{DateTime, Datelike as _};

/// RFC 3339, in seconds since the Unix epoch. `None` for nothing, and for the year 1, which is Go's word for it.
pub fn moment(text: &str) -> Result<Option<i64>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| format!("'{text}' is no time in RFC 3339"))?;
    Ok((time.year() > 1).then_some(time.timestamp()))
}

/// A moment, a date, or a distance from `now` such as `+30d` or `-1h30m` (`getTime` in
/// `lib/server/certificaterequest/certificaterequest.go`).
pub fn moment_or_distance(text: &str, now: i64) -> Result<Option<i64>, String> {
    match text.as_bytes() {
        b"now" => Ok(Some(now)),
        [b'+', ..] => distance(&text[1..]).map(|seconds| Some(now.saturating_add(seconds))),
        [b'-', ..] => distance(&text[1..]).map(|seconds| Some(now.saturating_sub(seconds))),
        [] => Ok(None),
        _ if !text.contains('T') => moment(&format!("{text}T00:00:00Z")),
        _ => moment(text),
    }
}

/// Seconds of numbers with the units d, h, m and s.
fn distance(text: &str) -> Result<i64, String> {
    let wrong = || format!("'{text}' is no duration; write numbers with the units d, h, m and s");
    let mut seconds = 0_i64;
    let mut digits = String::new();
    if text.is_empty() {
        return Err(wrong());
    }
    for letter in text.to_ascii_lowercase().chars() {
        let unit = match letter {
            '0'..='9' => {
                digits.push(letter);
                continue;
            }
            'd' => 86400,
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return Err(wrong()),
        };
        let number: i64 = digits.parse().map_err(|_| wrong())?;
        let part = number.checked_mul(unit).ok_or_else(wrong)?;
        seconds = seconds.checked_add(part).ok_or_else(wrong)?;
        digits.clear();
    }
    match digits.is_empty() {
        true => Ok(seconds),
        false => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_moments_dates_or_distances() {
        let read = |text| moment_or_distance(text, 1_000_000);

        assert_eq!(read(""), Ok(None));
        assert_eq!(read("0001-01-01T00:00:00Z"), Ok(None));
        assert_eq!(read("1970-01-02"), Ok(Some(86400)));
        assert_eq!(read("1970-01-01T01:00:00+00:30"), Ok(Some(1800)));
        assert_eq!(read("+1d"), Ok(Some(1_086_400)));
        assert_eq!(read("-1h30m"), Ok(Some(994_600)));
        assert_eq!(read("now"), Ok(Some(1_000_000)));
        for wrong in [
            "+",
            "+1",
            "+1y",
            "-d",
            "tomorrow",
            "+99999999999999999999d",
            "+9223372036854775807d",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
