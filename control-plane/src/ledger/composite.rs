//! Composite keys, as people read them: an object type and attributes. On the ledger U+0000 stands before the first, between
//! and behind them (`core/chaincode/shim` of the contract libraries).

const DELIMITER: char = '\u{0}';

/// The object type and the attributes of a composite key. `None`: it is a plain one.
pub fn parts(key: &str) -> Option<Vec<&str>> {
    let inner = key.strip_prefix(DELIMITER)?.strip_suffix(DELIMITER)?;
    (!inner.is_empty()).then(|| inner.split(DELIMITER).collect())
}

/// How composite keys begin of which these are the first parts; the last one may be cut short.
pub fn beginning(parts: &[String]) -> String {
    let before = parts.iter().map(|part| format!("{DELIMITER}{part}"));
    before.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_composite_key_is_read_as_its_parts() {
        assert_eq!(
            parts("\u{0}owner\u{0}bank\u{0}9f\u{0}"),
            Some(vec!["owner", "bank", "9f"])
        );
        assert_eq!(parts("\u{0}owner\u{0}\u{0}"), Some(vec!["owner", ""]));
        for plain in ["invoice-4711", "", "\u{0}", "\u{0}\u{0}", "\u{0}cut", "a\u{0}b\u{0}"] {
            assert_eq!(parts(plain), None, "{plain:?}");
        }
        let key = beginning(&["owner".to_owned(), "ba".to_owned()]);
        assert!("\u{0}owner\u{0}bank\u{0}9f\u{0}".starts_with(&key));
    }
}
