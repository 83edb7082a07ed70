//! Rotation: a newer generation of the credential goes live at once, or after a call has succeeded with it; while it is not usable,
//! the current one stays in use. The call that verifies it is handed in.

use std::sync::Arc;

use digicert_one_core::{Code, Lease, LeaseRequest};

use crate::error::Error;
use crate::generations::{BoundTransport, Chosen};
use crate::settings::Settings;

/// The rotation for one lease request.
pub(crate) struct Rotation<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) request: &'a LeaseRequest,
}

impl Rotation<'_> {
    /// Replaces the current generation by that of the lease, if it is usable; else the current one stays. `verify` makes one call with
    /// a generation that is not in use yet.
    pub(crate) async fn replace<F>(
        &self,
        lease: Lease,
        present: Option<Arc<BoundTransport>>,
        needs_verification: bool,
        verify: impl FnOnce(Arc<BoundTransport>) -> F + Send,
    ) -> Result<Arc<BoundTransport>, Error>
    where
        F: Future<Output = Result<(), Error>> + Send,
    {
        let Self { settings, request } = self;
        if let Some(present) = &present
            && !settings.allow_expired
            && let Err(ended) = lease.validity().check(request.now)
        {
            self.unusable(&lease, &ended.to_string());
            return Ok(Arc::clone(present));
        }
        let bound = match (settings.generations.bind(&lease), &present) {
            (Ok(bound), _) => bound,
            (Err(error), Some(present)) => {
                self.unusable(&lease, &error.to_string());
                return Ok(Arc::clone(present));
            }
            (Err(error), None) => return Err(settings.failed(Some(&lease), request.now, error)),
        };
        match present {
            Some(present) if needs_verification && settings.verification.is_some() => {
                self.verified(bound, present, verify).await
            }
            _ => Ok(settings.generations.install(bound)),
        }
    }

    /// Puts the newer generation to use once a call has succeeded with it. Other calls use the current one in the meantime.
    async fn verified<F>(
        &self,
        candidate: Arc<BoundTransport>,
        present: Arc<BoundTransport>,
        verify: impl FnOnce(Arc<BoundTransport>) -> F + Send,
    ) -> Result<Arc<BoundTransport>, Error>
    where
        F: Future<Output = Result<(), Error>> + Send,
    {
        let generations = &self.settings.generations;
        let Some(_turn) = generations.verifying() else { return Ok(present) };
        // Another caller may just have verified it, or failed to.
        match generations.choose(&candidate.lease, self.request.now) {
            Chosen::Live(bound) => return Ok(bound),
            Chosen::Newer { .. } => {}
        }
        match verify(Arc::clone(&candidate)).await {
            Ok(()) => Ok(generations.install(candidate)),
            Err(error) => {
                self.unusable(&candidate.lease, &error.to_string());
                Ok(present)
            }
        }
    }

    /// Records that a generation is not usable, and logs it.
    fn unusable(&self, lease: &Lease, why: &str) {
        self.settings.generations.refuse(lease.generation(), self.request.now);
        let (code, generation) = (Code::ROT_06, lease.generation());
        tracing::warn!(%code, %generation, source = &**lease.source(), why, "a newer generation is not usable; the previous one stays in use");
    }
}
