//! An error response that is shown whole (`d1 call -i`): its diagnosis, and the document of the response.

use digicert_one::{Diagnosis, Response};
use http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;

/// An error response, after all retries.
#[derive(Debug)]
pub(crate) struct ErrorResponse {
    pub(crate) diagnosis: Diagnosis,
    pub(crate) status: StatusCode,
    pub(crate) attempts: u32,
    /// With `--json`: what `d1 call` prints of a response.
    pub(crate) document: Option<Box<RawValue>>,
}

impl ErrorResponse {
    /// The response if its status is an error.
    pub(crate) fn of(response: &Response) -> Option<Self> {
        let diagnosis = response.diagnosis()?.clone();
        Some(Self { diagnosis, status: response.status(), attempts: response.attempts(), document: None })
    }

    /// The same with its document.
    pub(crate) fn with_document(self, document: &impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self { document: Some(serde_json::value::to_raw_value(document)?), ..self })
    }
}
