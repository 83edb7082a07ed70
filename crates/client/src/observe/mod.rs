//! Seeing what the client does: spans (`tracing`), metrics (feature `metrics`), audit records, and the ids by which a call is found
//! again elsewhere. Nothing in here changes a call, and nothing that listens can hold one up or break it.

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
