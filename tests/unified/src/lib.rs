//! Every transport with every feature in one binary. Somebody else's `Cargo.toml` may switch on a second TLS stack or other
//! defaults in a library that we use; this package does so on purpose (see its manifest) and runs the suites again.
//!
//! The examples of the README and of the book compile here too, since no single crate has all that they use.

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct RepositoryReadme;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/account-manager.md")]
struct PageOnAccountManager;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/credentials.md")]
struct PageOnCredentials;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/csc.md")]
struct PageOnCsc;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/lists.md")]
struct PageOnLists;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/observing.md")]
struct PageOnObserving;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/emulator.md")]
struct PageOnTheEmulator;
