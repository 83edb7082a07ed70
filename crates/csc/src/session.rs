//! What a call shows: the API key, or a token that is kept until shortly before its end. Callers get new ones, one for all who
//! wait; nothing runs in the background.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use digicert_one_core::{
    API_KEY_HEADER, Advice, ApiKey, Code, Diagnosis, Generation, Secret, diagnosis::PlatformAnswer,
};
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use zeroize::Zeroizing;

use crate::client::Inner;
use crate::credential::Kind;
use crate::digest::Challenge;
use crate::fault::{Asked, ErrorCode, Rejection};
use crate::oauth::{Grant, Granted};
use crate::secret::CscToken;
use digicert_one_client::{Error, ErrorKind};

/// A token is replaced so long before its end, or a tenth of its life before it if that is shorter.
const MARGIN: Duration = Duration::from_secs(60);
/// How long a token that is still good serves on after an attempt to replace it failed.
const PAUSE: Duration = Duration::from_secs(10);

/// The credential, and the token that was got for it.
pub(crate) struct Session {
    pub(crate) kind: Kind,
    state: Mutex<State>,
    /// Held by the one caller who gets a token.
    renewing: async_lock::Mutex<()>,
    /// The challenge of the last login, whose nonce may serve again.
    pub(crate) challenge: Mutex<Option<Challenge>>,
}

#[derive(Default)]
struct State {
    live: Option<Live>,
    refresh: Option<Zeroizing<String>>,
    /// The generation of the last token.
    last: Option<Generation>,
    failures: u64,
    /// What the server said to the last attempt, for those who waited for it.
    refusal: Option<Refusal>,
}

/// A token in use.
#[derive(Clone)]
struct Live {
    token: CscToken,
    generation: Generation,
    /// From when on it is replaced, and when it ends; some do not tell.
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
    fn fresh(&self, now: SystemTime, refused: Option<Generation>) -> Option<Live> {
        self.live.clone().filter(|live| live.is_newer_than(refused) && live.renew.is_none_or(|renew| now < renew))
    }

    /// A token that is still good.
    fn good(&self, now: SystemTime, refused: Option<Generation>) -> Option<Live> {
        self.live.clone().filter(|live| live.is_newer_than(refused) && live.end.is_none_or(|end| now < end))
    }
}

/// An error answer, to be told more than once.
#[derive(Clone)]
struct Refusal {
    diagnosis: Diagnosis,
    answer: PlatformAnswer,
    rejection: Option<Rejection>,
}

impl Refusal {
    fn of(error: &Error) -> Option<Self> {
        let (diagnosis, rejection) = (error.diagnosis().clone(), Rejection::of(error).cloned());
        Some(Self { diagnosis, answer: error.answer()?.clone(), rejection })
    }

    fn told(self) -> Error {
        let error = Error::platform(self.diagnosis, self.answer);
        match self.rejection {
            Some(rejection) => error.with_source(rejection),
            None => error,
        }
    }
}

/// What one attempt shows.
pub(crate) enum Proof<'a> {
    Key(&'a ApiKey),
    Token { token: CscToken, generation: Option<Generation> },
}

impl Proof<'_> {
    pub(crate) fn mark(&self, headers: &mut HeaderMap) {
        match self {
            Self::Key(key) => headers.insert(API_KEY_HEADER, key.header_value()),
            Self::Token { token, .. } => headers.insert(AUTHORIZATION, token.header_value()),
        };
    }

    /// What an error answer may quote.
    pub(crate) fn quoted(&self) -> HeaderValue {
        match self {
            Self::Key(key) => key.header_value(),
            Self::Token { token, .. } => token.header_value(),
        }
    }

    pub(crate) fn asked(&self) -> Asked<'_> {
        match self {
            Self::Key(key) => Asked::WithKey(key),
            Self::Token { .. } => Asked::WithToken,
        }
    }
}

impl From<Live> for Proof<'_> {
    fn from(live: Live) -> Self {
        Self::Token { token: live.token, generation: Some(live.generation) }
    }
}

impl Session {
    pub(crate) fn new(kind: Kind, refresh: Option<Zeroizing<String>>) -> Self {
        let state = State { refresh, ..State::default() };
        Self { kind, state: Mutex::new(state), renewing: async_lock::Mutex::new(()), challenge: Mutex::default() }
    }

    /// The refresh token, to keep it beyond this process.
    pub(crate) fn refresh_token(&self) -> Option<Secret> {
        let state = self.lock();
        let refresh = state.refresh.as_ref()?;
        Some(Secret::new(refresh.as_bytes(), "the answer of the OAuth server"))
    }

    /// Puts a token to use.
    pub(crate) fn keep(&self, granted: Granted) -> Result<(), Error> {
        self.kept(granted).map(|_| ())
    }

    fn kept(&self, granted: Granted) -> Result<Live, Error> {
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
        // A server that gives no new one goes on taking the old one (RFC 6749 §6).
        if granted.refresh.is_some() {
            state.refresh = granted.refresh;
        }
        state.refusal = None;
        state.live = Some(live.clone());
        Ok(live)
    }

