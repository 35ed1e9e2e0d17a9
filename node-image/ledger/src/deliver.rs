//! The deliver protocol over a block store, for orderers and peers alike (`common/deliver/deliver.go`): checks a signed
//! seek request, then streams blocks, re-checking the right to read before each one.
