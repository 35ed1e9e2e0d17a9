//! The `_lifecycle` system chaincode.
