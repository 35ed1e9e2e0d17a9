//! From text to envelope.

use prost::Message as _;

use super::ROLES;
use crate::proto::common::msp_principal::Classification;
use crate::proto::common::signature_policy::{NOutOf, Type};
use crate::proto::common::{MspPrincipal, MspRole, SignaturePolicy, SignaturePolicyEnvelope};

/// Longer texts, and deeper nesting, are refused: a policy is decoded by every peer, with a limit on depth.
const MAX_LENGTH: usize = 64 * 1024;
const MAX_DEPTH: usize = 32;

/// Parses a policy expression (`common/policydsl/policyparser.go`). The error names what was not understood.
pub fn parse(expression: &str) -> Result<SignaturePolicyEnvelope, String> {
    if expression.len() > MAX_LENGTH {
        return Err(format!(
            "the policy has {} characters; at most {MAX_LENGTH} are accepted",
            expression.len()
        ));
    }
    let mut parser = Parser {
        text: expression,
        at: 0,
        identities: Vec::new(),
    };
    let rule = match parser.argument(0)? {
        Argument::Gate(rule) => rule,
        Argument::Text(_) | Argument::Number(_) => {
            return Err(format!(
                "invalid policy string '{expression}'; write AND(…), OR(…) or OutOf(n, …)"
            ));
        }
    };
    parser.skip_space();
    if parser.at < expression.len() {
        return Err(format!("unexpected '{}' after the policy", &expression[parser.at..]));
    }
    Ok(SignaturePolicyEnvelope {
        version: 0,
        rule: Some(rule),
        identities: parser.identities,
    })
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    identities: Vec<MspPrincipal>,
}

enum Argument {
    Gate(SignaturePolicy),
    Text(String),
    Number(i64),
}

impl Parser<'_> {
    fn argument(&mut self, depth: usize) -> Result<Argument, String> {
        if depth > MAX_DEPTH {
            return Err(format!("the policy is nested deeper than {MAX_DEPTH} gates"));
        }
        self.skip_space();
        let rest = &self.text[self.at..];
        match rest.chars().next() {
            None => Err("the policy ends too early".into()),
            Some(quote @ ('\'' | '"' | '`')) => self.quoted(quote),
            Some(digit) if digit.is_ascii_digit() => {
                let digits = self.take_while(|c| c.is_ascii_digit());
                digits
                    .parse()
                    .map(Argument::Number)
                    .map_err(|_| format!("the number {digits} is too large"))
            }
            Some(letter) if letter.is_alphabetic() || letter == '_' => {
                let name = self.take_while(|c| c.is_alphanumeric() || c == '_' || c == '.' || c == '-');
                self.gate(&name, depth)
            }
            Some(other) => Err(format!(
                "unexpected character '{other}' at position {} of the policy",
                self.at + 1
            )),
        }
    }

    fn quoted(&mut self, quote: char) -> Result<Argument, String> {
        self.at += quote.len_utf8();
        let text = self.take_while(|c| c != quote);
        if !self.text[self.at..].starts_with(quote) {
            return Err(format!("the quote before {text} is not closed"));
        }
        self.at += quote.len_utf8();
        Ok(Argument::Text(text))
    }

    fn gate(&mut self, name: &str, depth: usize) -> Result<Argument, String> {
        let mut arguments = match self.arguments(name, depth)? {
            Some(arguments) => arguments.into_iter(),
            None => return Err(format!("unrecognized token '{name}' in policy string")),
        };
        let count = arguments.len();
        let n = match name {
            "And" | "and" | "AND" => i64::try_from(count).unwrap_or(i64::MAX),
            "Or" | "or" | "OR" => 1,
            "OutOf" | "outof" | "OUTOF" => match arguments.next() {
                Some(Argument::Number(n)) => n,
                Some(Argument::Text(text)) => text
                    .parse()
                    .map_err(|_| format!("OutOf starts with a number, not with '{text}'"))?,
                Some(Argument::Gate(_)) => return Err("OutOf starts with a number, not with another gate".into()),
                None => return Err("expected at least two arguments to NOutOf. Given 0".into()),
            },
            _ => return Err(format!("unrecognized token '{name}' in policy string")),
        };
        if arguments.len() == 0 {
            return Err("expected at least two arguments to NOutOf. Given 1".into());
        }
        let rules = arguments
            .map(|argument| self.rule(argument))
            .collect::<Result<Vec<_>, String>>()?;
        out_of(n, rules).map(Argument::Gate)
    }

    /// `None` when no parenthesis follows.
    fn arguments(&mut self, name: &str, depth: usize) -> Result<Option<Vec<Argument>>, String> {
        if !self.accept('(') {
            return Ok(None);
        }
        let mut arguments = Vec::new();
        if self.accept(')') {
            return Ok(Some(arguments));
        }
        loop {
            arguments.push(self.argument(depth + 1)?);
            if self.accept(')') {
                return Ok(Some(arguments));
            }
            if !self.accept(',') {
                return Err(format!(
                    "expected ',' or ')' at position {} of the policy, in {name}(…)",
                    self.at + 1
                ));
            }
        }
    }

    /// Principals are numbered when their gate is complete, so after those of the gates inside it.
    fn rule(&mut self, argument: Argument) -> Result<SignaturePolicy, String> {
        let text = match argument {
            Argument::Gate(rule) => return Ok(rule),
            Argument::Number(n) => {
                return Err(format!("unrecognized type, expected a principal or a policy, got {n}"));
            }
            Argument::Text(text) => text,
        };
        let index = i32::try_from(self.identities.len()).map_err(|_| "the policy has too many principals")?;
        self.identities.push(principal(&text)?);
        Ok(SignaturePolicy {
            r#type: Some(Type::SignedBy(index)),
        })
    }

    fn skip_space(&mut self) {
        self.take_while(char::is_whitespace);
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> String {
        let rest = &self.text[self.at..];
        let length = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        self.at += length;
        rest[..length].to_owned()
    }

    fn accept(&mut self, expected: char) -> bool {
        self.skip_space();
        let accepted = self.text[self.at..].starts_with(expected);
        self.at += if accepted { expected.len_utf8() } else { 0 };
        accepted
    }
}

/// `t` may be one more than there are rules: nobody satisfies such a policy, which is a way to forbid.
fn out_of(n: i64, rules: Vec<SignaturePolicy>) -> Result<SignaturePolicy, String> {
    let most = i64::try_from(rules.len()).unwrap_or(i64::MAX).saturating_add(1);
    let n = i32::try_from(n)
        .ok()
        .filter(|n| (0..=most).contains(&i64::from(*n)))
        .ok_or_else(|| format!("invalid t-out-of-n predicate, t {n}, n {}", rules.len()))?;
    Ok(SignaturePolicy {
        r#type: Some(Type::NOutOf(NOutOf { n, rules })),
    })
}

fn principal(text: &str) -> Result<MspPrincipal, String> {
    let refused = || {
        format!(
            "error parsing principal {text}; write 'MSPID.role' with the role member, admin, client, peer or orderer"
        )
    };
    let (msp, role) = text.rsplit_once('.').ok_or_else(refused)?;
    let (_, role) = ROLES.iter().find(|(name, _)| *name == role).ok_or_else(refused)?;
    if msp.is_empty() || !msp.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-') {
        return Err(refused());
    }
    let role = MspRole {
        msp_identifier: msp.to_owned(),
        role: *role as i32,
    };
    Ok(MspPrincipal {
        principal_classification: Classification::Role as i32,
        principal: role.encode_to_vec(),
    })
}
