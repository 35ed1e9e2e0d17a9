//! Durations as Go writes them (`time.ParseDuration`, `Duration.String`): "500ms", "1m30s", "1.5s".

use std::time::Duration;

const UNITS: [(&str, i128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Nanoseconds, possibly negative. The error is Go's.
pub fn parse(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {text:?}");
    let (negative, mut rest) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let number_end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(number_end);
        let unit_end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return Err(invalid());
        }
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {text:?}"));
        }
        let scale = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, scale)| *scale);
        let scale = scale.ok_or_else(|| format!("time: unknown unit {unit:?} in duration {text:?}"))?;
        let whole: i128 = if whole.is_empty() {
            0
        } else {
            whole.parse::<i64>().map_err(|_| invalid())?.into()
        };
        total += whole * scale + fraction_of(fraction, scale);
        if total > i128::from(i64::MAX) {
            return Err(invalid());
        }
        rest = after;
    }
    let nanoseconds = i64::try_from(total).map_err(|_| invalid())?;
    Ok(if negative { -nanoseconds } else { nanoseconds })
}

fn fraction_of(digits: &str, scale: i128) -> i128 {
    // Digits beyond the eighteenth are below a nanosecond in every unit.
    let digits = &digits[..digits.len().min(18)];
    let denominator = 10_i128.pow(digits.len() as u32);
    digits.parse::<i128>().unwrap_or(0) * scale / denominator
}

/// As Go prints it: the largest unit that fits below a second, else hours, minutes and seconds.
pub fn format(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    let (hours, minutes) = (nanoseconds / 3_600_000_000_000, nanoseconds / 60_000_000_000 % 60);
    let below_minute = nanoseconds % 60_000_000_000;
    match nanoseconds {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanoseconds}ns"),
        1_000..1_000_000 => format!("{}µs", decimal(nanoseconds, 1_000)),
        1_000_000..1_000_000_000 => format!("{}ms", decimal(nanoseconds, 1_000_000)),
        _ if hours > 0 => format!("{hours}h{minutes}m{}s", decimal(below_minute, 1_000_000_000)),
        _ if minutes > 0 => format!("{minutes}m{}s", decimal(below_minute, 1_000_000_000)),
        _ => format!("{}s", decimal(below_minute, 1_000_000_000)),
    }
}

fn decimal(value: u128, unit: u128) -> String {
    let width = unit.ilog10() as usize;
    let fraction = format!("{:0width$}", value % unit);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() {
        format!("{}", value / unit)
    } else {
        format!("{}.{fraction}", value / unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        assert_eq!(parse("500ms"), Ok(500_000_000));
        assert_eq!(parse("1h2m3.5s"), Ok(3_723_500_000_000));
        assert_eq!(parse("-1s"), Ok(-1_000_000_000));
        assert_eq!(parse(".5s"), Ok(500_000_000));
        assert_eq!(parse("0"), Ok(0));
        assert_eq!(parse("abc"), Err("time: invalid duration \"abc\"".to_owned()));
        assert_eq!(parse("5"), Err("time: missing unit in duration \"5\"".to_owned()));
        assert_eq!(
            parse("5d"),
            Err("time: unknown unit \"d\" in duration \"5d\"".to_owned())
        );
        assert_eq!(parse(""), Err("time: invalid duration \"\"".to_owned()));
        assert_eq!(
            parse("9999999999999h"),
            Err("time: invalid duration \"9999999999999h\"".to_owned())
        );
    }

    #[test]
    fn durations_are_written_as_go_writes_them() {
        let cases = [
            (0, "0s"),
            (1_500, "1.5µs"),
            (250_000_000, "250ms"),
            (2_000_000_000, "2s"),
        ];
        for (nanoseconds, expected) in cases {
            assert_eq!(format(Duration::from_nanos(nanoseconds)), expected);
        }
        assert_eq!(format(Duration::from_millis(90_500)), "1m30.5s");
        assert_eq!(format(Duration::from_secs(3_600)), "1h0m0s");
    }
}
