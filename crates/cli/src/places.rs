//! Where the parts of a credential are, so that another program can read them: a variable or a file. What comes from elsewhere (a keyring, a
//! program, a properties file) has no such place.

use std::path::{Path, PathBuf};

use digicert_one::Secret;
use digicert_one::credentials::RawCredential;

/// A place that any program can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Variable(String),
    File(PathBuf),
}

impl Place {
    /// The place of a secret, by its origin: a name or a path, and in brackets what names it.
    fn of(secret: &Secret) -> Option<Self> {
        let origin = secret.origin();
        let bare = origin.rsplit_once(" (").map_or(&**origin, |(bare, _)| bare);
        let is_name = |text: &str| text.bytes().all(|one| one.is_ascii_alphanumeric() || one == b'_');
        [&**origin, bare].into_iter().find_map(|text| {
            if is_name(text) && std::env::var_os(text).is_some() {
                return Some(Self::Variable(text.to_owned()));
            }
            let path = Path::new(text);
            if path.is_file() { std::path::absolute(path).ok().map(Self::File) } else { None }
        })
    }

    /// The value as a word of a POSIX shell.
    pub(crate) fn word(&self) -> String {
        match self {
            Self::Variable(name) => format!("\"${name}\""),
            Self::File(path) => format!("\"$(cat {})\"", quoted(path)),
        }
    }

    /// The same for the inside of double quotes in curl's configuration, where the value needs that.
    pub(crate) fn escaped_word(&self, value: &[u8]) -> String {
        const ESCAPE: &str = r#"sed 's/[\\"]/\\&/g'"#;
        if !value.iter().any(|byte| matches!(byte, b'"' | b'\\')) {
            return self.word();
        }
        match self {
            Self::Variable(name) => format!("\"$(printf '%s\\n' \"${name}\" | {ESCAPE})\""),
            Self::File(path) => format!("\"$({ESCAPE} {})\"", quoted(path)),
        }
    }
}

/// The places of all parts of a credential.
pub(crate) struct Places {
    pub(crate) api_key: Option<Place>,
    pub(crate) certificate: Option<Place>,
    pub(crate) private_key: Option<Place>,
    pub(crate) password: Option<Place>,
}

impl Places {
    pub(crate) fn of(raw: &RawCredential) -> Self {
        let of = |secret: &Option<Secret>| secret.as_ref().and_then(Place::of);
        Self {
            api_key: of(&raw.api_key),
            certificate: of(&raw.certificate),
            private_key: of(&raw.private_key),
            password: of(&raw.password),
        }
    }
}

/// A path as a word of a POSIX shell.
pub(crate) fn quoted(path: &Path) -> String {
    quoted_text(&path.to_string_lossy())
}

/// A text as a word of a POSIX shell.
pub(crate) fn quoted_text(text: &str) -> String {
    // No argument and no path has the one character that cannot be quoted.
    shlex::try_quote(text).map(std::borrow::Cow::into_owned).unwrap_or_default()
}
