//! TLS as Fabric's nodes speak it.
