//! Writes the few ASN.1 values that certificates and revocation lists are made of.
//!
//! rcgen is not used for them: it keeps one value for each kind of name, and Fabric CA puts type and affiliation into
//! several organizational units; and it writes an issuer's name anew, where verifiers compare it byte by byte with the
//! name in an issuer's certificate that somebody else may have made.

use chrono::{DateTime, Datelike as _};

/// RFC 5280: years from 2050 on do not fit UTCTime.
const LAST_UTC_YEAR: i32 = 2049;

pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let bytes = length.to_be_bytes();
        let skip = bytes.iter().take_while(|byte| **byte == 0).count();
        out.push(0x80 | (bytes.len() - skip) as u8);
        out.extend_from_slice(&bytes[skip..]);
    }
    out.extend_from_slice(content);
    out
}

pub fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// SET OF: DER wants its members in order.
pub fn set(mut members: Vec<Vec<u8>>) -> Vec<u8> {
    members.sort();
    tlv(0x31, &members.concat())
}

/// `[number] EXPLICIT`.
pub fn explicit(number: u8, content: &[u8]) -> Vec<u8> {
    tlv(0xa0 | number, content)
}

/// `[number] IMPLICIT` of a primitive type.
pub fn implicit(number: u8, content: &[u8]) -> Vec<u8> {
    tlv(0x80 | number, content)
}

/// A non-negative number, given by its bytes.
pub fn integer(bytes: &[u8]) -> Vec<u8> {
    let skip = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut content = bytes[skip..].to_vec();
    if content.first().is_none_or(|first| first & 0x80 != 0) {
        content.insert(0, 0);
    }
    tlv(0x02, &content)
}

pub fn boolean(value: bool) -> Vec<u8> {
    tlv(0x01, &[if value { 0xff } else { 0 }])
}

pub fn octets(content: &[u8]) -> Vec<u8> {
    tlv(0x04, content)
}

/// `unused`: how many of the last byte's low bits do not belong to it.
pub fn bits(content: &[u8], unused: u8) -> Vec<u8> {
    tlv(0x03, &[&[unused], content].concat())
}

pub fn utf8(text: &str) -> Vec<u8> {
    tlv(0x0c, text.as_bytes())
}

pub fn printable(text: &str) -> Vec<u8> {
    tlv(0x13, text.as_bytes())
}

pub fn oid(arcs: &[u64]) -> Vec<u8> {
    let mut content = Vec::new();
    let (first, rest) = match arcs {
        [first, second, rest @ ..] => (first * 40 + second, rest),
        _ => (0, arcs),
    };
    for arc in std::iter::once(&first).chain(rest) {
        let groups = (1..10).take_while(|group| arc >> (7 * group) != 0).count();
        for group in (1..=groups).rev() {
            content.push(0x80 | (arc >> (7 * group)) as u8 & 0x7f);
        }
        content.push((arc & 0x7f) as u8);
    }
    tlv(0x06, &content)
}

/// A time, given in seconds since the Unix epoch.
pub fn time(seconds: i64) -> Vec<u8> {
    let moment = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    match moment.year() <= LAST_UTC_YEAR {
        true => tlv(0x17, moment.format("%y%m%d%H%M%SZ").to_string().as_bytes()),
        false => tlv(0x18, moment.format("%Y%m%d%H%M%SZ").to_string().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_numbers_and_identifiers_are_as_the_standard_writes_them() {
        assert_eq!(tlv(0x04, &[7; 3]), [4, 3, 7, 7, 7]);
        assert_eq!(tlv(0x04, &[0; 200])[..3], [4, 0x81, 200]);
        assert_eq!(tlv(0x04, &[0; 300])[..4], [4, 0x82, 1, 44]);
        assert_eq!(integer(&[0, 0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(integer(&[0]), [2, 1, 0]);
        assert_eq!(
            oid(&[1, 2, 840, 10045, 4, 3, 2]),
            [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]
        );
        assert_eq!(oid(&[2, 5, 29, 35]), [6, 3, 0x55, 0x1d, 0x23]);
    }

    #[test]
    fn a_time_has_two_digits_for_its_year_as_long_as_that_is_clear() {
        assert_eq!(time(0), tlv(0x17, b"700101000000Z"));
        assert_eq!(time(2_556_144_000), tlv(0x18, b"20510101000000Z"));
    }
}
