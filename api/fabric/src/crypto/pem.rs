//! PEM as Go's `encoding/pem` reads and writes it. Stock nodes take an identity's bytes through it, so what is a
//! certificate and what is not must come out the same here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// One PEM block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block<'a> {
    /// What stands between `-----BEGIN ` and the dashes.
    pub label: &'a str,
    pub contents: Vec<u8>,
    /// What follows the block's last line.
    pub rest: &'a [u8],
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"\n-----END ";
const DASHES: &[u8] = b"-----";

/// The first well-formed block of `data`. Text before it, and malformed blocks, are skipped.
pub fn first(data: &[u8]) -> Option<Block<'_>> {
    let mut rest = data;
    loop {
        let end = find(rest, END)?;
        let after_end = &rest[end + END.len()..];
        if let Some(block) = block(&rest[..end], after_end) {
            return Some(block);
        }
        rest = after_end;
    }
}

/// Every block of `data`, in order.
pub fn all(data: &[u8]) -> impl Iterator<Item = Block<'_>> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let block = first(rest)?;
        rest = block.rest;
        Some(block)
    })
}

/// Encodes with lines of 64 characters that end with a line feed.
pub fn encode(label: &str, contents: &[u8]) -> String {
    let mut out = format!("-----BEGIN {label}-----\n");
    let text = STANDARD.encode(contents);
    for line in text.as_bytes().chunks(64) {
        out.extend(line.iter().map(|byte| char::from(*byte)));
        out.push('\n');
    }
    out + "-----END " + label + "-----\n"
}

/// `before` reaches up to the line feed before `-----END `, `after` starts behind these words.
fn block<'a>(before: &'a [u8], after: &'a [u8]) -> Option<Block<'a>> {
    let begin = before.windows(BEGIN.len()).rposition(|window| window == BEGIN)?;
    if begin > 0 && before[begin - 1] != b'\n' {
        return None;
    }
    let (type_line, mut body) = line(&before[begin + BEGIN.len()..]);
    let label = type_line.strip_suffix(DASHES)?;
    while let (header, next) = line(body)
        && header.contains(&b':')
    {
        if next.is_empty() && !body.contains(&b'\n') {
            return None; // Between headers and the end there must be a line.
        }
        body = next;
    }
    let (end_line, rest) = line(after);
    if end_line != [label, DASHES].concat() {
        return None;
    }
    let text: Vec<u8> = body.iter().copied().filter(|byte| !b" \t\r\n".contains(byte)).collect();
    let contents = STANDARD.decode(text).ok()?;
    Some(Block {
        label: std::str::from_utf8(label).ok()?,
        contents,
        rest,
    })
}

/// The first line without its end and the white space before it, and what follows.
fn line(data: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = match data.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, &data[data.len()..]),
    };
    (line.trim_ascii_end(), rest)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_read_back() {
        for length in [0, 1, 47, 48, 49, 500] {
            let contents = vec![0xa5; length];
            let text = encode("CERTIFICATE", &contents);

            let block = first(text.as_bytes()).unwrap();

            assert_eq!(
                block,
                Block {
                    label: "CERTIFICATE",
                    contents,
                    rest: b""
                },
                "{length} bytes"
            );
        }
    }

    #[test]
    fn text_headers_and_carriage_returns_are_skipped() {
        let text = "Subject: CN=me\r\n-----BEGIN X-----\r\nProc-Type: 4\r\n\r\nAQ ID\r\n-----END X-----\r\nrest";

        let block = first(text.as_bytes()).unwrap();

        assert_eq!(
            block,
            Block {
                label: "X",
                contents: vec![1, 2, 3],
                rest: b"rest"
            }
        );
    }

    #[test]
    fn a_damaged_block_is_skipped_for_the_next_one() {
        let text = "-----BEGIN A-----\n!!!!\n-----END A-----\n-----BEGIN B-----\nAQID\n-----END B-----\n";

        assert_eq!(first(text.as_bytes()).unwrap().label, "B");
        assert_eq!(all(text.as_bytes()).count(), 1);
    }

    #[test]
    fn what_is_no_block_is_none() {
        let cases = [
            "",
            "-----BEGIN A-----\nAQID\n",
            "-----BEGIN A-----\nAQID\n-----END B-----\n",
            " -----BEGIN A-----\nAQID\n-----END A-----\n",
            "-----BEGIN A-----\nAQID\n-----END A----- x\n",
            "-----BEGIN A\nAQID\n-----END A-----\n",
        ];
        for case in cases {
            assert_eq!(first(case.as_bytes()), None, "{case:?}");
        }
    }
}
