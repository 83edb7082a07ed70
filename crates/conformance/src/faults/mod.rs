//! The matrix fault × transport: faults of the catalogue, made for real on loopback or in what is given to the SDK, each with the
//! code that every stack must give. A stack that cannot know may give a wider code, which the fault then lists with the reason; any
//! other code fails the test. `cargo xtask faults` makes docs/faults.md and the raw texts of docs/errors of what was seen.

#[cfg(test)]
mod evidence;
mod given;
mod handshake;
mod lab;
mod network;
mod platform;
mod rate_limit;
mod raw_text;
mod run;
mod trust;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use digicert_one_core::{Capabilities, Capability, Code};

use self::lab::Seen;
pub(crate) use self::raw_text::deepest;
pub(crate) use self::run::checked_faults;
pub use self::run::{FaultCell, fault_table, fault_test};
use crate::world::World;

/// One fault and what it is called.
pub struct Fault {
    /// The row of the table, in words.
    pub name: &'static str,
    /// The code of a stack that can tell.
    pub code: Code,
    /// The codes of stacks that cannot.
    pub wider: &'static [Wider],
    /// What a stack must declare for this fault to happen to it.
    pub needs: Option<Capability>,
    run: fn(World) -> Pin<Box<dyn Future<Output = Seen>>>,
}

/// A wider code, documented.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Wider {
    /// The code.
    pub code: Code,
    /// Only a stack without this may give it; without an entry here, every stack.
    pub lacking: Option<Capability>,
    /// Why such a stack cannot know.
    pub why: &'static str,
}

impl Fault {
    const fn needing(mut self, capability: Capability) -> Self {
        self.needs = Some(capability);
        self
    }

    /// The documented reason for a wider code on a stack with these capabilities.
    #[must_use]
    pub fn wider(&self, code: Code, capabilities: Capabilities) -> Option<&'static Wider> {
        let may = |wider: &&Wider| wider.lacking.is_none_or(|lacking| !capabilities.has(lacking));
        self.wider.iter().filter(|wider| wider.code == code).find(may)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault").field("name", &self.name).field("code", &self.code).finish_non_exhaustive()
    }
}

/// Every fault, in the order of a call.
pub fn faults() -> impl Iterator<Item = &'static Fault> {
    [given::FAULTS, rate_limit::FAULTS, network::FAULTS, trust::FAULTS, handshake::FAULTS, platform::FAULTS]
        .into_iter()
        .flatten()
}

/// One row: name, code, wider codes, and what makes it.
const fn fault(
    name: &'static str,
    code: Code,
    wider: &'static [Wider],
    run: fn(World) -> Pin<Box<dyn Future<Output = Seen>>>,
) -> Fault {
    Fault { name, code, wider, needs: None, run }
}

const fn wider(code: Code, lacking: Capability, why: &'static str) -> Wider {
    Wider { code, lacking: Some(lacking), why }
}

/// A code that is as true as that of the fault, on any stack.
const fn or(code: Code, why: &'static str) -> Wider {
    Wider { code, lacking: None, why }
}

/// Reasons that several faults share.
mod unknown {
    use digicert_one_core::{Capability, Code};

    use super::{Wider, or, wider};

