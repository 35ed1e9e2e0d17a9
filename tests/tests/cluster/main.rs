//! The Kubernetes that other tests stand on, and what a chain needs of it.

mod bench;
mod chain;
mod crash;
mod edits;
mod image;
mod isolation;
mod leader;
mod load;
mod loss;
mod network;
mod operator;
mod outside;
mod platform;
mod pods;
mod registry;
mod replicas;
mod resources;
mod storage;
mod tenants;
mod trouble;
mod upgrade;
mod vault;
mod versions;
