//! Where a request stands in a trace that may span several programs (W3C Trace Context), and the export of such traces.

pub mod context;
pub mod export;

pub use context::TraceContext;
