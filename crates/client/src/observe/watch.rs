//! Reports the outcome of a call to the metrics and the audit listener, also if the call was dropped.

use std::sync::Arc;
use std::time::SystemTime;

use digicert_one_core::Clock;
use http::{HeaderValue, Method};

use super::audit::AuditRecord;
use super::correlation::TRANSACTION_ID;
use super::observers::Observers;
use super::template::Template;
use crate::call::Call;
use crate::call_progress::CallProgress;
use crate::decode;
use crate::error::Error;
use crate::response::Response;

/// A call in progress. Dropped without [`end`](Self::end), it reports the call as dropped.
pub(crate) struct CallWatch<'a> {
    observers: &'a Observers,
    clock: &'a Arc<dyn Clock>,
    pub(crate) progress: CallProgress,
    #[cfg(feature = "metrics")]
    method: Method,
    audited: Option<Box<AuditContext>>,
    reported: bool,
}

/// The parts of a call for its audit record.
struct AuditContext {
    at: SystemTime,
    method: Method,
    template: Arc<str>,
    transaction_id: Option<HeaderValue>,
}

impl<'a> CallWatch<'a> {
    pub(crate) fn begin(
        observers: &'a Observers,
        clock: &'a Arc<dyn Clock>,
        call: &Call,
        progress: CallProgress,
    ) -> Self {
        let audited = observers.audit.as_ref().map(|_| {
            Box::new(AuditContext {
                at: progress.start(),
                method: call.method.clone(),
                template: Template::of(&call.target, call.template).to_string().into(),
                transaction_id: call.headers.get(TRANSACTION_ID).cloned(),
            })
        });
        Self {
            observers,
            clock,
            progress,
            #[cfg(feature = "metrics")]
            method: call.method.clone(),
            audited,
            reported: false,
        }
    }

    /// Reports the outcome.
    pub(crate) fn end(mut self, outcome: &Result<Response, Error>) {
        self.report(Some(outcome));
    }

    /// Reports once, at the end or when dropped.
    fn report(&mut self, outcome: Option<&Result<Response, Error>>) {
        if std::mem::replace(&mut self.reported, true) {
            return;
        }
        #[cfg(feature = "metrics")]
        super::metric::called(&self.method, outcome, self.progress.attempts());
        let (Some(audit), Some(context)) = (&self.observers.audit, self.audited.take()) else { return };
        let (status, code, request_id) = match outcome {
            None => (None, None, None),
            Some(Ok(response)) => (Some(response.status()), None, decode::request_id(response.headers())),
            Some(Err(error)) => {
                let request_id = error.response().and_then(|response| response.request_id.clone());
                (error.status(), Some(error.code()), request_id)
            }
        };
        let carrier = self.progress.carrier();
        audit.send(AuditRecord {
            at: context.at,
            took: self.clock.now().duration_since(context.at).unwrap_or_default(),
            method: context.method,
            template: context.template,
            host: carrier.map(|carrier| Arc::clone(&carrier.host)),
            mode: carrier.and_then(|carrier| carrier.mode),
            caller: carrier.and_then(|carrier| carrier.caller),
            certificate: carrier.and_then(|carrier| carrier.certificate),
            generation: carrier.and_then(|carrier| carrier.generation),
            status,
            code,
            attempts: self.progress.attempts(),
            transaction_id: context.transaction_id.and_then(|id| Some(id.to_str().ok()?.to_owned())),
            request_id,
            missed: 0,
        });
    }
}

impl Drop for CallWatch<'_> {
    fn drop(&mut self) {
        self.report(None);
    }
}
