//! What the end-to-end tests share: the project's executables, stock Fabric's where they are present, a platform, a
//! certificate authority or a Kubernetes cluster of their own, and waiting for conditions.

pub mod authority;
pub mod by_hand;
pub mod charts;
pub mod clients;
pub mod cluster;
pub mod executables;
pub mod openid;
pub mod platform;
pub mod python;
pub mod skip;
pub mod store;
pub mod wait;
