//! The end date that a task asks for.

use digicert_one_core::EndDate;
use serde::{Deserialize, Serialize};

/// When the new one is to end. It never ends after its owner, whatever is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Ends {
    /// With its owner, or never where that has no end.
    #[default]
    WithOwner,
    /// On this day.
    On(#[serde(with = "as_text")] EndDate),
    /// So many days from the day on which it is made.
    AfterDays(u32),
}

/// What can be written and read again as a text.
pub(super) mod as_text {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub(in super::super) fn serialize<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(in super::super) fn deserialize<'de, T: FromStr, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| D::Error::custom("not what was written"))
    }
}
