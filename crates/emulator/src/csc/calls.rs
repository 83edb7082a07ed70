//! Which calls there are, and the way through one: routed, then authorised, then read.

use std::time::SystemTime;

use bytes::Bytes;
use http::{Method, Request};

use super::access::{self, Access};
use super::body::Body;
use super::refusal::{Refused, wrong_method};
use super::{State, authorize, credentials, info, login, signatures, token};
use crate::answer::{self, Answer};
use crate::decide::{Caller, Presented};
use crate::observation::HostKind;
use crate::store::Store;

/// A call that exists here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Authorize,
    Token,
    Revoke,
    Csc(Version, Operation),
}

/// The versions of the CSC API that the platform has paths for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V0,
    V1,
}

/// What CSC offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Info,
    Login,
    Revoke,
    List,
    CredentialInfo,
    Authorize,
    ExtendTransaction,
    SignHash,
}

/// One call on its way.
pub(crate) struct Context<'a> {
    pub(crate) csc: &'a State,
    pub(crate) request: &'a Request<Bytes>,
    pub(crate) host: HostKind,
    pub(crate) now: SystemTime,
}

impl Call {
    fn of(path: &str) -> Option<Self> {
        match path {
            "/oauth2/authorize" => Some(Call::Authorize),
            "/oauth2/token" => Some(Call::Token),
            "/oauth2/revoke" => Some(Call::Revoke),
            _ => {
                let (version, name) = path.strip_prefix("/documentmanager/csc/")?.split_once('/')?;
                let version = match version {
                    "v0" => Version::V0,
                    "v1" => Version::V1,
                    _ => return None,
                };
                let operation = Operation::ALL.into_iter().find(|operation| operation.name() == name)?;
                Some(Call::Csc(version, operation))
            }
        }
    }
}

impl Operation {
    pub(crate) const ALL: [Operation; 8] = [
        Operation::Info,
        Operation::Login,
        Operation::Revoke,
        Operation::List,
        Operation::CredentialInfo,
        Operation::Authorize,
        Operation::ExtendTransaction,
        Operation::SignHash,
    ];

    /// The end of its path.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Operation::Info => "info",
            Operation::Login => "auth/login",
            Operation::Revoke => "auth/revoke",
            Operation::List => "credentials/list",
            Operation::CredentialInfo => "credentials/info",
            Operation::Authorize => "credentials/authorize",
            Operation::ExtendTransaction => "credentials/extendTransaction",
            Operation::SignHash => "signatures/signHash",
        }
    }
}

/// The answer, if this call is one of content signing or of the OAuth server.
pub(crate) fn respond(
    csc: &State,
    store: &Store,
    host: HostKind,
    request: &Request<Bytes>,
    presented: Presented<'_>,
) -> Option<(Option<Caller>, Answer)> {
    let call = Call::of(request.uri().path())?;
    if matches!(call, Call::Csc(_, Operation::Login)) && !login::offered(csc) {
        return None;
    }
    let (method, allowed) = if call == Call::Authorize { (Method::GET, "GET") } else { (Method::POST, "POST") };
    if request.method() != method {
        return Some((None, wrong_method(allowed)));
    }
    let context = Context { csc, request, host, now: store.now() };
    let (caller, outcome) = match call {
        Call::Authorize => (None, authorize::authorize(&context)),
        Call::Token => (None, token::token(&context)),
        Call::Revoke => (None, token::revoke(&context)),
        Call::Csc(version, Operation::Info) => (None, info::info(&context, version)),
        Call::Csc(_, Operation::Login) => (None, login::login(&context)),
        Call::Csc(_, operation) => {
            let (caller, access) = access::access(store, &context, presented);
            (caller, access.and_then(|access| operate(&context, operation, &access)))
        }
    };
    Some((caller, outcome.unwrap_or_else(Refused::into_answer)))
}

/// The operations that ask for an authorisation.
fn operate(context: &Context<'_>, operation: Operation, access: &Access) -> Result<Answer, Refused> {
    let body = Body::parse(context.request.body())?;
    match operation {
        Operation::Revoke => login::revoke(context, access, &body),
        Operation::List => credentials::list(context, access, &body),
        Operation::CredentialInfo => credentials::info(context, access, &body),
        Operation::Authorize => signatures::authorize(context, access, &body),
        Operation::ExtendTransaction => signatures::extend(context, access, &body),
        Operation::SignHash => signatures::sign_hash(context, access, &body),
        // Answered before, since they ask for none.
        Operation::Info | Operation::Login => Ok(answer::no_such_path()),
    }
}
