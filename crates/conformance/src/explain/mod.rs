//! Explanations of the cases: the setup, the action, the expected result, the harm otherwise, and where the author of a
//! transport should look first. The texts are separate from the cases, so that a program can show them without running
//! anything. One file per group of families; this one has their type and the lookup.

/// Writes a table of explanations, so that no case is without one of the five texts.
macro_rules! explained {
    ($($id:literal given $given:literal when $when:literal then $then:literal why $why:literal fix $fix:literal;)+) => {
        &[$(Explanation { id: $id, given: $given, when: $when, then: $then, why: $why, fix: $fix },)+]
    };
}

mod chain;
mod err_retry_replay;
mod explanation;
mod fidelity;
mod redir_time_body;
mod req_cred_host;
mod rotate_pool_proxy;
mod secret_obs;
mod trust_ident;
mod upload;

pub use self::explanation::Explanation;

/// Returns the explanation of the case with this id.
#[must_use]
pub fn explain(id: &str) -> Option<&'static Explanation> {
    all().find(|explanation| explanation.id == id)
}

fn all() -> impl Iterator<Item = &'static Explanation> {
    FAMILIES.iter().copied().flatten()
}

/// In the order of the catalogue.
const FAMILIES: &[&[Explanation]] = &[
    req_cred_host::REQ,
    req_cred_host::CRED,
    req_cred_host::HOST,
    trust_ident::TRUST,
    chain::CHAIN,
    trust_ident::IDENT,
    redir_time_body::REDIR,
    redir_time_body::TIME,
    redir_time_body::BODY,
    upload::UPLOAD,
    err_retry_replay::ERR,
    err_retry_replay::REPLAY,
    err_retry_replay::RETRY,
    rotate_pool_proxy::POOL,
    rotate_pool_proxy::PROXY,
    rotate_pool_proxy::ROTATE,
    secret_obs::SECRET,
    secret_obs::OBS,
    fidelity::FID,
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::cases;

    fn texts(explanation: &Explanation) -> [&'static str; 5] {
        [explanation.given, explanation.when, explanation.then, explanation.why, explanation.fix]
    }

    #[test]
    fn every_case_has_exactly_one_explanation() {
        for case in cases() {
            assert_eq!(all().filter(|explanation| explanation.id == case.id).count(), 1, "{}", case.id);
        }
    }

    #[test]
    fn no_explanation_is_without_a_case() {
        let known: HashSet<&str> = cases().iter().map(|case| case.id).collect();
        let stray: Vec<&str> = all().map(|explanation| explanation.id).filter(|id| !known.contains(id)).collect();
        assert!(stray.is_empty(), "{stray:?}");
    }

    #[test]
    fn explanation_is_found_by_its_id_only() {
        for case in cases() {
            assert_eq!(explain(case.id).map(|explanation| explanation.id), Some(case.id));
        }
        for unknown in ["", "REQ", "REQ-1", "req-01", "REQ-01 "] {
            assert!(explain(unknown).is_none(), "{unknown:?}");
        }
    }

    #[test]
    fn every_text_is_a_sentence_on_one_line() {
        for explanation in all() {
            for text in texts(explanation) {
                let id = explanation.id;
                assert!(text.len() >= 15, "{id}: {text:?}");
                assert!(text.ends_with('.') && !text.ends_with(".."), "{id}: {text:?}");
                assert!(
                    text.starts_with(|first: char| first.is_uppercase() || "`\"".contains(first)),
                    "{id}: {text:?}"
                );
                // A line of the source that was continued wrongly leaves its indentation in the text.
                assert!(!text.contains(['\n', '\t']) && !text.contains("  "), "{id}: {text:?}");
                assert_eq!(text.matches('`').count() % 2, 0, "{id}: a quotation is left open in {text:?}");
            }
        }
    }

    #[test]
    fn five_texts_of_a_case_differ() {
        for explanation in all() {
            let different: HashSet<&str> = texts(explanation).into_iter().collect();
            assert_eq!(different.len(), 5, "{}", explanation.id);
        }
    }

    #[test]
    fn reasons_and_remedies_of_a_family_differ() {
        for family in FAMILIES {
            let id = family[0].id;
            let whys: HashSet<&str> = family.iter().map(|explanation| explanation.why).collect();
            let fixes: HashSet<&str> = family.iter().map(|explanation| explanation.fix).collect();
            assert_eq!(whys.len(), family.len(), "{id}: each reason must differ");
            assert!(fixes.len() > 1, "{id}");
        }
    }

    #[test]
    fn family_is_one_table_in_order() {
        for family in FAMILIES {
            let prefix = family[0].id.split_once('-').expect("a family and a number").0;
            assert!(family.iter().all(|one| one.id.split_once('-').is_some_and(|(of, _)| of == prefix)), "{prefix}");
            assert!(family.is_sorted_by_key(|one| one.id), "{prefix}");
        }
    }

    #[test]
    fn explanation_is_shown_in_five_labelled_lines() {
        let shown = explain("TRUST-02").expect("a case").to_string();
        let labels: Vec<&str> = shown.lines().map(|line| &line[..7]).collect();
        assert_eq!(labels, ["given  ", "when   ", "then   ", "why    ", "fix    "]);
        assert!(shown.lines().all(|line| line.len() >= 22 && !line.ends_with(' ')), "{shown}");
    }
}
