//! Observability: spans (`tracing`), metrics (feature `metrics`), audit records, and correlation headers. Observers never block or change a
//! call.

mod audit;
pub(crate) mod carrier;
pub(crate) mod correlation;
pub(crate) mod listener;
#[cfg(feature = "metrics")]
pub(crate) mod metric;
pub(crate) mod observers;
mod retry_notice;
pub(crate) mod span;
mod template;
pub(crate) mod watch;

pub use self::audit::AuditRecord;
pub use self::correlation::TraceContext;
pub use self::retry_notice::RetryNotice;
