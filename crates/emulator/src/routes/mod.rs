//! The products: a request is routed, its caller authenticated and authorised, and then the call is served.
//!
//! Each product has a file with its own table. A request is routed before it is authenticated, as behind a
//! gateway: a wrong path is a 404 for every caller. The content of the request is validated last.

mod account;
mod call;
mod device;
mod input;
mod lifecycle;
mod private_ca;
mod signing;

use std::sync::LazyLock;

use bytes::Bytes;
use http::Request;

use self::call::{ApiCall, Route};
use crate::decide::{Caller, Presented, Refusal, decide};
use crate::error_shape::{Product, no_such_path};
use crate::response::Response;
use crate::router::{RouteMatch, Router};
use crate::store::Store;

const TABLES: [&[Route]; 8] = [
    account::user::ROUTES,
    account::api_token::ROUTES,
    account::certificate::ROUTES,
    account::directory::ROUTES,
    lifecycle::ROUTES,
    signing::ROUTES,
    device::ROUTES,
    private_ca::ROUTES,
];

static ROUTER: LazyLock<Router<&Route>> = LazyLock::new(|| {
    let methods = |route: &'static Route| if route.method == "GET" { vec!["GET", "HEAD"] } else { vec![route.method] };
    let calls = |route: &'static Route| methods(route).into_iter().map(move |method| (method, route.path, route));
    Router::new(TABLES.into_iter().flatten().flat_map(calls))
});

/// Returns the response to a request, and its caller, if known. `bearer` is true if the request has a bearer token.
pub(crate) fn respond(
    store: &Store,
    request: &Request<Bytes>,
    presented: Presented<'_>,
    bearer: bool,
) -> (Option<Caller>, Response) {
    let path = request.uri().path();
    let product = Product::of(path);
    let (route, variables) = match ROUTER.find(request.method().as_str(), path) {
        RouteMatch::Call(route, variables) => (route, variables),
        RouteMatch::WrongMethod(allowed) => return (None, product.wrong_method(&allowed)),
        RouteMatch::Nothing => return (None, no_such_path()),
    };
    if bearer {
        return (None, product.rejected(Refusal::TokenOfAnotherApi));
    }
    let serve = |caller| {
        let call = ApiCall { store, request, caller, variables: &variables };
        (route.serve)(&call).unwrap_or_else(|rejection| product.rejected(rejection))
    };
    let Some(requirement) = route.access else { return (None, serve(None)) };
    match store.read(|state| decide(state, presented, requirement, store.now())) {
        Err((caller, refusal)) => (caller, product.rejected(refusal)),
        Ok(caller) => {
            let response = serve(Some(&caller));
            (Some(caller), response)
        }
    }
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
    fn page_names_every_call_with_its_permission_and_no_other() {
        let page = include_str!("../../../../docs/emulator.md");
        let mut calls = BTreeSet::new();
        for route in TABLES.into_iter().flatten() {
            let call = format!("{} {}", route.method, route.path);
            let row = page.lines().find(|line| named(line).any(|named| named == call)).expect(&call);
            let permission = route.access.and_then(|requirement| requirement.permission).unwrap_or_default();
            assert!(row.contains(&format!("`{permission}")), "{call} takes {permission}: {row}");
            calls.insert(call);
        }
        let all: BTreeSet<String> = page.lines().flat_map(named).collect();
        assert_eq!(all, calls);
    }
}
