//! What a failed create call may have left on the platform, so that nothing stays there that nobody knows of.

use std::fmt;

/// What can be made, and has a secret or a certificate that is shown once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Made {
    /// A service user, with its first API token.
    ServiceUser,
    /// An API token.
    ApiToken,
    /// A client certificate.
    ClientCertificate,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServiceUser => "service user",
            Self::ApiToken => "API token",
            Self::ClientCertificate => "client certificate",
        })
    }
}

/// What a failed create call made, or may have made. See [`Error::left_behind`](crate::Error::left_behind).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftBehind {
    /// What it is.
    pub what: Made,
    /// The name that it was to have: names are unique, so that it can be looked for.
    pub name: String,
    /// Its id, where the answer told it; then it was surely made.
    pub id: Option<String>,
}

impl LeftBehind {
    /// Something of this kind and name that may have been made.
    #[must_use]
    pub fn new(what: Made, name: &str) -> Self {
        Self { what, name: name.to_owned(), id: None }
    }

    /// Adds its id, where the response told it: then it was surely made.
    #[must_use]
    pub fn known_as(mut self, id: Option<String>) -> Self {
        self.id = id;
        self
    }
}

impl fmt::Display for LeftBehind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, name, id } = self;
        match id {
            Some(id) => write!(f, "left behind: {what} {name:?} with the id {id} was made"),
            None => write!(f, "left behind: {what} {name:?} may have been made; look for it in the list"),
        }
    }
}
