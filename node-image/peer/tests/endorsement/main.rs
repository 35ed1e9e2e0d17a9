//! The endorser with a real ledger: proposals in, blocks made of the answers, and contracts as processes.

mod contract;
mod lifecycle;
mod network;
mod official_shim;
mod refusals;
