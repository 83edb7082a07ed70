//! Finds the bearer of an attempt: the current lease of the credential with its transport, or the authoriser of the call.

use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use digicert_one_core::{CredentialError, Generation, HostRole, Lease, LeaseRequest};
use futures_util::future::{Either, select};
use futures_util::{FutureExt as _, poll};
use tracing::Span;

use crate::attempt::{Attempts, Boxed};
use crate::bearer::{Authorised, Bearer};
use crate::call::{Authentication, Statuses};
use crate::call_progress::CallProgress;
use crate::error::{Error, ErrorKind};
use crate::generations::{BoundTransport, Chosen};
#[cfg(feature = "metrics")]
use crate::observe::metric;
use crate::places::{OtherHost, same_place};
use crate::rotation::Rotation;
use crate::settings::Settings;

impl Settings {
    /// The lease for one attempt with its transport, and the current time: that of the request, unless the credential made us wait.
    pub(crate) async fn leased(
        &self,
        request: &LeaseRequest,
        within: Duration,
    ) -> Result<(Arc<BoundTransport>, SystemTime), Error> {
        let mut asked = self.credential.lease(request);
        let at_hand = (&mut asked).now_or_never();
        let (bound, now) = match &at_hand {
            Some(Ok(lease)) if let Chosen::Live(bound) = self.generations.choose(lease, request.now) => {
                (bound, request.now)
            }
            // Boxed, since it is rare and large: the future of every call would be as large.
            _ => Box::pin(self.obtain(at_hand, asked, request, within)).await?,
        };
        if !self.allow_expired
            && let Err(expired) = bound.lease.validity().check(request.now)
        {
            return Err(Error::credential(expired.at(&**bound.lease.source())));
        }
        self.reminders.check(&bound.lease, request.now);
        Ok((bound, now))
    }

    /// As [`leased`](Self::leased), from a credential that has to be waited for, or that has another generation.
    async fn obtain(
        &self,
        at_hand: Option<Result<Lease, CredentialError>>,
        asked: Boxed<'_, Result<Lease, CredentialError>>,
        request: &LeaseRequest,
        within: Duration,
    ) -> Result<(Arc<BoundTransport>, SystemTime), Error> {
        let leased = match at_hand {
            Some(leased) => leased,
            None => self.in_time(asked, within.min(self.total)).await?,
        };
        let lease = leased.map_err(Error::credential)?;
        let bound = match self.generations.choose(&lease, request.now) {
            Chosen::Live(bound) => bound,
            Chosen::Newer { present, needs_verification } => {
                let rotation = Rotation { settings: self, request };
                rotation.replace(lease, present, needs_verification, |candidate| self.verify(candidate)).await?
            }
        };
        Ok((bound, self.clock.now()))
    }

    /// The output of `work`, within this time. What is ready at once costs no timer.
    pub(crate) async fn in_time<T>(&self, mut work: Boxed<'_, T>, within: Duration) -> Result<T, Error> {
        if let Poll::Ready(done) = poll!(&mut work) {
            return Ok(done);
        }
        match select(work, self.clock.limit(within)).await {
            Either::Left((done, _)) => Ok(done),
            Either::Right(_) => Err(Error::too_late(within)),
        }
    }

    /// Verifies a credential with one attempt of the call that was configured for it. A redirect verifies nothing.
    async fn verify(&self, candidate: Arc<BoundTransport>) -> Result<(), Error> {
        let Some(mut call) = self.verification.as_deref().cloned() else { return Ok(()) };
        let mut progress = CallProgress::begin(self.clock.now(), self.deadline);
        let mut attempts = Attempts::new(self, &mut call, Statuses::ErrorsAreErrors, &mut progress);
        let response = attempts.exchange(&mut Bearer::Lease(candidate), &Span::none()).await?;
        match response.status().is_success() {
            // The login page of a captive portal says nothing about the credential.
            true if response.is_web_page() => {
                Err(Error::local(ErrorKind::Decode, "the verification call got a web page, not a response of the API"))
            }
            true => Ok(()),
            false => Err(Error::local(ErrorKind::Redirect, format!("the verification call got {}", response.status()))),
        }
    }
}

impl Attempts<'_> {
    /// The bearer of the next attempt. The credential is asked once for each.
    pub(crate) async fn bearer(&mut self, newer_than: Option<Generation>) -> Result<Bearer, Error> {
        let settings = self.settings;
        // The first attempt begins with the call.
        if self.progress.attempts() > 0 {
            self.now = settings.clock.now();
        }
        match &self.call.authentication {
            Authentication::Credential => {
                let mut request = LeaseRequest::at(self.now);
                request.newer_than = newer_than;
                let (bound, now) = settings.leased(&request, self.progress.left(self.now)).await?;
                self.now = now;
                #[cfg(feature = "metrics")]
                metric::leased(&bound.lease, request.now);
                Ok(Bearer::Lease(bound))
            }
            Authentication::None => {
                let transport = settings.generations.anonymous();
                transport.map(Bearer::Anonymous).map_err(|error| settings.failed(None, self.now, error))
            }
            Authentication::Other(_) => self.authorised(),
        }
    }

    /// The bearer of a call with an authoriser of its own, which is asked when the attempt has begun.
    fn authorised(&self) -> Result<Bearer, Error> {
        let (settings, now) = (self.settings, self.now);
        let origin = self.call.authorised().and_then(|other| other.origin.as_ref());
        let (transport, in_use) = match origin {
            Some(origin) if !same_place(origin, settings.origin(None)?) => {
                let place = settings.places.to(origin, settings.generations.connector());
                let OtherHost { transport, in_use } =
                    place.map_err(|(error, in_use)| settings.unreachable(origin, in_use, now, error))?;
                (transport, in_use)
            }
            _ => {
                let transport = settings.generations.anonymous();
                let transport = transport.map_err(|error| settings.failed(None, now, error))?;
                (transport, settings.generations.in_use(HostRole::Platform))
            }
        };
        Ok(Bearer::Authorised(Box::new(Authorised { transport, in_use, pass: None })))
    }

    /// A bearer newer than the one that was refused, if there is one.
    pub(crate) async fn newer(&mut self, refused: &Bearer) -> Result<Option<Bearer>, Error> {
        match (&self.call.authentication, refused) {
            (Authentication::Credential, Bearer::Lease(bound)) => {
                let refused = bound.lease.generation();
                let newer = self.bearer(Some(refused)).await.ok();
                Ok(newer.filter(|newer| newer.generation().is_some_and(|newer| newer > refused)))
            }
            (Authentication::Other(other), Bearer::Authorised(authorised)) if let Some(refused) = &authorised.pass => {
                self.now = self.settings.clock.now();
                let newer = other.authoriser.pass(Some(refused));
                let pass = self.settings.in_time(newer, self.progress.left(self.now)).await??;
                self.now = self.settings.clock.now();
                let (transport, in_use) = (Arc::clone(&authorised.transport), Arc::clone(&authorised.in_use));
                Ok(pass.map(|pass| Bearer::Authorised(Box::new(Authorised { transport, in_use, pass: Some(pass) }))))
            }
            _ => Ok(None),
        }
    }
}
