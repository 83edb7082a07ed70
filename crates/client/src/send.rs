//! How a call is sent: [`Attempts::run`] makes attempts until one succeeds or another one would not help, and [`Attempts::send`] around
//! it follows redirects. When to retry is decided in `retry`, how fast in the rate limiter, what a response means in `conclude`.

use std::pin::pin;
use std::time::Duration;

use digicert_one_core::{Capability, TransportError};

use crate::attempt::Attempts;
use crate::bearer::Bearer;
use crate::call::{Call, Statuses};
use crate::call_progress::CallProgress;
use crate::error::{Error, ErrorKind};
use crate::observe::RetryNotice;
use crate::observe::span::{self, InSpan};
use crate::observe::watch::CallWatch;
use crate::redirect;
use crate::response::Response;
use crate::retry::NextStep;
use crate::settings::Settings;
use crate::tried::Stop;

/// Redirects within one origin that are followed in a row.
const MAX_HOPS: usize = 5;

impl Settings {
    /// Sends a call, retries it where that may help and is safe, and follows its redirects, all within one deadline.
    pub(crate) async fn send(&self, call: &mut Call, statuses: Statuses) -> Result<Response, Error> {
        self.observers.mark_call(&mut call.headers);
        let start = self.clock.now();
        let deadline = call.authorised().map_or(self.deadline, |other| other.deadline);
        let span = span::of_call(call);
        let mut watch = CallWatch::begin(&self.observers, &self.clock, call, CallProgress::begin(start, deadline));
        let outcome = {
            let mut attempts = Attempts::new(self, call, statuses, &mut watch.progress);
            InSpan::new(&span, pin!(attempts.send())).await
        };
        span::ended(&span, &outcome, watch.progress.attempts());
        watch.end(&outcome);
        outcome
    }
}

impl Attempts<'_> {
    /// From the first attempt to a response that is not a redirect.
    async fn send(&mut self) -> Result<Response, Error> {
        let settings = self.settings;
        let is_part = self.call.authorised().is_some_and(|other| other.once);
        let Some(in_flight) = (if is_part { Some(settings.in_flight.join()) } else { settings.in_flight.begin() })
        else {
            return Err(Error::local(ErrorKind::Config, "the client is shut down"));
        };
        if self.call.body.is_upload() {
            self.check_uploads()?;
        }
        let mut hops = 0;
        loop {
            let mut response = match self.run().await {
                Ok(response) => response,
                Err(error) => match self.relayed.take() {
                    Some(last) if error.status().is_some() => {
                        let mut response = last.into_response(settings, error.diagnosis());
                        response.arrived(self.progress.attempts(), in_flight);
                        return Ok(response);
                    }
                    _ => return Err(error),
                },
            };
            if !redirect::is_followed(response.status()) || !self.redirect(&response, &mut hops)? {
                response.arrived(self.progress.attempts(), in_flight);
                return Ok(response);
            }
        }
    }

    /// Refuses an upload that the transport cannot stream, before anything is sent.
    fn check_uploads(&self) -> Result<(), Error> {
        let settings = self.settings;
        let capability = Capability::StreamingUploads;
        if settings.generations.connector().capabilities().has(capability) {
            return Ok(());
        }
        let error = TransportError::unsupported(capability, "its requests have bodies in memory only");
        Err(settings.failed(None, self.now, error))
    }

    /// Attempts at one target until one succeeds, or another one would not help, not be safe or come too late.
    async fn run(&mut self) -> Result<Response, Error> {
        let mut replaced = false;
        let mut bearer = self.first_bearer().await?;
        loop {
            let error = match self.attempt(&mut bearer).await {
                Ok(response) => {
                    self.settings.retry.succeeded();
                    return Ok(response);
                }
                Err(error) => error,
            };
            let next = match self.call.authorised() {
                Some(other) if other.once => NextStep::Stop(Stop::Useless),
                _ => self.settings.retry.next(self.call, &error, self.progress.attempts()),
            };
            bearer = match next {
                NextStep::NewerCredential if !replaced => match Box::pin(self.newer(&bearer)).await {
                    Ok(Some(newer)) => {
                        self.progress.failed(&error);
                        replaced = true;
                        newer
                    }
                    Ok(None) => return Err(self.last(error, Stop::Useless)),
                    Err(error) => return Err(self.given_up(error)),
                },
                NextStep::NewerCredential => return Err(self.last(error, Stop::Useless)),
                NextStep::After(delay) => {
                    self.now = self.settings.clock.now();
                    if delay >= self.progress.left(self.now) {
                        return Err(self.last(error, Stop::Deadline));
                    }
                    Box::pin(self.bearer_after(&error, delay)).await?
                }
                NextStep::Stop(stop) => return Err(self.last(error, stop)),
            };
        }
    }

    async fn first_bearer(&mut self) -> Result<Bearer, Error> {
        self.bearer(None).await.map_err(|error| self.given_up(error))
    }

    /// The bearer of the attempt after this error, when the delay is over.
    async fn bearer_after(&mut self, error: &Error, delay: Duration) -> Result<Bearer, Error> {
        let settings = self.settings;
        self.progress.failed(error);
        let next = self.progress.attempts() + 1;
        settings.observers.retries(|| RetryNotice::new(error, delay, next, settings.retry.most()));
        settings.clock.sleep(delay).await;
        self.progress.tried.delays.push(delay);
        let bearer = self.first_bearer().await?;
        // These are about the connection.
        let is_stale = error.status().is_some_and(|status| matches!(status.as_u16(), 408 | 421 | 425));
        Ok(if is_stale { bearer.reconnected(&settings.generations) } else { bearer })
    }

    /// Turns the call into the one that the redirect asks for; false if the redirect is the response.
    fn redirect(&mut self, response: &Response, hops: &mut usize) -> Result<bool, Error> {
        let settings = self.settings;
        *hops += 1;
        let origin = settings.instance.origin(response.mode().host_role()).map_err(Error::instance)?;
        let target = self.call.redirect_target(&settings.instance, origin, response.headers());
        match target.map_err(|error| self.given_up(error))? {
            None => Ok(false),
            Some(_) if *hops > MAX_HOPS => Err(self.given_up(redirect::too_many(origin, *hops))),
            Some(_) if self.progress.left(settings.clock.now()).is_zero() => {
                Err(self.given_up(Error::too_late(self.progress.deadline())))
            }
            Some(target) => {
                let followed = self.call.follow(response.status(), target);
                followed.map(|()| true).map_err(|error| self.given_up(error))
            }
        }
    }

    /// The error of the last attempt, and the reason for stopping.
    fn last(&mut self, error: Error, stop: Stop) -> Error {
        let error = error.perhaps_done_by(&self.progress.tried.earlier, &self.call.method);
        error.after(self.progress.take_tried(Some(stop)))
    }

    /// The error of a call that ended between two attempts.
    fn given_up(&mut self, error: Error) -> Error {
        error.after(self.progress.take_tried(None))
    }
}
