//! The catalogue of cases, one file for each family. An entry is the only place that has the id, the level and the explanation
//! of a case, next to the function that is the case (`cases`). The entries are macros, so that the table here and the tests of
//! every transport cannot differ: a case function without an entry is dead code and stops the build.

mod body;
mod cred;
mod err;
mod expand;
mod fid;
mod host;
mod ident;
mod obs;
mod pool;
mod proxy;
mod redir;
mod replay;
mod req;
mod retry;
mod rotate;
mod secret;
mod time;
mod trust;
mod upload;

use std::sync::LazyLock;

use crate::case::{Case, Explanation, Level};
use crate::cases as functions;

/// Every case, in the order of the catalogue.
#[must_use]
pub fn cases() -> &'static [Case] {
    static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| FAMILIES.concat());
    &CASES
}

/// Returns the explanation of the case with this id.
#[must_use]
pub fn explain(id: &str) -> Option<&'static Explanation> {
    cases().iter().find(|case| case.id == id).map(|case| &case.explanation)
}

/// Generates one `#[test]` per case, one for the table of faults and one for the waivers, for the
/// [`Subject`](crate::Subject) of the expression.
#[macro_export]
macro_rules! suite {
    ($subject:expr) => {
        #[test]
        fn waivers_name_known_cases_and_give_reasons() {
            $crate::check_waivers(&$subject);
        }

        #[test]
        fn every_fault_has_its_code_or_a_documented_wider_one() {
            $crate::fault_test(&$subject);
        }

        $crate::__req! { tests ($subject) }
        $crate::__cred! { tests ($subject) }
        $crate::__host! { tests ($subject) }
        $crate::__trust! { tests ($subject) }
        $crate::__ident! { tests ($subject) }
        $crate::__redir! { tests ($subject) }
        $crate::__time! { tests ($subject) }
        $crate::__body! { tests ($subject) }
        $crate::__upload! { tests ($subject) }
        $crate::__err! { tests ($subject) }
        $crate::__replay! { tests ($subject) }
        $crate::__retry! { tests ($subject) }
        $crate::__pool! { tests ($subject) }
        $crate::__proxy! { tests ($subject) }
        $crate::__rotate! { tests ($subject) }
        $crate::__secret! { tests ($subject) }
        $crate::__obs! { tests ($subject) }
        $crate::__fid! { tests ($subject) }
    };
}

const FAMILIES: [&[Case]; 18] = [
    crate::__req! { table () },
    crate::__cred! { table () },
    crate::__host! { table () },
    crate::__trust! { table () },
    crate::__ident! { table () },
    crate::__redir! { table () },
    crate::__time! { table () },
    crate::__body! { table () },
    crate::__upload! { table () },
    crate::__err! { table () },
    crate::__replay! { table () },
    crate::__retry! { table () },
    crate::__pool! { table () },
    crate::__proxy! { table () },
    crate::__rotate! { table () },
    crate::__secret! { table () },
    crate::__obs! { table () },
    crate::__fid! { table () },
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn texts(case: &Case) -> [&'static str; 5] {
        let Explanation { given, when, then, why, fix } = case.explanation;
        [given, when, then, why, fix]
    }

    #[test]
    fn every_text_is_a_sentence_on_one_line() {
        for case in cases() {
            for text in texts(case) {
                let id = case.id;
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
        for case in cases() {
            let different: HashSet<&str> = texts(case).into_iter().collect();
            assert_eq!(different.len(), 5, "{}", case.id);
        }
    }

    #[test]
    fn reasons_and_remedies_of_a_family_differ() {
        for family in FAMILIES {
            let id = family[0].id;
            let whys: HashSet<&str> = family.iter().map(|case| case.explanation.why).collect();
            let fixes: HashSet<&str> = family.iter().map(|case| case.explanation.fix).collect();
            assert_eq!(whys.len(), family.len(), "{id}: each reason must differ");
            assert!(fixes.len() > 1, "{id}");
        }
    }

    #[test]
    fn family_is_one_table_in_order_and_names_begin_with_ids() {
        for family in FAMILIES {
            let prefix = family[0].id.split_once('-').expect("a family and a number").0;
            assert!(family.iter().all(|one| one.id.split_once('-').is_some_and(|(of, _)| of == prefix)), "{prefix}");
            assert!(family.is_sorted_by(|one, next| one.id < next.id), "{prefix}");
            for case in family {
                let begin = format!("{}_", case.id.to_ascii_lowercase().replace('-', "_"));
                assert!(case.name.starts_with(&begin), "{} {}", case.id, case.name);
            }
        }
    }

    #[test]
    fn explanation_is_found_by_its_id_and_shown_in_five_labelled_lines() {
        let shown = explain("TRUST-02").expect("a case").to_string();
        let labels: Vec<&str> = shown.lines().map(|line| &line[..7]).collect();
        assert_eq!(labels, ["given  ", "when   ", "then   ", "why    ", "fix    "]);
        assert!(shown.lines().all(|line| line.len() >= 22 && !line.ends_with(' ')), "{shown}");
        assert!(explain("REQ-1").is_none() && explain("").is_none());
    }
}
