//! A position in a list as text that can be stored: how to request its page, and how many items come before it.

use std::fmt;
use std::str::FromStr;

use digicert_one_core::RequestTarget;
use serde::{Deserialize, Serialize};

use crate::parse_error::ParseError;

/// The parameter for a token in CSC lists and most others.
pub(super) const PAGE_TOKEN: &str = "pageToken";

/// How a page is requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// By the number of items before it.
    Offset(u64),
    /// By the link of the previous page.
    Link(RequestTarget),
    /// By its number, in this parameter.
    Page(String, u64),
    /// By the token of the previous page, in this parameter.
    Token(String, String),
}

/// The position where a list continues: after the last item that was returned, or at the page that failed.
///
/// It is text (`offset:200`, `offset:200+37` in the middle of a page), in `Display`, `FromStr` and serde, so that a program can
/// store it and continue later. It belongs to one path with one set of filters. A position with a link or a token is valid as long as the
/// server accepts it, and its text holds that link or token.
///
/// ```
/// use digicert_one_client::Position;
/// let position: Position = "offset:200+37".parse()?;
/// assert_eq!((position.to_string().as_str(), position.index()), ("offset:200+37", 237));
/// assert_eq!(Position::default(), Position::offset(0));
/// # Ok::<(), digicert_one_client::ParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Position {
    pub(super) step: Step,
    /// Items of the list before the page.
    pub(super) before: u64,
    /// Items of the page before the position.
    pub(super) skip: u64,
}

const INVALID: ParseError =
    ParseError("not a valid list position: expected a text such as offset:200, as printed where a list stops");

impl Position {
    /// After this many items.
    #[must_use]
    pub fn offset(items: u64) -> Self {
        Self::at(Step::Offset(items), items)
    }

    pub(super) fn at(step: Step, before: u64) -> Self {
        Self { step, before, skip: 0 }
    }

    /// The position after this many items of the same page.
    pub(super) fn skipping(&self, skip: u64) -> Self {
        Self { skip, ..self.clone() }
    }

    /// The position this many items further on the same page.
    pub(super) fn after(&self, items: usize) -> Self {
        self.skipping(self.skip.saturating_add(items as u64))
    }

    /// The number of items before this position, as far as they were counted.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.before.saturating_add(self.skip)
    }
}

impl Default for Position {
    /// The beginning of a list.
    fn default() -> Self {
        Self::offset(0)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An unusual parameter is part of the kind: `token@cursor:200:...`.
        let (kind, parameter) = match &self.step {
            Step::Offset(_) => ("offset", None),
            Step::Link(_) => ("link", None),
            Step::Page(name, _) => ("page", Some(name).filter(|name| *name != "page")),
            Step::Token(name, _) => ("token", Some(name).filter(|name| *name != PAGE_TOKEN)),
        };
        f.write_str(kind)?;
        if let Some(parameter) = parameter {
            write!(f, "@{parameter}")?;
        }
        write!(f, ":{}", self.before)?;
        if self.skip > 0 {
            write!(f, "+{}", self.skip)?;
        }
        match &self.step {
            Step::Offset(_) => Ok(()),
            Step::Link(target) => write!(f, ":{target}"),
            Step::Page(_, number) => write!(f, ":{number}"),
            Step::Token(_, token) => write!(f, ":{token}"),
        }
    }
}

impl fmt::Debug for Position {
    /// Without the query of a link and without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.step {
            Step::Offset(_) => "offset",
            Step::Link(_) => "link",
            Step::Page(..) => "page",
            Step::Token(..) => "token",
        };
        write!(f, "Position({kind}, {} items before)", self.index())
    }
}

impl FromStr for Position {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (kind, rest) = text.split_once(':').ok_or(INVALID)?;
        let (place, rest) = rest.split_once(':').map_or((rest, None), |(place, rest)| (place, Some(rest)));
        let (before, skip) = place.split_once('+').unwrap_or((place, "0"));
        let (before, skip) = (number(before)?, number(skip)?);
        let (kind, parameter) = kind.split_once('@').map_or((kind, None), |(kind, name)| (kind, Some(name)));
        if parameter.is_some_and(|name| name.is_empty() || !name.chars().all(is_of_name)) {
            return Err(INVALID);
        }
        let named = |usual: &str| parameter.unwrap_or(usual).to_owned();
        let step = match (kind, rest) {
            ("offset" | "link", _) if parameter.is_some() => return Err(INVALID),
            ("offset", None) => Step::Offset(before),
            ("link", Some(link)) => Step::Link(RequestTarget::parse(link).map_err(|_| INVALID)?),
            ("page", Some(page)) => Step::Page(named("page"), number(page)?),
            ("token", Some(token)) if !token.is_empty() => Step::Token(named(PAGE_TOKEN), token.to_owned()),
            _ => return Err(INVALID),
        };
        Ok(Self { step, before, skip })
    }
}

/// `u64::from_str` takes a sign too.
fn number(digits: &str) -> Result<u64, ParseError> {
    match digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => digits.parse().map_err(|_| INVALID),
        false => Err(INVALID),
    }
}

impl TryFrom<String> for Position {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<Position> for String {
    fn from(position: Position) -> Self {
        position.to_string()
    }
}

/// Whether this character may be part of a parameter name in a position.
pub(super) fn is_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_survives_its_text() {
        for text in [
            "offset:0",
            "offset:200+37",
            "link:200:/x?offset=200&a=b:c",
            "token:10+1:a:b/+=",
            "token:0:x",
            "token@cursor:4:x",
            "page:200:3",
            "page@p:9+1:0",
        ] {
            let position: Position = text.parse().expect(text);
            assert_eq!(position.to_string(), text);
            let json = serde_json::to_string(&position).expect("text");
            assert_eq!(serde_json::from_str::<Position>(&json).expect(text), position);
        }
    }

    #[test]
    fn other_texts_are_errors_that_do_not_repeat_them() {
        for text in [
            "",
            "offset",
            "offset:",
            "offset:-1",
            "offset:+1",
            "offset:1:2",
            "link:1:https://x.test/",
            "token:1:",
            "page:2",
            "page:2:x",
            "token@:2:x",
            "token@a&b:2:x",
            "offset@start:2",
        ] {
            assert_eq!(text.parse::<Position>(), Err(INVALID), "{text}");
        }
    }

    #[test]
    fn debug_shows_neither_query_nor_token() {
        for text in ["link:2:/x?canary", "token:2:canary"] {
            let shown = format!("{:?}", text.parse::<Position>().expect(text));
            assert!(!shown.contains("canary"), "{shown}");
        }
    }
}
