//! The Kubernetes that other tests stand on, and what a chain needs of it.

mod chain;
mod edits;
mod image;
mod isolation;
mod leader;
mod loss;
mod network;
mod operator;
mod platform;
mod pods;
mod registry;
mod resources;
mod storage;
mod trouble;
mod upgrade;
mod vault;
