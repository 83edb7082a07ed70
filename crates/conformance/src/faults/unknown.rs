//! Reasons for wider codes that several faults share.

use digicert_one_core::{Capability, Code};

use super::fault::{Wider, or, wider};

pub(super) const ALERT: Wider = wider(
    Code::HS_03,
    Capability::AlertDetail,
    "the library keeps the server's alert to itself: all that is left is that the handshake, or the connection right after it, ended",
);
pub(super) const VERSION: Wider = wider(
    Code::HS_04,
    Capability::TlsVersionFact,
    "the stack does not report the TLS version, so the alert may be about the first handshake: under TLS 1.3 it comes after it",
);
pub(super) const LATE: Wider = or(
    Code::HS_03,
    "under TLS 1.3 the alert comes after the client has finished its handshake, when its HTTP library need not be reading",
);
pub(super) const NOT_ASKED: Wider = or(
    Code::HS_03,
    "this server sends the alert before it asks for a certificate; a stack that sees so does not blame the certificate",
);
pub(super) const ASKED: Wider = wider(
    Code::HS_03,
    Capability::ClientAuthSignal,
    "the stack does not report whether the server asked for a client certificate, so a refused one cannot be ruled out",
);
pub(super) const ASKED_BEFORE_TLS13: Wider = wider(
    Code::HS_04,
    Capability::ClientAuthSignal,
    "TLS 1.2 has no alert for a missing certificate: handshake_failure alone does not inform a stack that cannot see the request",
);
pub(super) const SERVER: Wider = wider(
    Code::TR_05,
    Capability::PeerFaultDetail,
    "the library has one error for issuer, name and dates of the server's certificate",
);
pub(super) const HANDSHAKE: Wider = wider(
    Code::HS_03,
    Capability::AlertDetail,
    "the library has one error for everything that goes wrong in a handshake",
);
