//! Errors when an emulator starts. Once it runs, callers get HTTP responses only.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use crate::observation::HostKind;

/// Why an emulator does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmulatorError {
    /// The address is reachable from other machines, without explicit confirmation.
    #[error(
        "{0} is not a loopback address, and every program that reaches the emulator can get its keys: use 127.0.0.1 or ::1, or \
         set both reachable_by_others and i_know_keys_are_public"
    )]
    NotLoopback(IpAddr),
    /// Another program has the port.
    #[error(
        "port {port} for the {listener} listener is taken by another program; choose another, or 0 for any free one"
    )]
    PortTaken {
        /// Which listener.
        listener: HostKind,
        /// The requested port.
        port: u16,
        /// The system's own words.
        source: io::Error,
    },
    /// Listening failed for another reason.
    #[error("cannot listen on {ip} port {port} for the {0} listener: {2}", ip = .1.ip(), port = .1.port())]
    Listen(HostKind, SocketAddr, #[source] io::Error),
    /// The control API cannot listen.
    #[error(
        "cannot listen on {ip} port {port} for the control API: {1}; choose another port, or 0 for any free one", ip = .0.ip(), port = .0.port()
    )]
    ControlPort(SocketAddr, #[source] io::Error),
    /// Both listeners have the same port.
    #[error("both listeners were given port {0}; the platform and the clientauth listener need one each")]
    SamePort(u16),
    /// No service user is configured.
    #[error("missing service user: the emulator needs at least one")]
    NoServiceUser,
    /// Two service users have one friendly name, which the platform does not allow.
    #[error("two service users are called {name:?}; friendly names are unique")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// The content-signing options do not fit together.
    #[error("the content-signing options {0}")]
    UnusableCsc(&'static str),
    /// Two API keys have the same value, so the owner of a call would be ambiguous.
    #[error("service user {0:?} was given an API key that another one has already, or an empty one")]
    UnusableApiKey(String),
    /// A service user has an unknown role.
    #[error("service user {name:?} was given the role {role:?}, which does not exist")]
    UnknownRole {
        /// The service user.
        name: String,
        /// The role.
        role: String,
    },
    /// The state file cannot be read.
    #[error("failed to read the state file {file}: {1}", file = .0.display())]
    StateNotRead(PathBuf, #[source] io::Error),
    /// The state file cannot be written.
    #[error("failed to write the state file {file}: {1}", file = .0.display())]
    StateNotWritten(PathBuf, #[source] io::Error),
    /// The state file holds something else.
    #[error("the state file {file} was not written by an emulator, or was changed since: see {1}", file = .0.display())]
    StateMalformed(PathBuf, String),
    /// The state file was written by another version.
    #[error(
        "the state file {} has version {found}, and this emulator knows version {known}: use the program that wrote it, or \
         begin with a new file",
        path.display()
    )]
    StateVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The version that this emulator reads and writes.
        known: u64,
    },
}
