//! The pass of a call: the API key, or a token. One caller requests a new token for all that wait; nothing runs in the background.

use std::sync::Arc;

use digicert_one_client::seam::Pass;
use digicert_one_client::{Error, ErrorKind};
use digicert_one_core::{Advice, Code, Diagnosis, Generation};

use crate::credential::Kind;
use crate::fault::{ErrorCode, Rejection};
use crate::granted::Granted;
use crate::inner::Inner;
use crate::oauth::Grant;
use crate::session::Live;

impl Inner {
    /// The pass of the next attempt.
    pub(crate) async fn pass(self: &Arc<Self>) -> Result<Pass, Error> {
        match &self.session.kind {
            Kind::ApiKey(key) => Ok(Pass::key(key.clone())),
            Kind::Bearer(token) => Ok(Pass::token(token.header_value(), self.session.caller, None)),
            _ => self.token(None).await.map(|live| self.shown(&live)),
        }
    }

    /// A newer pass than the refused one, if there can be one.
    pub(crate) async fn newer(self: &Arc<Self>, refused: &Pass) -> Result<Option<Pass>, Error> {
        match refused.generation() {
            Some(refused) => self.token(Some(refused)).await.map(|live| Some(self.shown(&live))),
            None => Ok(None),
        }
    }

    fn shown(&self, live: &Live) -> Pass {
        Pass::token(live.token.header_value(), self.session.caller, Some(live.generation))
    }

    async fn token(self: &Arc<Self>, refused: Option<Generation>) -> Result<Live, Error> {
        let (session, clock) = (&self.session, self.client.clock());
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
            // A rejection holds for all callers that waited; another failure only for the one that asked.
            if state.failures != failures
                && let Some(refusal) = state.refusal.clone()
            {
                return Err(refusal.into_error());
            }
        }
        match Box::pin(self.renewed()).await.and_then(|granted| session.kept(granted)) {
            Ok(live) => Ok(live),
            Err(error) => session.failed(&error, clock.now(), refused).ok_or(error),
        }
    }

    /// A new token from the server.
    async fn renewed(self: &Arc<Self>) -> Result<Granted, Error> {
        let refresh = self.session.lock().refresh.clone();
        match (&self.session.kind, refresh) {
            (Kind::ClientCredentials(client), None) => self.grant(client, Grant::ClientCredentials).await,
            (Kind::ClientCredentials(client), Some(refresh)) => {
                match self.grant(client, Grant::Refresh(&refresh)).await {
                    // Id and secret are still valid.
                    Err(error) if Rejection::of(&error).is_some() => {
                        self.session.forget_refresh();
                        self.grant(client, Grant::ClientCredentials).await
                    }
                    granted => granted,
                }
            }
            (Kind::AuthorizationCode { .. }, None) => Err(not_signed_in()),
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

    /// Revokes the tokens: the refresh token first, since it could get new ones.
    pub(crate) async fn revoked(self: &Arc<Self>) -> Result<(), Error> {
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

fn not_signed_in() -> Error {
    let mut diagnosis = Diagnosis::new(
        Code::ID_13,
        "no signer has signed in, or the sign-in has expired; nothing was sent.",
        "a token for an authorization code needs the sign-in of a signer, and this client has neither a token nor a refresh token",
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
