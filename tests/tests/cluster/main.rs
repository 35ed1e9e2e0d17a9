//! The Kubernetes that other tests stand on, and what a chain needs of it.

mod image;
mod network;
mod pods;
mod resources;
mod storage;
