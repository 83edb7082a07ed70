//! The observers of a client.

use http::HeaderMap;

use super::audit::AuditRecord;
use super::correlation::{TRANSACTION_ID, Tracer, fresh_transaction_id};
use super::listener::Listener;
use super::retry_notice::RetryNotice;

/// The observers of a client.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observers {
    pub(crate) audit: Option<Listener<AuditRecord>>,
    pub(crate) tracer: Option<Tracer>,
    pub(crate) retries: Option<Listener<RetryNotice>>,
    /// Whether each call gets a transaction id.
    pub(crate) transaction_ids: bool,
}

impl Observers {
    /// Adds the headers that all attempts of a call share.
    pub(crate) fn mark_call(&self, headers: &mut HeaderMap) {
        if self.transaction_ids && !headers.contains_key(TRANSACTION_ID) {
            headers.insert(TRANSACTION_ID, fresh_transaction_id());
        }
    }

    /// Adds the headers of one attempt.
    pub(crate) fn mark_attempt(&self, headers: &mut HeaderMap) {
        if let Some(tracer) = &self.tracer {
            tracer.write(headers);
        }
    }

    /// Completes when all listeners have been called with all values.
    pub(crate) async fn drained(&self) {
        if let Some(audit) = &self.audit {
            audit.drained().await;
        }
        if let Some(retries) = &self.retries {
            retries.drained().await;
        }
    }

    /// Reports a retry before its delay. The notice is created only if there is a listener.
    pub(crate) fn retries(&self, notice: impl FnOnce() -> RetryNotice) {
        if let Some(retries) = &self.retries {
            retries.send(notice());
        }
    }
}
