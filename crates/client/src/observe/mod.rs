//! Observability: spans (`tracing`), metrics (feature `metrics`), audit records, and correlation headers. Observers never block or change a
//! call.

pub(crate) mod audit;
pub(crate) mod carrier;
pub(crate) mod correlation;
pub(crate) mod listener;
#[cfg(feature = "metrics")]
pub(crate) mod metric;
pub(crate) mod observers;
pub(crate) mod retry_notice;
pub(crate) mod span;
mod template;
pub(crate) mod watch;
