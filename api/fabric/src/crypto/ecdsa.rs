//! ECDSA signatures as numbers: Fabric accepts only the one of `(r, s)` and `(r, n - s)` with the smaller s.
//!
//! Rules from `bccsp/utils/ecdsa.go` of fabric-lib-go and Go's `encoding/asn1`, which ignores bytes that follow the
//! signature, both inside the DER sequence and behind it.

/// The NIST curves that Fabric's software provider signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    P256,
    P384,
    P521,
}

const P256_ORDER: [u8; 32] = unhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
const P384_ORDER: [u8; 48] =
    unhex("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973");
const P521_ORDER: [u8; 66] = unhex(
    "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
);

impl Curve {
    fn order(self) -> &'static [u8] {
        match self {
            Curve::P256 => &P256_ORDER,
            Curve::P384 => &P384_ORDER,
            Curve::P521 => &P521_ORDER,
        }
    }
}

/// A signature whose numbers are greater than zero. Both are big-endian without leading zeros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    r: Vec<u8>,
    s: Vec<u8>,
}

impl Signature {
    /// Reads `SEQUENCE { INTEGER r, INTEGER s }`. `None` for anything but two positive, minimally encoded integers.
    pub fn parse(der: &[u8]) -> Option<Signature> {
        let (sequence, _ignored) = element(0x30, der)?;
        let (r, rest) = element(0x02, sequence)?;
        let (s, _ignored) = element(0x02, rest)?;
        Some(Signature {
            r: positive(r)?,
            s: positive(s)?,
        })
    }

    /// Whether s is at most half the order of the group.
    pub fn is_low_s(&self, curve: Curve) -> bool {
        let half = halve(curve.order());
        let s = pad(&self.s, half.len());
        s.is_some_and(|s| s <= half)
    }

    /// The equivalent signature with low s. `None` when s is not below the order, so that no signature it can be.
    pub fn into_low_s(self, curve: Curve) -> Option<Signature> {
        if self.is_low_s(curve) {
            return Some(self);
        }
        let s = subtract(curve.order(), &pad(&self.s, curve.order().len())?)?;
        Some(Signature {
            r: self.r,
            s: strip(&s).to_vec(),
        })
    }

    /// Canonical DER.
    pub fn to_der(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.r.len() + self.s.len() + 8);
        for number in [&self.r, &self.s] {
            let sign_byte = usize::from(number[0] >= 0x80);
            push_length(0x02, number.len() + sign_byte, &mut body);
            body.extend(std::iter::repeat_n(0, sign_byte));
            body.extend_from_slice(number);
        }
        let mut out = Vec::with_capacity(body.len() + 4);
        push_length(0x30, body.len(), &mut out);
        out.extend_from_slice(&body);
        out
    }
}

/// Splits off one DER element with `tag`: its content and what follows. Lengths must be minimal.
fn element(tag: u8, input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = input.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => {
            let (&length, rest) = rest.split_first().filter(|(length, _)| **length >= 0x80)?;
            (usize::from(length), rest)
        }
        // Two numbers of 66 bytes fit into 255; a longer sequence can only carry more bytes that are ignored.
        0x82 => {
            let (length, rest) = rest.split_first_chunk::<2>().filter(|(length, _)| length[0] > 0)?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        _ => return None,
    };
    (found == tag).then(|| rest.split_at_checked(length)).flatten()
}

fn positive(integer: &[u8]) -> Option<Vec<u8>> {
    match integer {
        [] | [0] => None,
        [0, second, ..] if *second < 0x80 => None,
        [first, ..] if *first >= 0x80 => None,
        _ => Some(strip(integer).to_vec()),
    }
}

fn push_length(tag: u8, length: usize, out: &mut Vec<u8>) {
    out.push(tag);
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        Ok(long) => out.extend([0x81, long]),
        Err(_) => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
}

