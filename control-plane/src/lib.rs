//! The Entente platform in one process: the REST API, the operator that makes its resources true, and the command line
//! that is a client of the first.

pub mod access;
mod api;
pub mod audit;
pub mod backup;
mod ca;
pub mod certificate;
pub mod cli;
mod console;
pub mod ledger;
pub mod migrate;
pub mod nodes;
pub mod oidc;
pub mod operate;
pub mod operation;
pub mod rest;
pub mod seal;
pub mod serve;
pub mod store;
pub mod trace;
mod trust;
pub mod up;
mod uri;
pub mod webhook;
