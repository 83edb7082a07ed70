//! Spans: one for each call, and in it one for each attempt, with the names of the OpenTelemetry semantic conventions for HTTP clients
//! (1.27). They hold path templates, never paths, queries or header values. Nothing is computed without a subscriber.

use std::pin::Pin;
use std::task::{Context, Poll};

use digicert_one_core::{ConnectionFacts, Generation, Mode, Origin};
use http::Version;
use tracing::Span;
use tracing::field::Empty;

use super::template::Template;
use crate::call::Call;
use crate::error::Error;
use crate::response::Response;

/// The span of a whole call, including delays.
pub(crate) fn of_call(call: &Call) -> Span {
    let template = Template::of(&call.target, call.template);
    tracing::info_span!(
        "digicert_one.call",
        "otel.name" = %format_args!("{} {template}", call.method),
        "otel.kind" = "internal",
        "http.request.method" = %call.method,
        "url.template" = %template,
        "digicert_one.attempts" = Empty,
        "http.response.status_code" = Empty,
        "error.type" = Empty,
    )
}

/// The span of one attempt.
pub(crate) fn of_attempt(call: &Call, mode: Option<Mode>, generation: Option<Generation>, number: u32) -> Span {
    let template = Template::of(&call.target, call.template);
    tracing::info_span!(
        "digicert_one.attempt",
        "otel.name" = %format_args!("{} {template}", call.method),
        "otel.kind" = "client",
        "http.request.method" = %call.method,
        "url.template" = %template,
        "http.request.resend_count" = number.checked_sub(1).filter(|again| *again > 0),
        "server.address" = Empty,
        "server.port" = Empty,
        "network.protocol.name" = "http",
        "network.protocol.version" = Empty,
        "tls.resumed" = Empty,
        "digicert_one.mode" = mode.map(display),
        "digicert_one.generation" = generation.map(display),
        "http.response.status_code" = Empty,
        "error.type" = Empty,
    )
}

/// Records on the span of an attempt where its request goes.
pub(crate) fn goes_to(span: &Span, origin: &Origin) {
    if !span.is_disabled() {
        span.record("server.address", origin.host());
        span.record("server.port", origin.port());
    }
}

/// Records on the span of an attempt that its response has begun.
pub(crate) fn responded<B>(span: &Span, response: &http::Response<B>, facts: &ConnectionFacts) {
    if span.is_disabled() {
        return;
    }
    span.record("http.response.status_code", response.status().as_u16());
    if let Some(version) = version(response.version()) {
        span.record("network.protocol.version", version);
    }
    if let Some(resumed) = facts.tls_resumed {
        span.record("tls.resumed", resumed);
    }
}

/// Records how an attempt failed.
pub(crate) fn failed(span: &Span, error: &Error) {
    span.record("error.type", error.code().as_str());
}

/// Records how a call ended.
pub(crate) fn ended(span: &Span, outcome: &Result<Response, Error>, attempts: u32) {
    if span.is_disabled() {
        return;
    }
    span.record("digicert_one.attempts", attempts);
    let status = match outcome {
        Ok(response) => Some(response.status()),
        Err(error) => {
            failed(span, error);
            error.status()
        }
    };
    if let Some(status) = status {
        span.record("http.response.status_code", status.as_u16());
    }
}

fn version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        Version::HTTP_10 => Some("1.0"),
        _ => None,
    }
}

/// Polls a future inside a span, as `tracing::Instrument` does, but without moving the future.
pub(crate) struct InSpan<'a, F> {
    span: &'a Span,
    future: Pin<&'a mut F>,
}

impl<'a, F> InSpan<'a, F> {
    pub(crate) fn new(span: &'a Span, future: Pin<&'a mut F>) -> Self {
        Self { span, future }
    }
}

impl<F: Future> Future for InSpan<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _entered = self.span.enter();
        self.future.as_mut().poll(cx)
    }
}
