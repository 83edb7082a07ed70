//! From a lease to what carries it, by way of the rules of rotation: a newer generation goes live at once, or after a call has
//! succeeded with it; what cannot be used leaves the present one in place. The call that proves it is made by whoever asks.

use std::sync::Arc;

use digicert_one_core::{Code, Lease, LeaseNeed};

use crate::error::Error;
use crate::generations::{Carried, Chosen};
use crate::settings::Settings;

/// A lease that asks for what carries it.
pub(crate) struct Rotation<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) need: &'a LeaseNeed,
}

impl Rotation<'_> {
    /// What carries a call with this lease; an older generation if the newer one is not usable yet. Never one that has ended,
    /// unless that is allowed. `prove` makes one call with a generation that is not live.
    pub(crate) async fn carrier<F>(
        &self,
        lease: Lease,
        prove: impl FnOnce(Arc<Carried>) -> F + Send,
    ) -> Result<Arc<Carried>, Error>
    where
        F: Future<Output = Result<(), Error>> + Send,
    {
        let carried = match self.settings.generations.choose(&lease, self.need.now) {
            Chosen::Live(carried) => carried,
            // Boxed, since it is rare and large: every call would carry it.
            Chosen::Newer { present, needs_proof } => {
                Box::pin(self.replace(lease, present, needs_proof, prove)).await?
            }
        };
        if !self.settings.allow_expired
            && let Err(ended) = carried.lease.validity().check(self.need.now)
        {
            return Err(Error::credential(ended.at(&**carried.lease.source())));
        }
        Ok(carried)
    }

    async fn replace<F>(
        &self,
        lease: Lease,
        present: Option<Arc<Carried>>,
        needs_proof: bool,
        prove: impl FnOnce(Arc<Carried>) -> F + Send,
    ) -> Result<Arc<Carried>, Error>
    where
        F: Future<Output = Result<(), Error>> + Send,
    {
        let Self { settings, need } = self;
        if let Some(present) = &present
            && !settings.allow_expired
            && let Err(ended) = lease.validity().check(need.now)
        {
            self.unusable(&lease, &ended.to_string());
            return Ok(Arc::clone(present));
        }
        let carried = match (settings.generations.carry(&lease), &present) {
            (Ok(carried), _) => carried,
            (Err(error), Some(present)) => {
                self.unusable(&lease, &error.to_string());
                return Ok(Arc::clone(present));
            }
            (Err(error), None) => return Err(settings.failed(Some(&lease), need.now, error)),
        };
        match present {
            Some(present) if needs_proof && settings.proof.is_some() => self.prove(carried, present, prove).await,
            _ => Ok(settings.generations.install(carried)),
        }
    }

    /// Puts the newer generation to use once a call has succeeded with it. Meanwhile others go on with the present one.
    async fn prove<F>(
        &self,
        candidate: Arc<Carried>,
        present: Arc<Carried>,
        prove: impl FnOnce(Arc<Carried>) -> F + Send,
    ) -> Result<Arc<Carried>, Error>
    where
        F: Future<Output = Result<(), Error>> + Send,
    {
        let generations = &self.settings.generations;
        let Some(_turn) = generations.proving() else { return Ok(present) };
        // Another caller may just have proved it, or failed to.
        match generations.choose(&candidate.lease, self.need.now) {
            Chosen::Live(carried) => return Ok(carried),
            Chosen::Newer { .. } => {}
        }
        match prove(Arc::clone(&candidate)).await {
            Ok(()) => Ok(generations.install(candidate)),
            Err(error) => {
                self.unusable(&candidate.lease, &error.to_string());
                Ok(present)
            }
        }
    }

    /// Leaves a generation alone for a while and says so once a try.
    fn unusable(&self, lease: &Lease, why: &str) {
        self.settings.generations.refuse(lease.generation(), self.need.now);
        let (code, generation) = (Code::ROT_06, lease.generation());
        tracing::warn!(%code, %generation, source = &**lease.source(), why, "a newer generation is not usable; the one before it stays");
    }
}
