//! An organization's certificate authority: one name, an identity CA and a TLS CA behind it, Fabric CA's REST API in
//! front.
//!
//! A request passes [`rest`] (decode, recognize the caller) → [`CertificateAuthority`] (decide, sign, record) →
//! [`store`]. What the decisions are made of is pure: [`attribute`], [`affiliation`], [`identity`], [`csr`],
//! [`token`]. `entente-node ca` serves one authority from a folder; a platform serves many of them, with issuers whose
//! keys it keeps itself, through the same [`rest::router`].

pub mod affiliation;
pub mod attribute;
pub mod authority;
pub mod certificate;
pub mod csr;
mod der;
pub mod folder;
pub mod identity;
pub mod issuer;
pub mod keys;
pub mod metrics;
pub mod refusal;
pub mod rest;
pub mod secret;
pub mod store;
pub mod token;

pub use authority::{CertificateAuthority, Face, Settings, now};
