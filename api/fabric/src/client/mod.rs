//! Clients of a node's services.
