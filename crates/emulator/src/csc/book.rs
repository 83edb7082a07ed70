//! Codes, access tokens and refresh tokens: what is out, for whom, and until when by the emulator's clock.
//!
//! What came from one agreement of the signer is one *family*: whoever shows a code or a refresh token a second time ends
//! the whole family, since one of the two who had it is a thief (RFC 6749 §4.1.2, RFC 9700 §2.2.2).

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use crate::id::new_secret;

/// How long a code can be exchanged.
pub(crate) const CODE_LIFETIME: Duration = Duration::from_secs(60);

/// Everything that is out.
#[derive(Default)]
pub(crate) struct Book {
    codes: HashMap<String, Code>,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
    families: u64,
}

/// Who a token was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    Client(String),
    Login(String),
}

/// A service authorisation: the right to call CSC operations.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) holder: Holder,
    /// The one signer that it is limited to; `None` with the client's own right.
    pub(crate) signer: Option<String>,
    family: u64,
    ends: SystemTime,
}

#[derive(Clone, Debug)]
struct Refresh {
    client: String,
    signer: String,
    family: u64,
    ends: SystemTime,
    spent: bool,
}

/// What a code can be exchanged for.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) client: String,
    pub(crate) redirect_uri: String,
    /// The PKCE challenge (S256).
    pub(crate) challenge: Option<String>,
    pub(crate) grant: CodeGrant,
    pub(crate) family: u64,
    ends: SystemTime,
    spent: bool,
}

/// What the signer agreed to.
#[derive(Clone, Debug)]
pub(crate) enum CodeGrant {
    Service { signer: String },
    Credential { credential: String, signatures: u32, hashes: Vec<Vec<u8>> },
}

/// A service authorisation as it is handed out.
pub(crate) struct Issued {
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
}

/// Where a token that was shown stands.
#[derive(Debug)]
pub(crate) enum Shown<T> {
    Good(T),
    Expired,
    Unknown,
    /// It may be shown once, and was; all that came of it has ended.
    Repeated {
        family: u64,
    },
}

impl Book {
    pub(crate) fn new_code(
        &mut self,
        client: &str,
        redirect_uri: &str,
        challenge: Option<&str>,
        grant: CodeGrant,
        now: SystemTime,
    ) -> String {
        let family = self.new_family();
        let code = Code {
            client: client.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            challenge: challenge.map(str::to_owned),
            grant,
            family,
            ends: now + CODE_LIFETIME,
            spent: false,
        };
        let value = new_secret();
        self.codes.insert(value.clone(), code);
        value
    }

    /// The code, which is spent by being looked at: a wrong verifier is not to be tried twice.
    pub(crate) fn take_code(&mut self, value: &str, client: &str, now: SystemTime) -> Shown<Code> {
        let Some(code) = self.codes.get_mut(value).filter(|code| code.client == client) else {
            return Shown::Unknown;
        };
        if code.spent {
            let family = code.family;
            self.end_family(family);
            return Shown::Repeated { family };
        }
        code.spent = true;
        if now < code.ends { Shown::Good(code.clone()) } else { Shown::Expired }
    }

    /// A token by a client's own right, or a login's: no refresh token (RFC 6749 §4.4.3).
    pub(crate) fn new_access(
        &mut self,
        holder: Holder,
        signer: Option<String>,
        lifetime: Duration,
        now: SystemTime,
    ) -> String {
        let family = self.new_family();
        self.insert_access(Access { holder, signer, family, ends: now + lifetime }, now)
    }

    /// The tokens that a code of service scope is exchanged for.
    pub(crate) fn exchange(
        &mut self,
        code: &Code,
        signer: &str,
        lifetime: Duration,
        refresh_lifetime: Duration,
        now: SystemTime,
    ) -> Issued {
        let holder = Holder::Client(code.client.clone());
        let access = Access { holder, signer: Some(signer.to_owned()), family: code.family, ends: now + lifetime };
        let refresh = Refresh {
            client: code.client.clone(),
            signer: signer.to_owned(),
            family: code.family,
            ends: now + refresh_lifetime,
            spent: false,
        };
        Issued { access: self.insert_access(access, now), refresh: Some(self.insert_refresh(refresh, now)) }
    }

    /// New tokens for a refresh token, which is spent by that; the new one ends when the old one would have.
    pub(crate) fn refresh(&mut self, value: &str, client: &str, lifetime: Duration, now: SystemTime) -> Shown<Issued> {
        let Some(found) = self.refresh.get_mut(value).filter(|found| found.client == client) else {
            return Shown::Unknown;
        };
        if found.spent {
            let family = found.family;
            self.end_family(family);
            return Shown::Repeated { family };
        }
        if now >= found.ends {
            return Shown::Expired;
        }
        found.spent = true;
        let next = Refresh { spent: false, ..found.clone() };
        let holder = Holder::Client(next.client.clone());
        let access = Access { holder, signer: Some(next.signer.clone()), family: next.family, ends: now + lifetime };
        Shown::Good(Issued { access: self.insert_access(access, now), refresh: Some(self.insert_refresh(next, now)) })
    }

    pub(crate) fn access(&self, value: &str, now: SystemTime) -> Shown<Access> {
        match self.access.get(value) {
            None => Shown::Unknown,
            Some(found) if now >= found.ends => Shown::Expired,
            Some(found) => Shown::Good(found.clone()),
        }
    }

    /// Whose token this is, access or refresh, whatever its end.
    pub(crate) fn holder(&self, value: &str) -> Option<Holder> {
        let refresh = || self.refresh.get(value).map(|found| Holder::Client(found.client.clone()));
        self.access.get(value).map(|found| found.holder.clone()).or_else(refresh)
    }

    /// Ends an access token; with a refresh token, all that came of the same agreement (RFC 7009 §2.1).
    pub(crate) fn revoke(&mut self, value: &str) {
        if self.access.remove(value).is_none()
            && let Some(family) = self.refresh.get(value).map(|found| found.family)
        {
            self.end_family(family);
        }
    }

    fn end_family(&mut self, family: u64) {
        self.access.retain(|_, token| token.family != family);
        self.refresh.retain(|_, token| token.family != family);
    }

    fn new_family(&mut self) -> u64 {
        self.families += 1;
        self.families
    }

    /// What ended an hour ago and more can go: until then it is called expired, afterwards unknown.
    fn insert_access(&mut self, token: Access, now: SystemTime) -> String {
        let forget = Duration::from_secs(3600);
        self.access.retain(|_, old| old.ends + forget > now);
        self.codes.retain(|_, old| old.ends + forget > now);
        let value = new_secret();
        self.access.insert(value.clone(), token);
        value
    }

    fn insert_refresh(&mut self, token: Refresh, now: SystemTime) -> String {
        self.refresh.retain(|_, old| old.ends > now);
        let value = new_secret();
        self.refresh.insert(value.clone(), token);
        value
    }
}
