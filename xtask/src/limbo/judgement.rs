//! The subjects of the vectors and the judgements of differences from their profile: written by hand, and
//! checked against the outcomes.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;

use super::outcomes::{Outcomes, Row};
use crate::cargo;
use crate::failure::Failure;
use crate::stacks::STACKS;

pub(super) const FILE: &str = "crates/conformance/limbo/judgements.toml";

/// By vector.
#[derive(Debug)]
pub(super) struct Judgements(BTreeMap<String, Judgement>);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    vector: Vec<Judgement>,
}

/// One vector.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Judgement {
    id: String,
    /// The special property of the chain.
    pub(super) about: String,
    /// The reasons for a refusal that are true of it.
    #[serde(default)]
    reasons: Vec<String>,
    pub(super) weight: Option<Weight>,
    pub(super) why: Option<String>,
}

/// How much a difference from the profile matters.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Weight {
    Matters,
    Formality,
}

impl Judgements {
    pub(super) fn read() -> Result<Self, Failure> {
        let text = fs::read_to_string(cargo::root().join(FILE))
            .map_err(|error| Failure::new(format_args!("{FILE}: {error}")))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        let file: File = toml::from_str(text).map_err(|error| Failure::new(format_args!("{FILE}: {error}")))?;
        let mut known = BTreeMap::new();
        for judgement in file.vector {
            if let Some(twice) = known.insert(judgement.id.clone(), judgement) {
                return Err(Failure::new(format_args!("{FILE}: {} is listed twice", twice.id)));
            }
        }
        Ok(Self(known))
    }

    pub(super) fn of(&self, id: &str) -> Option<&Judgement> {
        self.0.get(id)
    }

    /// The judgements that do not match the outcomes, one line each.
    pub(super) fn faults(&self, seen: &Outcomes) -> Vec<String> {
        let mut faults = Vec::new();
        let played = || seen.0.iter().filter(|row| row.not_playable().is_none());
        for row in played() {
            let Some(judgement) = self.of(&row.id) else {
                faults.push(format!("{}: missing", row.id));
                continue;
            };
            let differs = row.outcomes.iter().any(|outcome| Row::differs(outcome, row.permitted));
            match (differs, judgement.weight.is_some() && judgement.why.is_some()) {
                (true, false) => faults.push(format!("{}: differs from the profile, and is not judged", row.id)),
                (false, true) => faults.push(format!("{}: judged, and does not differ from the profile", row.id)),
                _ => {}
            }
            for (outcome, stack) in row.outcomes.iter().zip(STACKS) {
                // A stack without a reason is not wrong.
                let reason = outcome.strip_prefix("refused ").filter(|reason| *reason != "Unspecified");
                if let Some(reason) = reason.filter(|reason| !judgement.reasons.iter().any(|known| known == reason)) {
                    faults.push(format!("{} on {}: refused for {reason}, which is not true of it", row.id, stack.name));
                }
            }
        }
        let known = |id: &String| played().any(|row| row.id == *id);
        faults.extend(self.0.keys().filter(|id| !known(id)).map(|id| format!("{id}: no such vector was played")));
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(outcome: &str) -> Outcomes {
        let outcomes = vec![outcome.to_owned(); STACKS.len()];
        Outcomes(vec![Row { id: "san::other".to_owned(), permitted: false, outcomes }])
    }

    fn faults(rest: &str, outcome: &str) -> usize {
        let text = format!("[[vector]]\nid = \"san::other\"\nabout = \"another name\"\n{rest}");
        Judgements::parse(&text).expect("valid").faults(&seen(outcome)).len()
    }

    #[test]
    fn exactly_the_differences_are_judged() {
        let judged = "weight = \"formality\"\nwhy = \"it is one\"\n";
        assert_eq!((faults("", "accepted"), faults(judged, "accepted")), (1, 0));
        assert_eq!((faults("", "handshake failed"), faults(judged, "handshake failed")), (0, 1));
        assert_eq!(faults("weight = \"matters\"\n", "accepted"), 1, "a weight without a reason");
    }

    #[test]
    fn wrong_reason_is_a_fault_of_each_stack() {
        let named = "reasons = [\"NameMismatch\"]\n";
        assert_eq!(faults(named, "refused NameMismatch") + faults(named, "refused Unspecified"), 0);
        assert_eq!(faults(named, "refused Expired"), STACKS.len());
    }

    #[test]
    fn vector_without_a_judgement_and_judgement_without_a_vector_are_faults() {
        let none = Judgements::parse("vector = []").expect("valid");
        assert_eq!(none.faults(&seen("accepted")), ["san::other: missing"]);
        assert_eq!(faults("", "not playable: no key"), 1);
        let twice = "[[vector]]\nid = \"a\"\nabout = \"\"\n".repeat(2);
        assert!(Judgements::parse(&twice).is_err());
    }

    #[test]
    fn recorded_outcomes_are_judged() {
        let recorded = Outcomes::recorded().expect("valid");
        assert_eq!(Judgements::read().expect("valid").faults(&recorded), Vec::<String>::new());
    }
}
