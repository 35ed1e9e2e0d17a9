//! The policy language of `peer --signature-policy`: `AND('Org1MSP.member', OutOf(1, …))`.
//!
//! Stock parses it with a general expression evaluator (`common/policydsl/policyparser.go`); what is understood here is
//! the language that its documentation describes. Principals are numbered as stock numbers them, inner gates first.

mod parser;
mod printer;

pub use parser::parse;
pub use printer::print;

use crate::proto::common::msp_role::MspRoleType;

/// The roles of the language.
const ROLES: [(&str, MspRoleType); 5] = [
    ("member", MspRoleType::Member),
    ("admin", MspRoleType::Admin),
    ("client", MspRoleType::Client),
    ("peer", MspRoleType::Peer),
    ("orderer", MspRoleType::Orderer),
];

#[cfg(test)]
mod tests;
