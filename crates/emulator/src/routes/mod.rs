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

use bytes::Bytes;
use http::{Method, Request};

use crate::answer::{self, Answer, Product, Rejection};
use crate::csc;
use crate::decide::{Caller, Decision, Presented, Refusal, Requirement, decide};
use crate::state::State;
use crate::store::{Deed, Store};

/// All tables but those of Account Manager, which has several.
const TABLES: [&[Route]; 4] = [lifecycle::ROUTES, signing::ROUTES, device::ROUTES, private_ca::ROUTES];

/// A call that exists.
pub(crate) struct Route {
    pub(crate) method: Method,
    /// Segments in braces stand for any single one; among several routes that fit, the first of its table is taken.
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) serve: fn(&Ask<'_>) -> Result<Answer, Rejection>,
}

/// Who may make a call.
#[derive(Clone, Copy)]
pub(crate) enum Access {
    /// Anybody, known or not. (The call may still look at what was presented.)
    Anybody,
    /// Every caller whose proof holds; the call itself may ask for more.
    Known,
    /// Who has this permission.
    With(&'static str),
    /// Who has this permission and proves itself by key and certificate.
    WithBothFactors(&'static str),
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
    pub(crate) fn caller(&self) -> Result<&Caller, Rejection> {
        self.caller.ok_or_else(|| Rejection::internal("this call was let through without a caller"))
    }

    /// Changes the state in the name of the caller; see [`Store::change`].
    pub(crate) fn change<T>(
        &self,
        action: &'static str,
        resource_type: &'static str,
        change: impl FnOnce(&mut State) -> Result<(String, T), Rejection>,
    ) -> Result<T, Rejection> {
        let deed = Deed { user_id: &self.caller()?.id, action, resource_type };
        self.store.change(&deed, change)
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

/// The answer to a request, and who is calling, if that is known.
pub(crate) fn respond(store: &Store, request: &Request<Bytes>, presented: Presented<'_>) -> (Option<Caller>, Answer) {
    let path = request.uri().path();
    let product = Product::of(path);
    let fitting: Vec<_> = account::ROUTES
        .into_iter()
        .chain(TABLES)
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
    let serve = |caller| (route.serve)(&ask(caller)).unwrap_or_else(|rejection| product.rejected(&rejection));
    let Some(requirement) = route.access.requirement() else { return (None, serve(None)) };
    match store.read(|state| decide(state, presented, requirement, store.now())) {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The calls of products that a line of docs/emulator.md names: `METHOD /path`, without a query.
    fn named(line: &str) -> impl Iterator<Item = String> {
        let spans = line.split('`').skip(1).step_by(2).map(|span| span.split('?').next().unwrap_or_default());
        let products =
            ["/account/", "/mpki/", "/signingmanager/", "/devicetrustmanager/", "/iot/", "/certificate-authority/"];
        let of_product = move |span: &&str| {
            span.split_once(' ').is_some_and(|(_, path)| products.iter().any(|product| path.starts_with(product)))
        };
        spans.filter(of_product).map(str::to_owned)
    }

    #[test]
    fn the_page_on_the_emulator_names_every_call_with_its_permission_and_no_other() {
        let page = include_str!("../../../../docs/emulator.md");
        let mut calls = BTreeSet::new();
        for route in account::ROUTES.into_iter().chain(TABLES).flatten() {
            let call = format!("{} {}", route.method, route.path);
            let row = page.lines().find(|line| named(line).any(|named| named == call));
            let row = row.unwrap_or_else(|| panic!("{call} is missing in docs/emulator.md"));
            if let Access::With(permission) | Access::WithBothFactors(permission) = route.access {
                assert!(row.contains(&format!("`{permission}`")), "{call} takes {permission}: {row}");
            }
            calls.insert(call);
        }
        let all: BTreeSet<String> = page.lines().flat_map(named).collect();
        assert_eq!(all, calls);
    }
}
