//! Proposals that are refused before anything runs.
