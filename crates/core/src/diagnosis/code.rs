//! A diagnosis code and what it stands for. The rows are in `table.rs`; this file knows their shape.

use std::fmt;

use super::{Advice, Code, Side};

impl Code {
    /// The code as it is printed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.row().text
    }

    /// Who rejected whom.
    #[must_use]
    pub fn side(self) -> Side {
        self.row().side
    }

    /// What a program may do, where the facts of the call say nothing else.
    #[must_use]
    pub fn advice(self) -> Advice {
        self.row().advice
    }

    /// What it means, in a few words.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.row().title
    }

    /// What it means and how to tell, in a sentence or two.
    #[must_use]
    pub fn explanation(self) -> &'static str {
        self.row().explanation
    }

    /// Whether repeating the call helps, in a sentence.
    #[must_use]
    pub fn repeating(self) -> &'static str {
        match self.advice() {
            Advice::Repeat { .. } => {
                "It may, where the call is idempotent or was not sent, and not before the wait that the answer asks for."
            }
            Advice::NewerCredential => "Only with newer key material: the same credential fails again.",
            Advice::GiveUp => "No: something must change first.",
        }
    }

    /// What to do.
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

    /// What a remedy can ask for. One of them must stand in each: a text without an action is no remedy.
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
        "repeat",
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
            assert!(words.any(|word| ACTIONS.contains(&word)), "{code} asks for nothing: {remedy}");
        }
    }

    #[test]
    fn what_we_or_the_server_refused_is_never_taken_for_a_network_blip() {
        for code in Code::ALL {
            let repeats = matches!(code.advice(), Advice::Repeat { .. });
            assert!(!repeats || !matches!(code.side(), Side::Us | Side::Peer | Side::Both | Side::Unclear), "{code}");
        }
    }
}
