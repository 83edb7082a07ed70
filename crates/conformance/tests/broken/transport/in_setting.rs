//! Defects that appear in one setting only: through a proxy, under one version of HTTP or TLS, on a reused
//! connection. Elsewhere the transport is correct, so that a case in one setting does not see them.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use digicert_one_core::{ConnectionFacts, Delivery, TlsVersion, TransportError};
use http::{Request, Uri};

use super::Flaw;
use crate::table::Defect;

/// The setting in which a request is sent.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) is_tunnelled: bool,
    pub(super) is_http2: bool,
    pub(super) was_used: bool,
    pub(super) flaw: Flaw,
}

impl Place {
    /// The facts of the connection, as reported with a response and with an error.
    pub(super) fn reported(self, mut facts: ConnectionFacts) -> (ConnectionFacts, ConnectionFacts) {
        static LAST: Mutex<Option<ConnectionFacts>> = Mutex::new(None);
        if self.flaw.is(Defect::ClaimsIdentitiesInTunnels) && self.is_tunnelled {
            facts.identity_sent = Some(true);
        }
        if self.flaw.is(Defect::ClaimsTls13InTunnels) && self.is_tunnelled && self.is_http2 {
            facts.tls_version = Some(TlsVersion::Tls13);
        }
        let mut with_error = facts.clone();
        if self.flaw.is(Defect::TellsTheLastConnectionInErrors) {
            let last = LAST.lock().unwrap_or_else(PoisonError::into_inner).replace(facts.clone());
            with_error = last.unwrap_or(with_error);
        }
        (facts, with_error)
    }

    /// The request that is sent.
    pub(super) fn request(self, request: &Request<Bytes>) -> Request<Bytes> {
        let mut request = request.clone();
        if self.flaw.is(Defect::DropsBodiesInTunnels) && self.is_tunnelled && self.was_used {
            *request.body_mut() = Bytes::new();
        }
        if self.flaw.is(Defect::SendsTheKeyOncePerConnection) && self.was_used {
            request.headers_mut().remove("x-api-key");
        }
        if self.flaw.is(Defect::DecodesBlanksInTunnels) && self.is_tunnelled {
            let plain = request.uri().to_string().replace("%20", "+");
            *request.uri_mut() = plain.parse::<Uri>().unwrap_or_default();
        }
        request
    }

    /// The failure as it is reported.
    pub(super) fn failure(self, error: TransportError, is_large: bool) -> TransportError {
        if self.flaw.is(Defect::DeniesDeliveryOnUsedHttp2) && self.is_http2 && self.was_used
            || self.flaw.is(Defect::DeniesDeliveryOfCutUploads) && is_large
        {
            let denied = TransportError::new(error.kind(), Delivery::NotSent).with_facts(error.facts().clone());
            return denied.with_source(error);
        }
        error
    }
}
