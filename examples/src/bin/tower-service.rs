//! The client as a tower service: below layers of the program's own, here one that counts.
#![allow(clippy::print_stdout, reason = "a program speaks through its output")]

use std::task::{Context, Poll};

use bytes::Bytes;
use tower_service::Service;

/// Counts the requests that go through.
struct Counted<S> {
    inner: S,
    count: u32,
}

impl<S: Service<http::Request<Bytes>>> Service<http::Request<Bytes>> for Counted<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Bytes>) -> S::Future {
        self.count += 1;
        self.inner.call(request)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut service = Counted { inner: digicert_one::from_env()?, count: 0 };
    for path in ["/account/api/v1/user/me", "/account/api/v1/no-such-thing"] {
        let response = service.call(http::Request::get(path).body(Bytes::new())?).await?;
        println!("{path}: {}", response.status());
    }
    println!("{} requests", service.count);
    Ok(())
}