fn strip(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

fn pad(number: &[u8], length: usize) -> Option<Vec<u8>> {
    let zeros = length.checked_sub(number.len())?;
    Some([vec![0; zeros], number.to_vec()].concat())
}

fn halve(number: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let shift = |byte: &u8| {
        let out = byte >> 1 | carry;
        carry = byte << 7;
        out
    };
    number.iter().map(shift).collect()
}

/// `a - b` for numbers of equal length; `None` when that is not positive.
fn subtract(a: &[u8], b: &[u8]) -> Option<Vec<u8>> {
    if a <= b {
        return None;
    }
    let mut borrow = false;
    let mut out: Vec<u8> = a
        .iter()
        .zip(b)
        .rev()
        .map(|(a, b)| {
            let (difference, under) = a.overflowing_sub(*b);
            let (difference, under_again) = difference.overflowing_sub(u8::from(borrow));
            borrow = under || under_again;
            difference
        })
        .collect();
    out.reverse();
    Some(out)
}

const fn unhex<const N: usize>(digits: &str) -> [u8; N] {
    const fn value(digit: u8) -> u8 {
        match digit {
            b'0'..=b'9' => digit - b'0',
            _ => digit - b'a' + 10,
        }
    }
    let digits = digits.as_bytes();
    assert!(digits.len() == 2 * N);
    let mut out = [0; N];
    let mut i = 0;
    while i < N {
        out[i] = value(digits[2 * i]) << 4 | value(digits[2 * i + 1]);
        i += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half_order_plus(curve: Curve, more: u8) -> Signature {
        let mut s = halve(curve.order());
        *s.last_mut().unwrap() += more;
        Signature {
            r: vec![7],
            s: strip(&s).to_vec(),
        }
    }

    #[test]
    fn the_half_order_is_low_and_one_more_is_high() {
        for curve in [Curve::P256, Curve::P384, Curve::P521] {
            assert!(half_order_plus(curve, 0).is_low_s(curve), "{curve:?}");
            assert!(!half_order_plus(curve, 1).is_low_s(curve), "{curve:?}");
        }
    }

    #[test]
    fn a_high_s_becomes_order_minus_s() {
        let high = half_order_plus(Curve::P256, 1);

        let low = high.into_low_s(Curve::P256).unwrap();

        assert_eq!(low, half_order_plus(Curve::P256, 0), "n is odd: n - (n/2 + 1) = n/2");
    }

    #[test]
    fn an_s_beyond_the_order_is_no_signature() {
        let order = Signature {
            r: vec![1],
            s: P256_ORDER.to_vec(),
        };
        let longer = Signature {
            r: vec![1],
            s: vec![1; 33],
        };

        assert_eq!(
            (order.into_low_s(Curve::P256), longer.into_low_s(Curve::P256)),
            (None, None)
        );
    }

    #[test]
    fn der_round_trips_and_trailing_bytes_are_ignored() {
        let signature = Signature {
            r: vec![0x80; 66],
            s: vec![1; 66],
        };
        let der = signature.to_der();

        assert_eq!(Signature::parse(&der), Some(signature.clone()));
        assert_eq!(Signature::parse(&[&der[..], b"more"].concat()), Some(signature));
        let extra_inside = [0x30, 0x09, 0x02, 0x01, 0x05, 0x02, 0x01, 0x06, 0x02, 0x01, 0x07];
        assert_eq!(
            Signature::parse(&extra_inside),
            Some(Signature { r: vec![5], s: vec![6] })
        );
    }

    #[test]
    fn what_go_refuses_to_read_is_refused() {
        let cases: [(&str, &[u8]); 8] = [
            ("empty", &[]),
            ("zero", &[0x30, 6, 2, 1, 0, 2, 1, 1]),
            ("negative", &[0x30, 6, 2, 1, 0x80, 2, 1, 1]),
            ("padded integer", &[0x30, 7, 2, 2, 0, 1, 2, 1, 1]),
            ("padded length", &[0x30, 0x81, 6, 2, 1, 1, 2, 1, 1]),
            ("one integer", &[0x30, 3, 2, 1, 1]),
            ("cut off", &[0x30, 6, 2, 1, 1, 2, 1]),
            ("another tag", &[0x31, 6, 2, 1, 1, 2, 1, 1]),
        ];
        for (name, der) in cases {
            assert_eq!(Signature::parse(der), None, "{name}");
        }
    }
}
