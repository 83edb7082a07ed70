//! The error response of an attempt of a relayed call, held until it is known to be the last one.

use bytes::Bytes;
use digicert_one_core::{CallContext, Diagnosis, Generation, ResponseBody};
use http::HeaderValue;
use http::response;

use crate::response::{Parts, Response};
use crate::settings::Settings;

/// The largest error response that is relayed.
pub(crate) const MAX_BODY: usize = 1 << 20;

/// An error response, its secrets redacted.
pub(crate) struct RelayedError {
    pub(crate) head: response::Parts,
    pub(crate) body: Bytes,
    pub(crate) context: CallContext,
    pub(crate) generation: Option<Generation>,
    pub(crate) key: Option<HeaderValue>,
}

impl RelayedError {
    /// The response, and why its status is an error.
    pub(crate) fn into_response(self, settings: &Settings, diagnosis: &Diagnosis) -> Response {
        let Self { head, body, context, generation, key } = self;
        Response::new(Parts {
            status: head.status,
            version: head.version,
            headers: head.headers,
            body: settings.watched(ResponseBody::full(body), context.facts.clone()),
            context,
            generation,
            max_body: settings.max_body,
            warning: None,
            diagnosis: Some(Box::new(diagnosis.clone())),
            key,
            attempts: 1,
        })
    }
}