    pub(super) const ALERT: Wider = wider(
        Code::HS_03,
        Capability::AlertDetail,
        "the library keeps the server's alert to itself: all that is left is that the handshake, or the connection right after it, ended",
    );
    pub(super) const VERSION: Wider = wider(
        Code::HS_04,
        Capability::TlsVersionFact,
        "the stack does not tell the TLS version, so the alert may be about the first handshake: under TLS 1.3 it comes after it",
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
        "the stack does not tell whether the server asked for a client certificate, so a refused one cannot be ruled out",
    );
    pub(super) const ASKED_BEFORE_TLS13: Wider = wider(
        Code::HS_04,
        Capability::ClientAuthSignal,
        "TLS 1.2 has no alert for a missing certificate: handshake_failure alone does not tell a stack that cannot see the request",
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
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use digicert_one_core::diagnosis::{PlatformAnswer, diagnose_answer, diagnose_transport};
    use digicert_one_core::{
        CallContext, Capability, Delivery, Diagnosis, Mode, TlsAlert, TransportError, TransportErrorKind,
    };

    use super::*;
    use crate::world::{HOST, certificate, identity};

    #[test]
    fn no_two_faults_have_one_name_and_there_are_enough_of_them() {
        let names: BTreeSet<_> = faults().map(|fault| fault.name).collect();
        assert_eq!(names.len(), faults().count());
        assert!(names.len() >= 40, "{}", names.len());
        assert!(names.iter().all(|name| !name.contains(['|', '\t', '\n'])), "names are cells of a table");
    }

    #[test]
    fn every_code_is_reached() {
        let mut reached: BTreeSet<Code> = faults().map(|fault| fault.code).collect();
        reached.extend(faults().flat_map(|fault| fault.wider).map(|wider| wider.code));
        // What no fault on loopback makes on every stack, from the facts that a transport would report.
        for diagnosis in from_facts() {
            lab::Seen::new(diagnosis, String::new()).check().expect("it reads well");
            // Each of them is here because nothing else reaches it.
        }
        reached.extend(from_facts().map(|diagnosis| diagnosis.code));
        // Told elsewhere than in an error of a call.
        reached.insert(Code::API_05); // client: an_answer_without_the_key_is_an_error_that_names_what_was_made
        reached.insert(Code::CFG_05); // client: clocks_that_differ_are_told_before_anything_is_made
        reached.insert(Code::CFG_06); // client: nothing_is_made_where_it_could_not_be_kept
        reached.insert(Code::IO_01); // d1: output_that_cannot_be_written_is_io_01
        reached.insert(Code::IO_02); // d1: input_that_cannot_be_read_is_io_02
        reached.insert(Code::ID_16); // credentials: an_rsa_key_of_1024_bits_is_id_16
        reached.insert(Code::ROT_05); // client: a_lock_that_another_machine_holds_is_waited_for_and_then_told
        reached.insert(Code::ROT_06); // a log line: rotate_12_a_replacement_that_the_platform_refuses_does_not_go_live
        let missing: Vec<_> = Code::ALL.iter().filter(|code| !reached.contains(code)).collect();
        assert!(missing.is_empty(), "no producer: {missing:?}");
    }

    fn from_facts() -> impl Iterator<Item = Diagnosis> {
        let transport = |kind| {
            let error = TransportError::new(kind, Delivery::NotSent);
            diagnose_transport(&error, &CallContext::new(HOST, Mode::Key, std::time::SystemTime::now()))
        };
        let mut context = CallContext::new(HOST, Mode::Certificate, std::time::SystemTime::now())
            .with_identity(Some(identity(&certificate())));
        (context.facts.identity_requested, context.facts.identity_sent) = (Some(true), Some(false));
        let error = TransportError::new(TransportErrorKind::PeerAlert(TlsAlert(116)), Delivery::NotSent)
            .with_facts(context.facts.clone());
        let by_alert = diagnose_transport(&error, &context);
        let mut answer = PlatformAnswer::new(http::StatusCode::BAD_REQUEST);
        answer.message = Some("400 No required SSL certificate was sent".to_owned());
        let by_answer = diagnose_answer(&answer, &context);
        assert_eq!((by_alert.code, by_answer.code), (Code::ID_14, Code::ID_14));
        let refused = [("duplicate_error", Code::API_06), ("token_limit_reached", Code::API_07)].map(|(said, code)| {
            let mut answer = PlatformAnswer::new(http::StatusCode::CONFLICT);
            (answer.code, answer.recognised) = (Some(said.to_owned()), true);
            let diagnosis = diagnose_answer(&answer, &context);
            assert_eq!(diagnosis.code, code);
            diagnosis
        });
        let kinds = [
            (TransportErrorKind::LocalIdentity, Code::ID_06),
            (TransportErrorKind::Unsupported(Capability::Http2), Code::CFG_02),
            (TransportErrorKind::Other, Code::CFG_04),
            (TransportErrorKind::Upload, Code::IO_03),
        ];
        let by_kind = kinds.map(|(kind, code)| {
            let diagnosis = transport(kind);
            assert_eq!(diagnosis.code, code);
            diagnosis
        });
        [by_alert, by_answer].into_iter().chain(refused).chain(by_kind)
    }
}
