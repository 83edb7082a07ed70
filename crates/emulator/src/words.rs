//! Macros for the repeated code of option types and closed sets of words, and JSON objects read field by field.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// An enum with one word for each variant, the same in JSON, in texts and on command lines. The literal names the field in errors.
macro_rules! words {
    ($field:literal, $(#[$meta:meta])* $visibility:vis enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $visibility enum $name { $($(#[$doc])* $variant,)+ }

        #[allow(dead_code, reason = "not every set of words needs all of these")]
        impl $name {
            /// All of them.
            $visibility const ALL: [$name; [$($word),+].len()] = [$($name::$variant),+];

            /// The word for it.
            $visibility fn name(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.name())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = <String as serde::Deserialize>::deserialize(deserializer)?;
                let known = || [$($word),+].join(", ");
                let found = Self::ALL.into_iter().find(|item| item.name() == word);
                found.ok_or_else(|| serde::de::Error::custom(format!("{} is one of {}", $field, known())))
            }
        }
    };
}

/// Defines a struct of options: each field with its default and, after `set`, the argument of its setter and
/// the value built from it.
macro_rules! options {
    ($(#[$meta:meta])* pub struct $name:ident $(: $default_trait:ident)? { $(
        $(#[$doc:meta])* $field:ident: $type:ty = $default:expr $(, set($value:ident: $argument:ty) $new:expr)?;
    )+ }) => {
        $(#[$meta])*
        #[non_exhaustive]
        pub struct $name { $($(#[$doc])* pub $field: $type,)+ }

        $(impl $default_trait for $name {
            fn default() -> Self {
                $name::defaults()
            }
        })?

        impl $name {
            fn defaults() -> Self {
                $name { $($field: $default,)+ }
            }

            $($(
            #[doc = concat!("Sets [`", stringify!($field), "`](Self#structfield.", stringify!($field), ").")]
            #[must_use]
            pub fn $field(mut self, $value: $argument) -> Self {
                self.$field = $new;
                self
            })?)+
        }
    };
}

/// Implements a `Debug` that shows only these fields: the others are secret or irrelevant.
macro_rules! debug_only {
    ($($type:ident { $($field:ident),* })+) => { $(
        impl std::fmt::Debug for $type {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.debug_struct(stringify!($type))$(.field(stringify!($field), &self.$field))*.finish_non_exhaustive()
            }
        }
    )+ };
}

/// Defines what the owner of an emulator may read: the documentation, the name with its type, and the value.
macro_rules! readers {
    ($type:ident $(<$life:lifetime>)? as $this:ident { $($(#[$doc:meta])* $name:ident: $value:ty = $expression:expr;)+ }) => {
        impl $(<$life>)? $type $(<$life>)? {
            $($(#[$doc])*
            pub fn $name(&self) -> $value {
                let $this = self;
                $expression
            })+
        }
    };
}

pub(crate) use {debug_only, options, readers, words};

/// The fields of a JSON object, each taken once. A field that is left over is refused, since a misspelt one would have no effect.
pub(crate) struct Fields(pub(crate) Map<String, Value>);

impl Fields {
    /// A field that may be absent or null, and for which these differ.
    pub(crate) fn given<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<Option<T>>, String> {
        let value = self.0.remove(name).map(serde_json::from_value).transpose();
        value.map_err(|error| format!("invalid {name}: {error}"))
    }

    /// A field that may be absent or null.
    pub(crate) fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, String> {
        self.given(name).map(Option::flatten)
    }

    pub(crate) fn need<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, String> {
        self.take(name)?.ok_or_else(|| format!("{name} is missing"))
    }

    pub(crate) fn none_left(self, of: &str) -> Result<(), String> {
        self.0.keys().next().map_or(Ok(()), |name| Err(format!("{name} is not a field of {of}")))
    }
}

pub(crate) mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(duration.as_secs())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_secs)
    }
}
