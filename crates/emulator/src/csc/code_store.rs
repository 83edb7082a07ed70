//! Codes, access tokens and refresh tokens: what was issued, to whom, and until when by the emulator's clock.
//!
//! Everything from one consent of the signer is one *family*: a code or a refresh token that is presented a
//! second time revokes the whole family, since one of its two holders is a thief (RFC 6749 §4.1.2, RFC 9700
//! §2.2.2).

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use crate::id::new_secret;

const CODE_LIFETIME: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(super) struct Book {
    codes: Shelf<Code>,
    access: Shelf<Token>,
    refresh: Shelf<Refresh>,
    families: u64,
}

/// Who a token was issued to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    Client(String),
    Login(String),
}

/// A service authorisation: the right to call CSC operations.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) holder: Holder,
    /// The one signer that it is limited to; `None` with the client's own right.
    pub(super) signer: Option<String>,
    family: u64,
}

#[derive(Clone, Debug)]
struct Refresh {
    client: String,
    signer: String,
    family: u64,
    spent: bool,
}

/// The tokens that a code can be exchanged for.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) client: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: Option<String>,
    pub(super) grant: CodeGrant,
    pub(super) family: u64,
    spent: bool,
}

/// The signer's consent.
#[derive(Clone, Debug)]
pub(super) enum CodeGrant {
    Service { signer: String },
    Credential { credential: String, signatures: u32, hashes: Vec<Vec<u8>> },
}

pub(super) struct Issued {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
}

impl Book {
    pub(super) fn new_code(
        &mut self,
        client: &str,
        redirect_uri: &str,
        challenge: Option<&str>,
        grant: CodeGrant,
        now: SystemTime,
    ) -> String {
        let code = Code {
            client: client.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            challenge: challenge.map(str::to_owned),
            grant,
            family: self.new_family(),
            spent: false,
        };
        self.codes.put(code, now + CODE_LIFETIME, now)
    }

    /// The code, which is spent by being read: a wrong verifier is not to be tried twice.
    pub(super) fn take_code(&mut self, value: &str, client: &str, now: SystemTime) -> CodeStanding<Code> {
        let Some((code, end)) = self.codes.get_mut(value).filter(|(code, _)| code.client == client) else {
            return CodeStanding::Unknown;
        };
        let family = code.family;
        if std::mem::replace(&mut code.spent, true) {
            self.end_family(family);
            return CodeStanding::Repeated(family);
        }
        if now < *end { CodeStanding::Good(code.clone()) } else { CodeStanding::Expired }
    }

    /// A token by a client's own right, or a login's: no refresh token (RFC 6749 §4.4.3).
    pub(super) fn new_access(
        &mut self,
        holder: Holder,
        signer: Option<String>,
        lifetime: Duration,
        now: SystemTime,
    ) -> String {
        let family = self.new_family();
        self.access.put(Token { holder, signer, family }, now + lifetime, now)
    }

    /// The tokens that a code of service scope is exchanged for.
    pub(super) fn exchange(
        &mut self,
        code: &Code,
        signer: &str,
        lifetime: Duration,
        refresh_lifetime: Duration,
        now: SystemTime,
    ) -> Issued {
        let (client, signer, family) = (code.client.clone(), signer.to_owned(), code.family);
        self.issue(Refresh { client, signer, family, spent: false }, now + refresh_lifetime, lifetime, now)
    }

    /// New tokens for a refresh token, which is spent by that; the new one ends when the old one would have.
    pub(super) fn refresh(
        &mut self,
        value: &str,
        client: &str,
        lifetime: Duration,
        now: SystemTime,
    ) -> CodeStanding<Issued> {
        let Some((found, end)) = self.refresh.get_mut(value).filter(|(found, _)| found.client == client) else {
            return CodeStanding::Unknown;
        };
        let (next, end) = (found.clone(), *end);
        if next.spent {
            self.end_family(next.family);
            return CodeStanding::Repeated(next.family);
        }
        if now >= end {
            return CodeStanding::Expired;
        }
        found.spent = true;
        CodeStanding::Good(self.issue(next, end, lifetime, now))
    }

    pub(super) fn access(&self, value: &str, now: SystemTime) -> CodeStanding<Token> {
        self.access.show(value, now)
    }

    /// Returns the owner of this token, access or refresh, expired or not.
    pub(super) fn holder(&self, value: &str) -> Option<Holder> {
        let refresh = || self.refresh.get(value).map(|found| Holder::Client(found.client.clone()));
        self.access.get(value).map(|found| found.holder.clone()).or_else(refresh)
    }

    /// Revokes an access token; with a refresh token, everything from the same consent (RFC 7009 §2.1).
    pub(super) fn revoke(&mut self, value: &str) {
        if !self.access.remove(value)
            && let Some(family) = self.refresh.get(value).map(|found| found.family)
        {
            self.end_family(family);
        }
    }

    fn issue(&mut self, refresh: Refresh, end: SystemTime, lifetime: Duration, now: SystemTime) -> Issued {
        let (holder, signer) = (Holder::Client(refresh.client.clone()), Some(refresh.signer.clone()));
        let access = self.access.put(Token { holder, signer, family: refresh.family }, now + lifetime, now);
        Issued { access, refresh: Some(self.refresh.put(refresh, end, now)) }
    }

    fn end_family(&mut self, family: u64) {
        self.access.retain(|token| token.family != family);
        self.refresh.retain(|token| token.family != family);
    }

    fn new_family(&mut self) -> u64 {
        self.families += 1;
        self.families
    }
}

/// How long after its end something is called expired; later it is unknown.
const MEMORY: Duration = Duration::from_secs(3600);

pub(super) struct Shelf<T>(HashMap<String, (T, SystemTime)>);

/// The standing of a secret that was presented.
pub(super) enum CodeStanding<T> {
    Good(T),
    Expired,
    Unknown,
    /// It was already presented once; its family is revoked.
    Repeated(u64),
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Shelf(HashMap::new())
    }
}

impl<T> Shelf<T> {
    /// Puts it under a new secret, until its end.
    pub(super) fn put(&mut self, thing: T, end: SystemTime, now: SystemTime) -> String {
        self.0.retain(|_, (_, end)| *end + MEMORY > now);
        let secret = new_secret();
        self.0.insert(secret.clone(), (thing, end));
        secret
    }

    pub(super) fn get(&self, secret: &str) -> Option<&T> {
        self.0.get(secret).map(|(thing, _)| thing)
    }

    pub(super) fn get_mut(&mut self, secret: &str) -> Option<(&mut T, &SystemTime)> {
        self.0.get_mut(secret).map(|(thing, end)| (thing, &*end))
    }

    pub(super) fn show(&self, secret: &str, now: SystemTime) -> CodeStanding<T>
    where
        T: Clone,
    {
        match self.0.get(secret) {
            None => CodeStanding::Unknown,
            Some((_, end)) if now >= *end => CodeStanding::Expired,
            Some((thing, _)) => CodeStanding::Good(thing.clone()),
        }
    }

    pub(super) fn things(&self) -> impl Iterator<Item = &T> {
        self.0.values().map(|(thing, _)| thing)
    }

    pub(super) fn remove(&mut self, secret: &str) -> bool {
        self.0.remove(secret).is_some()
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.0.retain(|_, (thing, _)| keep(thing));
    }
}
