//! The matrix fault × transport: faults of the catalogue, real on loopback or in the input of the SDK, each
//! with the code that every stack must report. A stack that cannot know may report a wider code, which the
//! fault then lists with the reason; any other code fails the test. `cargo xtask faults` generates
//! docs/faults.md and the raw texts of docs/errors from the results.

#[cfg(test)]
mod evidence;
mod fault;
mod given;
mod handshake;
mod lab;
mod list;
mod network;
mod platform;
mod rate_limit;
mod raw_text;
mod run;
mod trust;
mod unknown;

pub use self::fault::{Fault, Wider};
pub use self::list::faults;
pub(crate) use self::raw_text::deepest;
pub(crate) use self::run::checked_faults;
pub use self::run::{FaultCell, fault_table, fault_test};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use digicert_one_core::Code;
    use digicert_one_core::diagnosis::{ErrorResponse, diagnose_response, diagnose_transport};
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
        // What no fault on loopback causes on every stack, from the facts that a transport would report.
        for diagnosis in from_facts() {
            lab::ObservedFault::new(diagnosis, String::new()).check().expect("it reads well");
            // Each of them is listed because nothing else reaches it.
        }
        reached.extend(from_facts().map(|diagnosis| diagnosis.code));
        // Reported elsewhere than in the error of a call.
        reached.insert(Code::API_05); // client: a_response_without_the_key_is_an_error_that_names_what_was_made
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
        let mut response = ErrorResponse::new(http::StatusCode::BAD_REQUEST);
        response.message = Some("400 No required SSL certificate was sent".to_owned());
        let by_answer = diagnose_response(&response, &context);
        assert_eq!((by_alert.code, by_answer.code), (Code::ID_14, Code::ID_14));
        let refused = [("duplicate_error", Code::API_06), ("token_limit_reached", Code::API_07)].map(|(said, code)| {
            let mut response = ErrorResponse::new(http::StatusCode::CONFLICT);
            (response.code, response.recognised) = (Some(said.to_owned()), true);
            let diagnosis = diagnose_response(&response, &context);
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
