//! Accessors of a diagnosis code and of its texts. `table.rs` has the rows.

use std::fmt;

use super::{Advice, Code, Side};

impl Code {
    /// Returns the code as printed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.row().text
    }

    /// Returns who rejected whom.
    #[must_use]
    pub fn side(self) -> Side {
        self.row().side
    }

    /// Returns what a program can do by default; the facts of a call may give other advice.
    #[must_use]
    pub fn advice(self) -> Advice {
        self.row().advice
    }

    /// Returns the meaning in a few words.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.row().title
    }

    /// Returns the meaning and how to recognise it, in a sentence or two.
    #[must_use]
    pub fn explanation(self) -> &'static str {
        self.row().explanation
    }

    /// Returns whether a retry helps, in a sentence.
    #[must_use]
    pub fn retry_help(self) -> &'static str {
        match self.advice() {
            Advice::Retry { .. } => {
                "It may, if the call is idempotent or was not sent, but not before the delay that the response asks for."
            }
            Advice::NewerCredential => "Only with newer key material: the same credential fails again.",
            Advice::GiveUp => "No: something must change first.",
        }
    }

    /// Returns what to do.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        self.row().remedy
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Verbs that a remedy can contain. Each remedy needs one: a text without an action is not a remedy.
    const ACTIONS: &[&str] = &[
        "allow",
        "append",
        "ask",
        "change",
        "check",
        "compare",
        "configure",
        "create",
        "give",
        "have",
        "keep",
        "leave",
        "raise",
        "retry",
        "see",
        "take",
        "unset",
        "use",
        "wait",
        "write",
    ];

    #[test]
    fn every_code_is_unique_and_has_texts() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{code} twice");
            for text in [code.title(), code.explanation(), code.remedy()] {
                assert!(text.len() > 5 && !text.contains(['{', '}']) && !text.contains("TODO"), "{code}: {text:?}");
            }
            assert!(!code.title().ends_with('.'), "{code}");
            assert!(code.explanation().ends_with('.'), "{code}");
            assert!(code.remedy().ends_with(['.', '?']), "{code}");
            let remedy = code.remedy().to_ascii_lowercase();
            let mut words = remedy.split(|one: char| !one.is_ascii_alphabetic());
            assert!(words.any(|word| ACTIONS.contains(&word)), "{code} has no action: {remedy}");
        }
    }

    #[test]
    fn refusal_by_either_side_is_never_a_network_error() {
        for code in Code::ALL {
            let repeats = matches!(code.advice(), Advice::Retry { .. });
            assert!(!repeats || !matches!(code.side(), Side::Us | Side::Peer | Side::Both | Side::Unclear), "{code}");
        }
    }
}
