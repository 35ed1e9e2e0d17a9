//! The policy language of `peer --signature-policy`: `AND('Org1MSP.member', OutOf(1, …))`.

use crate::proto::common::SignaturePolicyEnvelope;

/// Parses a policy expression (`common/policydsl/policyparser.go`). The error names what was not understood.
pub fn parse(_expression: &str) -> Result<SignaturePolicyEnvelope, String> {
    unimplemented!()
}
