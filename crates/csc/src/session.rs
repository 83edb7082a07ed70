//! The credential of a CSC client, and its token, which is reused until shortly before it expires.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use digicert_one_client::Error;
use digicert_one_core::diagnosis::ErrorResponse;
use digicert_one_core::{Diagnosis, Fingerprint, Generation, Secret};
use zeroize::Zeroizing;

use crate::challenge::Challenge;
use crate::credential::Kind;
use crate::fault::Rejection;
use crate::granted::Granted;
use crate::secret::CscToken;

/// A token is replaced this long before it expires, or a tenth of its lifetime if that is shorter.
const MARGIN: Duration = Duration::from_secs(60);
/// How long a valid token is still used after an attempt to replace it failed.
const PAUSE: Duration = Duration::from_secs(10);

/// The credential and its token.
pub(crate) struct Session {
    pub(crate) kind: Kind,
    /// The caller of its tokens.
    pub(crate) caller: Fingerprint,
    state: Mutex<State>,
    /// Held by the one caller that requests a token.
    pub(crate) renewing: async_lock::Mutex<()>,
    /// The challenge of the last login, whose nonce may be used again.
    pub(crate) challenge: Mutex<Option<Challenge>>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) live: Option<Live>,
    pub(crate) refresh: Option<Zeroizing<String>>,
    /// The generation of the last token.
    last: Option<Generation>,
    pub(crate) failures: u64,
    /// The rejection of the last attempt, for the callers that waited for it.
    pub(crate) refusal: Option<Refusal>,
}

/// A token in use.
#[derive(Clone)]
pub(crate) struct Live {
    pub(crate) token: CscToken,
    pub(crate) generation: Generation,
    /// When it is replaced, and when it expires, if that is known.
    renew: Option<SystemTime>,
    end: Option<SystemTime>,
}

impl Live {
    fn is_newer_than(&self, refused: Option<Generation>) -> bool {
        refused.is_none_or(|refused| self.generation > refused)
    }
}

impl State {
    /// A token that needs no replacement yet.
    pub(crate) fn fresh(&self, now: SystemTime, refused: Option<Generation>) -> Option<Live> {
        self.live.clone().filter(|live| live.is_newer_than(refused) && live.renew.is_none_or(|renew| now < renew))
    }

    /// A token that has not expired.
    fn good(&self, now: SystemTime, refused: Option<Generation>) -> Option<Live> {
        self.live.clone().filter(|live| live.is_newer_than(refused) && live.end.is_none_or(|end| now < end))
    }
}

/// An error response that is returned to several callers.
#[derive(Clone)]
pub(crate) struct Refusal {
    diagnosis: Diagnosis,
    response: ErrorResponse,
    rejection: Option<Rejection>,
}

impl Refusal {
    fn of(error: &Error) -> Option<Self> {
        let (diagnosis, rejection) = (error.diagnosis().clone(), Rejection::of(error).cloned());
        Some(Self { diagnosis, response: error.response()?.clone(), rejection })
    }

    pub(crate) fn into_error(self) -> Error {
        let error = Error::platform(self.diagnosis, self.response);
        match self.rejection {
            Some(rejection) => error.with_source(rejection),
            None => error,
        }
    }
}

impl Session {
    pub(crate) fn new(kind: Kind, refresh: Option<Zeroizing<String>>) -> Self {
        let caller = Fingerprint::of_tokens(match &kind {
            // Not used: an API key has its own fingerprint.
            Kind::ApiKey(_) => &[],
            Kind::Bearer(token) => token.expose().as_bytes(),
            Kind::ClientCredentials(client) | Kind::AuthorizationCode { client, .. } => client.id.as_bytes(),
            Kind::Digest { user, .. } => user.as_bytes(),
        });
        let state = State { refresh, ..State::default() };
        Self {
            kind,
            caller,
            state: Mutex::new(state),
            renewing: async_lock::Mutex::new(()),
            challenge: Mutex::default(),
        }
    }

    /// The refresh token, to store it beyond this process.
    pub(crate) fn refresh_token(&self) -> Option<Secret> {
        let state = self.lock();
        let refresh = state.refresh.as_ref()?;
        Some(Secret::new(refresh.as_bytes(), "the response of the OAuth server"))
    }

    /// Puts a token to use.
    pub(crate) fn keep(&self, granted: Granted) -> Result<(), Error> {
        self.kept(granted).map(|_| ())
    }

    pub(crate) fn kept(&self, granted: Granted) -> Result<Live, Error> {
        let token = granted.token()?;
        let mut state = self.lock();
        let after = |wait: Duration| granted.asked.checked_add(wait);
        let live = Live {
            token,
            generation: state.last.map_or(Generation::FIRST, Generation::next),
            renew: granted.lifetime.and_then(|life| after(life - MARGIN.min(life / 10))),
            end: granted.lifetime.and_then(after),
        };
        state.last = Some(live.generation);
        // Without a new one the previous one stays valid (RFC 6749 §6).
        if granted.refresh.is_some() {
            state.refresh = granted.refresh;
        }
        state.refusal = None;
        state.live = Some(live.clone());
        Ok(live)
    }

    /// Records that no token was obtained. One that has not expired is still used for a while.
    pub(crate) fn failed(&self, error: &Error, now: SystemTime, refused: Option<Generation>) -> Option<Live> {
        let mut state = self.lock();
        state.failures += 1;
        state.refusal = Refusal::of(error);
        let mut good = state.good(now, refused)?;
        good.renew = now.checked_add(PAUSE).filter(|&later| good.end.is_none_or(|end| later < end)).or(good.end);
        state.live = Some(good.clone());
        tracing::warn!(code = %error.code(), "failed to replace the access token; it is used until it expires");
        Some(good)
    }

    pub(crate) fn forget_refresh(&self) {
        self.lock().refresh = None;
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}
