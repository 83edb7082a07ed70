//! A diagnosis code and what it stands for. The rows are in `table.rs`; this file knows their shape.

use std::fmt;

use super::{Advice, Code};

/// Who rejected whom, or where a call broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Side {
    /// Nothing was sent: the fault is in what we were given.
    Local,
    /// The way between us and the server.
    Network,
    /// The server refused us in TLS.
    Peer,
    /// We refused the server.
    Us,
    /// Neither accepts what the other offers.
    Both,
    /// The platform answered, and refused.
    Platform,
    /// Something in front of the platform answered in its place.
    Gateway,
    /// The evidence does not tell.
    Unclear,
}

/// What the table says of one code.
pub(super) struct Row {
    pub(super) text: &'static str,
    pub(super) side: Side,
    pub(super) advice: Advice,
    pub(super) title: &'static str,
    pub(super) explanation: &'static str,
    pub(super) remedy: &'static str,
}

/// Makes the type and its table in one go, so that no code is without texts.
macro_rules! codes {
    ($($name:ident = $text:literal $side:ident $advice:ident $title:literal, $explanation:literal, $remedy:literal;)+) => {
        /// A stable diagnosis code, such as `HS-02`.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct Code(u8);

        #[allow(non_camel_case_types, reason = "names the codes for the table below only")]
        #[repr(u8)]
        enum Index { $($name,)+ }

        impl Code {
            $(#[doc = concat!($text, ": ", $title, ".")] pub const $name: Self = Self(Index::$name as u8);)+

            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            const TABLE: &[Row] = &[$(Row {
                text: $text,
                side: Side::$side,
                advice: codes!(@$advice),
                title: $title,
                explanation: $explanation,
                remedy: $remedy,
            },)+];

            pub(super) fn row(self) -> &'static Row {
                &Self::TABLE[usize::from(self.0)]
            }
        }
    };
    (@Repeat) => { $crate::Advice::Repeat { not_before: None } };
    (@$advice:ident) => { $crate::Advice::$advice };
}
pub(super) use codes;

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

    /// What to do.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        self.row().remedy
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "nobody: found on our side",
            Self::Network => "nobody: the way between is broken",
            Self::Peer => "the server refused us",
            Self::Us => "we refused the server",
            Self::Both => "both: neither accepts what the other offers",
            Self::Platform => "the platform answered and refused",
            Self::Gateway => "a gateway answered in the platform's place",
            Self::Unclear => "the evidence does not tell",
        })
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
