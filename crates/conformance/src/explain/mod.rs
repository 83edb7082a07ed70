//! What each case asks, in words: what stands ready, what is done, what must come of it, whom it hurts otherwise, and where
//! the author of a transport looks first. The texts are beside the cases and not in them, so that a program can show them
//! without running anything. One file a group of families; this one knows their shape and finds them.

use std::fmt;

/// Writes a table of explanations, so that no case is without one of the five texts.
macro_rules! explained {
    ($($id:literal given $given:literal when $when:literal then $then:literal why $why:literal fix $fix:literal;)+) => {
        &[$(Explanation { id: $id, given: $given, when: $when, then: $then, why: $why, fix: $fix },)+]
    };
}

mod chain;
mod err_retry_replay;
mod fidelity;
mod redir_time_body;
mod req_cred_host;
mod rotate_pool_proxy;
mod secret_obs;
mod trust_ident;
mod upload;

/// What a case asks, in words.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// The id of the case, as in [`Case::id`](crate::Case::id).
    pub id: &'static str,
    /// What stands ready before the case begins.
    pub given: &'static str,
    /// What is done.
    pub when: &'static str,
    /// What must come of it.
    pub then: &'static str,
    /// What happens to a user where it does not.
    pub why: &'static str,
    /// Where the author of a transport looks first.
    pub fix: &'static str,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "given  {}", self.given)?;
        writeln!(f, "when   {}", self.when)?;
        writeln!(f, "then   {}", self.then)?;
        writeln!(f, "why    {}", self.why)?;
        write!(f, "fix    {}", self.fix)
    }
}

/// The explanation of the case with this id.
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
    fn an_explanation_is_found_by_its_id_alone() {
        for case in cases() {
            assert_eq!(explain(case.id).map(|explanation| explanation.id), Some(case.id));
        }
        for unknown in ["", "REQ", "REQ-1", "req-01", "REQ-01 "] {
            assert!(explain(unknown).is_none(), "{unknown:?}");
        }
    }

    #[test]
    fn every_text_is_a_whole_sentence_on_one_line() {
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
    fn the_five_texts_of_a_case_say_five_things() {
        for explanation in all() {
            let different: HashSet<&str> = texts(explanation).into_iter().collect();
            assert_eq!(different.len(), 5, "{}", explanation.id);
        }
    }

    #[test]
    fn no_family_gives_one_reason_or_one_remedy_for_everything() {
        for family in FAMILIES {
            let id = family[0].id;
            let whys: HashSet<&str> = family.iter().map(|explanation| explanation.why).collect();
            let fixes: HashSet<&str> = family.iter().map(|explanation| explanation.fix).collect();
            assert_eq!(whys.len(), family.len(), "{id}: a user is hurt in a way of its own by each");
            assert!(fixes.len() > 1, "{id}");
        }
    }

    #[test]
    fn a_family_stands_in_one_table_and_in_order() {
        for family in FAMILIES {
            let prefix = family[0].id.split_once('-').expect("a family and a number").0;
            assert!(family.iter().all(|one| one.id.split_once('-').is_some_and(|(of, _)| of == prefix)), "{prefix}");
            assert!(family.is_sorted_by_key(|one| one.id), "{prefix}");
        }
    }

    #[test]
    fn it_is_shown_in_five_lines_with_their_labels() {
        let shown = explain("TRUST-02").expect("a case").to_string();
        let labels: Vec<&str> = shown.lines().map(|line| &line[..7]).collect();
        assert_eq!(labels, ["given  ", "when   ", "then   ", "why    ", "fix    "]);
        assert!(shown.lines().all(|line| line.len() >= 22 && !line.ends_with(' ')), "{shown}");
    }
}
