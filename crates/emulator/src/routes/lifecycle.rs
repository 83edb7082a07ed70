//! Trust Lifecycle Manager, under `/mpki`.

use http::Method;

use super::{Access, Ask, Route};
use crate::answer::{self, Answer, Fault};

/// The greeting of Trust Lifecycle Manager, as the platform words it.
const HELLO: &str = "Hello from DigiCert ONE - Trust Lifecycle Manager REST API!";

pub(super) const ROUTES: &[Route] = &[
    // Whether the platform checks a credential here is unknown; it serves to find out that it is there.
    Route { method: Method::GET, path: "/mpki/api/v1/hello", access: Access::Anybody, serve: hello },
];

fn hello(_: &Ask<'_>) -> Result<Answer, Fault> {
    Ok(answer::text(HELLO))
}
