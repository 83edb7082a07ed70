//! The requested end date of a task.

use digicert_one_core::EndDate;
use serde::{Deserialize, Serialize};

/// When the new credential expires. It never outlives its owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Ends {
    /// With its owner, or never if the owner has no end date.
    #[default]
    WithOwner,
    /// On this day.
    On(#[serde(with = "as_text")] EndDate),
    /// This many days after the day of creation.
    AfterDays(u32),
}

/// Serializes a value as text.
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
        text.parse().map_err(|_| D::Error::custom("invalid text"))
    }
}
