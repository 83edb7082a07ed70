//! The type of a table row, and the sides of a rejection.

use std::fmt;

use super::advice::Advice;

/// Who rejected whom, or where a call broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Side {
    /// Nothing was sent: the fault is in the caller's input.
    Local,
    /// The network between us and the server.
    Network,
    /// The server refused us in TLS.
    Peer,
    /// We refused the server.
    Us,
    /// Neither accepts what the other offers.
    Both,
    /// The platform responded, and refused.
    Platform,
    /// Something in front of the platform responded instead.
    Gateway,
    /// Unknown from the evidence.
    Unclear,
}

/// The table entry of one code.
pub(super) struct Row {
    pub(super) text: &'static str,
    pub(super) side: Side,
    pub(super) advice: Advice,
    pub(super) title: &'static str,
    pub(super) explanation: &'static str,
    pub(super) remedy: &'static str,
}

/// Defines the type and its table together, so that every code has texts.
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
    (@Retry) => { $crate::Advice::Retry { not_before: None } };
    (@$advice:ident) => { $crate::Advice::$advice };
}

pub(super) use codes;

impl Side {
    /// The side as a word of machine-readable output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Network => "network",
            Self::Peer => "peer",
            Self::Us => "us",
            Self::Both => "both",
            Self::Platform => "platform",
            Self::Gateway => "gateway",
            Self::Unclear => "unclear",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "neither: found locally, before sending",
            Self::Network => "neither: the network in between failed",
            Self::Peer => "the server refused us",
            Self::Us => "we refused the server",
            Self::Both => "both: neither accepts what the other offers",
            Self::Platform => "the platform responded and refused",
            Self::Gateway => "a gateway responded instead of the platform",
            Self::Unclear => "unknown from the evidence",
        })
    }
}
