//! Keys made of several parts (`CreateCompositeKey` of Fabric's shims): a type, then attributes, each closed by U+0000.

use crate::error::ContractError;

const SEPARATOR: char = '\u{0}';
/// Sorts behind every attribute.
pub const LAST: char = '\u{10ffff}';

/// Joins a type and attributes to a key. Keys of one type, and of the same first attributes, stand together.
pub fn composite_key(object_type: &str, attributes: &[&str]) -> Result<String, ContractError> {
    let mut key = String::from(SEPARATOR);
    for part in std::iter::once(&object_type).chain(attributes) {
        if part.contains([SEPARATOR, LAST]) {
            let reason = "parts of a composite key must not contain U+0000 or U+10FFFF";
            return Err(ContractError::Key {
                key: (*part).to_owned(),
                reason,
            });
        }
        key.push_str(part);
        key.push(SEPARATOR);
    }
    Ok(key)
}

/// Takes a key apart again: its type and its attributes.
pub fn split_composite_key(key: &str) -> Result<(&str, Vec<&str>), ContractError> {
    let not_composite = || ContractError::Key {
        key: key.to_owned(),
        reason: "it is not a composite key",
    };
    let inner = key
        .strip_prefix(SEPARATOR)
        .and_then(|rest| rest.strip_suffix(SEPARATOR))
        .ok_or_else(not_composite)?;
    let mut parts = inner.split(SEPARATOR);
    let object_type = parts.next().ok_or_else(not_composite)?;
    Ok((object_type, parts.collect()))
}

/// A simple key that may begin a range. Composite keys start with U+0000 and are not among simple ones.
pub fn range_start(key: &str) -> Result<&str, ContractError> {
    match key {
        "" => Ok("\u{1}"),
        _ => range_end(key),
    }
}

pub fn range_end(key: &str) -> Result<&str, ContractError> {
    if key.starts_with(SEPARATOR) {
        let reason = "it begins with U+0000; use the range of a composite key";
        return Err(ContractError::Key {
            key: key.to_owned(),
            reason,
        });
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_composite_key_comes_apart_again() {
        let key = composite_key("owner~digest", &["Org1MSP/甲", "", "ab"]).unwrap();

        assert_eq!(key, "\u{0}owner~digest\u{0}Org1MSP/甲\u{0}\u{0}ab\u{0}");
        assert_eq!(
            split_composite_key(&key).unwrap(),
            ("owner~digest", vec!["Org1MSP/甲", "", "ab"])
        );
    }

    #[test]
    fn parts_that_would_break_the_order_are_refused() {
        assert!(composite_key("a\u{0}b", &[]).is_err());
        assert!(composite_key("a", &["\u{10ffff}"]).is_err());
        assert!(split_composite_key("simple").is_err());
        assert!(range_start("\u{0}a").is_err());
        assert_eq!(range_start("").unwrap(), "\u{1}");
    }
}