    /// Notes that no token was got. One that is still good serves on for a while.
    fn failed(&self, error: &Error, now: SystemTime, refused: Option<Generation>) -> Option<Live> {
        let mut state = self.lock();
        state.failures += 1;
        state.refusal = Refusal::of(error);
        let mut good = state.good(now, refused)?;
        good.renew = now.checked_add(PAUSE).filter(|&later| good.end.is_none_or(|end| later < end)).or(good.end);
        state.live = Some(good.clone());
        tracing::warn!(code = %error.code(), "the access token could not be replaced yet; it serves on until its end");
        Some(good)
    }

    fn forget_refresh(&self) {
        self.lock().refresh = None;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// What the next attempt shows.
    pub(crate) async fn proof(&self) -> Result<Proof<'_>, Error> {
        match &self.session.kind {
            Kind::ApiKey(key) => Ok(Proof::Key(key)),
            Kind::Bearer(token) => Ok(Proof::Token { token: token.clone(), generation: None }),
            _ => self.token(None).await.map(Proof::from),
        }
    }

    /// Something newer than what was refused, if there can be such a thing.
    pub(crate) async fn newer(&self, refused: &Proof<'_>) -> Result<Option<Proof<'_>>, Error> {
        match refused {
            Proof::Token { generation: Some(refused), .. } => {
                self.token(Some(*refused)).await.map(|live| Some(Proof::from(live)))
            }
            _ => Ok(None),
        }
    }

    async fn token(&self, refused: Option<Generation>) -> Result<Live, Error> {
        let (session, clock) = (&self.session, &self.wire.clock);
        let failures = {
            let state = session.lock();
            if let Some(live) = state.fresh(clock.now(), refused) {
                return Ok(live);
            }
            state.failures
        };
        let _renewing = session.renewing.lock().await;
        {
            let state = session.lock();
            if let Some(live) = state.fresh(clock.now(), refused) {
                return Ok(live);
            }
            // What the server said to the one who asked for all of us. A failure on the way is each caller's own.
            if state.failures != failures
                && let Some(refusal) = state.refusal.clone()
            {
                return Err(refusal.told());
            }
        }
        match Box::pin(self.renewed()).await.and_then(|granted| session.kept(granted)) {
            Ok(live) => Ok(live),
            Err(error) => session.failed(&error, clock.now(), refused).ok_or(error),
        }
    }

    /// A token, from the server.
    async fn renewed(&self) -> Result<Granted, Error> {
        let refresh = self.session.lock().refresh.clone();
        match (&self.session.kind, refresh) {
            (Kind::ClientCredentials(client), None) => self.grant(client, Grant::ClientCredentials).await,
            (Kind::ClientCredentials(client), Some(refresh)) => {
                match self.grant(client, Grant::Refresh(&refresh)).await {
                    // Id and secret are as good as they were.
                    Err(error) if Rejection::of(&error).is_some() => {
                        self.session.forget_refresh();
                        self.grant(client, Grant::ClientCredentials).await
                    }
                    granted => granted,
                }
            }
            (Kind::AuthorizationCode { .. }, None) => Err(nobody_signed_in()),
            (Kind::AuthorizationCode { client, .. }, Some(refresh)) => {
                let granted = self.grant(client, Grant::Refresh(&refresh)).await;
                if let Err(error) = &granted
                    && Rejection::of(error).is_some_and(|rejection| *rejection.code() == ErrorCode::InvalidGrant)
                {
                    self.session.forget_refresh();
                }
                granted
            }
            (Kind::Digest { user, password }, _) => self.log_in(user, password).await,
            (Kind::ApiKey(_) | Kind::Bearer(_), _) => Err(no_tokens(&self.session.kind)),
        }
    }

    /// Gives back what was got: the refresh token first, as it could bring new ones.
    pub(crate) async fn revoked(&self) -> Result<(), Error> {
        let session = &self.session;
        let _renewing = session.renewing.lock().await;
        let (live, refresh) = {
            let state = session.lock();
            (state.live.clone(), state.refresh.clone())
        };
        match &session.kind {
            Kind::ApiKey(_) | Kind::Bearer(_) => return Err(no_tokens(&session.kind)),
            Kind::ClientCredentials(client) | Kind::AuthorizationCode { client, .. } => {
                if let Some(refresh) = &refresh {
                    self.give_back(client, refresh, true).await?;
                    session.forget_refresh();
                }
                if let Some(live) = &live {
                    self.give_back(client, live.token.expose(), false).await?;
                }
            }
            Kind::Digest { .. } => {
                if let Some(live) = &live {
                    self.log_out(&live.token).await?;
                }
            }
        }
        let mut state = session.lock();
        (state.live, state.refresh) = (None, None);
        Ok(())
    }
}

fn nobody_signed_in() -> Error {
    let mut diagnosis = Diagnosis::new(
        Code::ID_13,
        "no signer has signed in, or the sign-in has ended; nothing was sent.",
        "a token of an authorization code comes by a signer's browser, and this client has none and no refresh token",
    );
    diagnosis.remedy = "Send the signer to the address of authorize_url, then give the code to exchange.".to_owned();
    Error::new(ErrorKind::Credential, diagnosis.advising(Advice::GiveUp))
}

fn no_tokens(kind: &Kind) -> Error {
    Error::local(
        ErrorKind::Config,
        format!("the credential of this client is a fixed {}: it has no tokens", kind.name()),
    )
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}
