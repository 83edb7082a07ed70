//! The differential run also detects defects: compared with a broken transport, the correct one sees or shows
//! something else.

use std::panic::catch_unwind;

use digicert_one_conformance::{Subject, differential};

use crate::table::Defect;
use crate::transport::Connector;

const STEPS: usize = 150;
/// Any seed works; a fixed one makes a failure reproducible.
const SEED: u64 = 20_261_125;

/// Defects that callers or servers can see, one for each part that the run compares: requests, responses,
/// identities, ends.
const SEEN: [Defect; 8] = [
    Defect::LowersPaths,
    Defect::SendsPatchAsPost,
    Defect::AddsAReferer,
    Defect::DropsRepeatedResponseHeaders,
    Defect::IgnoresIdentities,
    Defect::PresentsTheFirstIdentity,
    Defect::FollowsRedirects,
    Defect::SwallowsShortBodies,
];

fn beside(other: Connector) {
    let subjects = [("sound", Subject::new(Connector::sound())), ("other", Subject::new(other))];
    differential(&subjects, SEED, STEPS);
}

#[test]
fn two_sound_transports_do_not_differ() {
    beside(Connector::sound());
}

#[test]
fn a_defect_is_a_difference() {
    for defect in SEEN {
        let payload = catch_unwind(|| beside(Connector::broken(defect)));
        let Err(payload) = payload else { panic!("{defect:?} made no difference in {STEPS} steps of seed {SEED}") };
        let words = payload.downcast_ref::<String>().map_or("", String::as_str);
        assert!(words.contains(&format!("of seed {SEED} on sound (left) and other (right)")), "{defect:?}: {words}");
    }
}
