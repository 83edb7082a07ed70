//! The calls: how one is found, what it asks of its caller, and in which order it is answered.
//!
//! Each product has a file with a table of its own. A request is routed before it is authenticated, as behind a gateway: a
//! wrong path is a 404 for everybody. What is in the request is looked at last.

mod account;
mod device;
mod lifecycle;
mod private_ca;
mod query;
mod signing;

use std::sync::Arc;

use bytes::Bytes;
use digicert_one_testbed::{BoxFuture, Handler, Peer};
use http::{HeaderValue, Method, Request};

use crate::answer::{self, Answer, Fault, Product};
use crate::csc;
use crate::decide::{Caller, Decision, Presented, Refusal, Requirement, decide};
use crate::observation::{HostKind, Observation};
use crate::service_user::Permission;
use crate::store::Store;

/// All tables.
const TABLES: [&[Route]; 5] = [account::ROUTES, lifecycle::ROUTES, signing::ROUTES, device::ROUTES, private_ca::ROUTES];

/// The handler of one listener.
pub(crate) struct Listener {
    pub(crate) host: HostKind,
    pub(crate) store: Arc<Store>,
    pub(crate) csc: Arc<csc::State>,
}

/// A call that exists.
pub(crate) struct Route {
    pub(crate) method: Method,
    /// Segments in braces stand for any single one; among several routes that fit, the first of its table is taken.
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) serve: fn(&Ask<'_>) -> Result<Answer, Fault>,
}

/// Who may make a call.
#[derive(Clone, Copy)]
pub(crate) enum Access {
    /// Anybody, known or not. (The call may still look at what was presented.)
    Anybody,
    /// Every caller whose proof holds; the call itself may ask for more.
    Known,
    /// Who has this permission.
    With(Permission),
    /// Who has this permission and proves itself by key and certificate.
    WithBothFactors(Permission),
}

/// A request on its way to its answer.
pub(crate) struct Ask<'a> {
    pub(crate) store: &'a Store,
    pub(crate) request: &'a Request<Bytes>,
    /// There, unless anybody may make the call.
    caller: Option<&'a Caller>,
    /// What stands in the path where the route has braces.
    variables: Vec<&'a str>,
}

impl Handler for Listener {
    fn handle(&self, request: Request<Bytes>, peer: Peer) -> BoxFuture<Answer> {
        let keys: Vec<_> = request.headers().get_all("x-api-key").iter().map(HeaderValue::as_bytes).collect();
        let api_key_sent = !keys.is_empty();
        // Two keys are no key that anybody has.
        let api_key = api_key_sent.then(|| String::from_utf8_lossy(&keys.join(&b","[..])).into_owned());
        let presented = Presented { api_key: api_key.as_deref(), certificate: peer.fingerprint.as_deref() };

        let signing = csc::respond(&self.csc, &self.store, self.host, &request, presented);
        let (caller, mut answer) = signing.unwrap_or_else(|| respond(&self.store, &request, presented));
        if let Some(caller) = &caller {
            let headers = answer.headers_mut();
            if let Ok(name) = HeaderValue::try_from(caller.user.friendly_name()) {
                headers.insert("x-emulator-caller", name);
            }
            if let Ok(proof) = HeaderValue::try_from(caller.proof.to_string()) {
                headers.insert("x-emulator-proof", proof);
            }
        }
        self.store.observe(Observation {
            host: self.host,
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            caller: caller.as_ref().map(|caller| caller.user.friendly_name().to_owned()),
            proof: caller.map(|caller| caller.proof),
            api_key_sent,
            certificate: peer.fingerprint,
            status: answer.status().as_u16(),
        });
        Box::pin(std::future::ready(answer))
    }
}

impl Route {
    /// What stands where this route has braces, if it fits.
    fn variables<'p>(&self, path: &'p str) -> Option<Vec<&'p str>> {
        let (mut own, mut given) = (self.path.split('/'), path.split('/'));
        let mut variables = Vec::new();
        loop {
            match (own.next(), given.next()) {
                (None, None) => return Some(variables),
                (Some(own), Some(given)) if own.starts_with('{') && !given.is_empty() => variables.push(given),
                (Some(own), Some(given)) if own == given => {}
                _ => return None,
            }
        }
    }

    fn takes(&self, method: &Method) -> bool {
        self.method == *method || (self.method == Method::GET && *method == Method::HEAD)
    }
}

impl Access {
    /// `None`: anybody may.
    fn requirement(self) -> Option<Requirement> {
        let (both_factors, permission) = match self {
            Access::Anybody => return None,
            Access::Known => (false, None),
            Access::With(permission) => (false, Some(permission)),
            Access::WithBothFactors(permission) => (true, Some(permission)),
        };
        Some(Requirement { both_factors, permission })
    }
}

impl Ask<'_> {
    /// Who is calling.
    pub(crate) fn caller(&self) -> Result<&Caller, Fault> {
        self.caller.ok_or_else(|| Fault::internal("this call was let through without a caller"))
    }

    /// What stands in the path in the place of the braces, counted from 0.
    pub(crate) fn variable(&self, index: usize) -> &str {
        self.variables.get(index).copied().unwrap_or_default()
    }

    /// The query, without the question mark.
    pub(crate) fn query(&self) -> &str {
        self.request.uri().query().unwrap_or_default()
    }
}

fn respond(store: &Store, request: &Request<Bytes>, presented: Presented<'_>) -> (Option<Caller>, Answer) {
    let path = request.uri().path();
    let product = Product::of(path);
    let fitting: Vec<_> = TABLES
        .into_iter()
        .flatten()
        .filter_map(|route| route.variables(path).map(|variables| (route, variables)))
        .collect();
    if fitting.is_empty() {
        return (None, answer::no_such_path());
    }
    let Some((route, variables)) = fitting.iter().find(|(route, _)| route.takes(request.method())) else {
        return (None, answer::wrong_method(product, &allowed(fitting.iter().map(|(route, _)| *route))));
    };
    if csc::bearer_sent(request) {
        return (None, product.refused(Refusal::TokenOfAnotherApi));
    }
    let ask = |caller| Ask { store, request, caller, variables: variables.clone() };
    let serve = |caller| (route.serve)(&ask(caller)).unwrap_or_else(|fault| product.fault(&fault));
    let Some(requirement) = route.access.requirement() else { return (None, serve(None)) };
    match decide(&store.users, presented, requirement, store.now()) {
        Decision::Refused(caller, refusal) => (caller, product.refused(refusal)),
        Decision::Granted(caller) => {
            let answer = serve(Some(&caller));
            (Some(caller), answer)
        }
    }
}

fn allowed<'r>(routes: impl Iterator<Item = &'r Route>) -> String {
    let mut methods: Vec<&str> = Vec::new();
    for route in routes {
        let also = (route.method == Method::GET).then_some("HEAD");
        for method in std::iter::once(route.method.as_str()).chain(also) {
            if !methods.contains(&method) {
                methods.push(method);
            }
        }
    }
    methods.join(", ")
}
