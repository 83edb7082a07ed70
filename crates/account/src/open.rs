//! Open enums: known values have names, all others are preserved.

use std::fmt;

use serde::de::Deserializer;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

macro_rules! open_enums {
    ($($(#[$docs:meta])+ $name:ident { $($(#[$value_docs:meta])+ $value:ident = $text:literal,)+ })+) => {$(
        $(#[$docs])+
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$value_docs])+ $value,)+
            /// A value that this version does not know, as written.
            Other(String),
        }

        impl $name {
            /// Returns the value as written on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$value => $text,)+
                    Self::Other(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            /// Known values are matched case-insensitively.
            fn from(text: &str) -> Self {
                $(if text.eq_ignore_ascii_case($text) {
                    return Self::$value;
                })+
                Self::Other(text.to_owned())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(|text| Self::from(text.as_str()))
            }
        }
    )+};
}

open_enums! {
    /// The state of a service user, an API token or a client certificate.
    ///
    /// Source: `ACTIVE` of a user (documented); the words of the others are inferred from the states that the pages name.
    Status {
        /// Valid.
        Active = "ACTIVE",
        /// Disabled; it can be enabled again.
        Disabled = "DISABLED",
        /// Expired.
        Expired = "EXPIRED",
    }
    /// The kind of user.
    ///
    /// Source: the list of users (documented) has `service`; `standard` is of a neighbouring API.
    UserType {
        /// A service user: for programs, cannot sign in.
        Service = "service",
        /// A person.
        Standard = "standard",
    }
}

impl Status {
    /// Whether it can be used; `None` for a state that this version does not know.
    pub(crate) fn is_enabled(&self) -> Option<bool> {
        match self {
            Self::Active => Some(true),
            Self::Disabled | Self::Expired => Some(false),
            Self::Other(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_state_is_neither_enabled_nor_disabled() {
        for (word, expected) in
            [("active", Some(true)), ("DISABLED", Some(false)), ("EXPIRED", Some(false)), ("ENABLED", None), ("", None)]
        {
            assert_eq!(Status::from(word).is_enabled(), expected, "{word}");
        }
    }

    #[test]
    fn unknown_value_survives_a_round_trip() {
        for (text, expected) in [
            ("\"ACTIVE\"", Status::Active),
            ("\"EXPIRED\"", Status::Expired),
            ("\"ON_HOLD\"", Status::Other("ON_HOLD".to_owned())),
        ] {
            let status: Status = serde_json::from_str(text).expect("any text");
            assert_eq!(status, expected);
            assert_eq!(serde_json::to_string(&status).expect("written"), text);
        }
        assert_eq!(Status::from("active"), Status::Active);
        assert!(serde_json::from_str::<Status>("7").is_err());
    }
}
