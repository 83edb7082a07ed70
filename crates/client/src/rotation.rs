//! From a lease to what carries it, by way of the rules of rotation: a newer generation goes live at once, or after a call has
//! succeeded with it; what cannot be used leaves the present one in place.

use std::sync::Arc;

use digicert_one_core::{Code, Lease, LeaseNeed, RequestTarget};

use crate::Error;
use crate::attempt::{self, Call};
use crate::client::Settings;
use crate::generations::{Carried, Chosen};

/// The call that has to succeed before a newer generation goes live.
#[derive(Clone, Debug)]
pub(crate) struct Proof(pub(crate) RequestTarget);

/// What carries a call with this lease; an older generation if the newer one is not usable yet. Never one that has ended,
/// unless that is allowed.
pub(crate) async fn carrier(settings: &Settings, lease: Lease, need: &LeaseNeed) -> Result<Arc<Carried>, Error> {
    let carried = match settings.generations.choose(&lease, need.now) {
        Chosen::Live(carried) => carried,
        // Boxed, since it is rare and large: every call would carry it.
        Chosen::Newer { present, needs_proof } => {
            Box::pin(replace(settings, lease, present, needs_proof, need)).await?
        }
    };
    if !settings.allow_expired
        && let Err(ended) = carried.lease.validity().check(need.now)
    {
        return Err(Error::credential(ended.at(&**carried.lease.source())));
    }
    Ok(carried)
}

async fn replace(
    settings: &Settings,
    lease: Lease,
    present: Option<Arc<Carried>>,
    needs_proof: bool,
    need: &LeaseNeed,
) -> Result<Arc<Carried>, Error> {
    if let Some(present) = &present
        && !settings.allow_expired
        && let Err(ended) = lease.validity().check(need.now)
    {
        unusable(settings, &lease, need, &ended.to_string());
        return Ok(Arc::clone(present));
    }
    let carried = match (settings.generations.carry(&lease), &present) {
        (Ok(carried), _) => carried,
        (Err(error), Some(present)) => {
            unusable(settings, &lease, need, &error.to_string());
            return Ok(Arc::clone(present));
        }
        (Err(error), None) => return Err(attempt::failed(settings, Some(&lease), need.now, error)),
    };
    match (&settings.proof, present) {
        (Some(proof), Some(present)) if needs_proof => prove(settings, proof, carried, present, need).await,
        _ => Ok(settings.generations.install(carried)),
    }
}

/// Puts the newer generation to use once a call has succeeded with it. Meanwhile others go on with the present one.
async fn prove(
    settings: &Settings,
    proof: &Proof,
    candidate: Arc<Carried>,
    present: Arc<Carried>,
    need: &LeaseNeed,
) -> Result<Arc<Carried>, Error> {
    let Some(_turn) = settings.generations.proving() else { return Ok(present) };
    // Another caller may just have proved it, or failed to.
    match settings.generations.choose(&candidate.lease, need.now) {
        Chosen::Live(carried) => return Ok(carried),
        Chosen::Newer { .. } => {}
    }
    match attempt::proves(settings, &Call::get(proof.0.clone()), &candidate).await {
        Ok(()) => Ok(settings.generations.install(candidate)),
        Err(error) => {
            unusable(settings, &candidate.lease, need, &error.to_string());
            Ok(present)
        }
    }
}

/// Leaves a generation alone for a while and says so once a try.
fn unusable(settings: &Settings, lease: &Lease, need: &LeaseNeed, why: &str) {
    settings.generations.refuse(lease.generation(), need.now);
    let (code, generation) = (Code::ROT_06, lease.generation());
    tracing::warn!(%code, %generation, source = &**lease.source(), why, "a newer generation is not usable; the one before it stays");
}
