//! The `cscc` and `qscc` system chaincodes.
