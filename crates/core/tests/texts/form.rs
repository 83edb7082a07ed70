//! The form of texts, also for the tests of other crates: error messages start in lower case and have no full stop at the
//! end, and no text has a word of the list of words that the project does not use.

use std::error::Error;

/// Separated by commas.
const UNUSED_WORDS: &str = "whoever,nobody,somebody,anybody,is no,are no,the one before,gone on,go on with,bites,for ever,by itself,tells,told";

/// Returns whether `words` (in lower case) occur in the text as whole words.
fn has(text: &str, words: &str) -> bool {
    let text: String = text.to_lowercase().chars().map(|one| if one.is_alphanumeric() { one } else { ' ' }).collect();
    format!(" {text} ").contains(&format!(" {words} "))
}

pub(crate) fn assert_plain(text: &str) {
    for words in UNUSED_WORDS.split(',') {
        assert!(!has(text, words), "{words:?} in {text:?}");
    }
}

/// Checks the message of an error and of every error below it.
pub(crate) fn assert_form(error: &dyn Error) {
    let mut next = Some(error);
    while let Some(one) = next {
        let text = one.to_string();
        let first: String = text.chars().take_while(|one| one.is_alphanumeric() || *one == '-').collect();
        let is_name = first == "x-api-key"
            || (first.len() > 1 && first.chars().all(|one| one.is_uppercase() || one.is_numeric()));
        let starts_lower = !text.starts_with(char::is_uppercase);
        assert!(starts_lower || is_name, "{text:?} does not start in lower case");
        assert!(!text.ends_with(['.', '!', '\n', ' ']), "{text:?} ends with a full stop");
        assert_plain(&text);
        next = one.source();
    }
}
