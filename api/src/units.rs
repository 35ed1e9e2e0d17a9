//! Sizes and durations as people write them: `2MB`, `10Gi`, `250ms`.
//!
//! Resources keep the text, so that a wrong one is answered in the user's words instead of failing to be read.

use std::time::Duration;

/// Reads a size in bytes: a whole number with an optional unit. `KB`, `MB`, `GB` are powers of 1000 in Kubernetes and
/// of 1024 in Fabric's `configtx.yaml`, where batch sizes come from; a batch written here means what it means there.
pub fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim().bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.trim().split_at(digits);
    let factor: u64 = match unit.trim() {
        "" | "B" => 1,
        "K" | "KB" | "Ki" | "KiB" => 1 << 10,
        "M" | "MB" | "Mi" | "MiB" => 1 << 20,
        "G" | "GB" | "Gi" | "GiB" => 1 << 30,
        "T" | "TB" | "Ti" | "TiB" => 1 << 40,
        _ => {
            return Err(format!(
                "\"{text}\" is not a size; write a whole number with a unit, such as 2MB or 10Gi"
            ));
        }
    };
    let number: u64 = number
        .parse()
        .map_err(|_| format!("\"{text}\" is not a size; write a whole number, such as 2MB or 10Gi"))?;
    number
        .checked_mul(factor)
        .ok_or_else(|| format!("\"{text}\" is too large"))
}

/// Reads an amount of processors in thousandths of a core: a whole number of cores, or of thousandths with an `m`.
pub fn cores(text: &str) -> Result<u64, String> {
    let wrong =
        || format!("\"{text}\" is no amount of cores; write a whole number such as 8, or thousandths such as 500m");
    let (number, factor) = match text.trim().strip_suffix('m') {
        Some(thousandths) => (thousandths, 1),
        None => (text.trim(), 1000),
    };
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let number = number.parse::<u64>().ok().filter(|_| is_number);
    number.and_then(|number| number.checked_mul(factor)).ok_or_else(wrong)
}

/// Reads a duration: a whole number with a unit of `ms`, `s`, `m` or `h`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim().bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.trim().split_at(digits);
    let wrong = || format!("\"{text}\" is not a duration; write a whole number with a unit, such as 250ms or 2s");
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let milliseconds: u64 = match unit.trim() {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong()),
    };
    number
        .checked_mul(milliseconds)
        .map(Duration::from_millis)
        .ok_or_else(|| format!("\"{text}\" is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations_are_read_with_their_units() {
        assert_eq!(bytes("2MB"), Ok(2 << 20));
        assert_eq!(bytes("10Gi"), Ok(10 << 30));
        assert_eq!(bytes("512"), Ok(512));
        assert_eq!((cores("8"), cores("500m")), (Ok(8000), Ok(500)));
        for wrong in ["", "m", "-1", "+1", "0.5", "1 core", "99999999999999999999"] {
            assert!(cores(wrong).is_err(), "{wrong}");
        }
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("2s"), Ok(Duration::from_secs(2)));
    }

    #[test]
    fn what_is_no_size_or_duration_is_refused_in_words() {
        assert!(bytes("two").unwrap_err().contains("not a size"));
        assert!(bytes("99999999999999T").unwrap_err().contains("too large"));
        assert!(duration("2").unwrap_err().contains("not a duration"));
        assert!(duration("-2s").unwrap_err().contains("not a duration"));
    }
}
