//! What a failed create call may have left on the platform, so that it can be cleaned up.

use std::fmt;

/// The kinds of resources whose secret or certificate is shown once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResourceKind {
    /// A service user, with its first API token.
    ServiceUser,
    /// An API token.
    ApiToken,
    /// A client certificate.
    ClientCertificate,
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServiceUser => "service user",
            Self::ApiToken => "API token",
            Self::ClientCertificate => "client certificate",
        })
    }
}

/// What a failed create call created, or may have created. See [`Error::orphan`](crate::Error::orphan).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrphanedResource {
    /// Its kind.
    pub kind: ResourceKind,
    /// Its name. Names are unique, so that it can be found.
    pub name: String,
    /// Its id, if the response contained it; then it was certainly created.
    pub id: Option<String>,
}

impl OrphanedResource {
    /// A resource of this kind and name that may have been created.
    #[must_use]
    pub fn new(kind: ResourceKind, name: &str) -> Self {
        Self { kind, name: name.to_owned(), id: None }
    }

    /// Sets its id from the response: then it was certainly created.
    #[must_use]
    pub fn with_id(mut self, id: Option<String>) -> Self {
        self.id = id;
        self
    }
}

impl fmt::Display for OrphanedResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name, id } = self;
        match id {
            Some(id) => write!(f, "left behind: {kind} {name:?} with the id {id} was made"),
            None => write!(f, "left behind: {kind} {name:?} may have been made; look for it in the list"),
        }
    }
}
