//! Names that are unknown to this machine: not in a hosts file, not completed by a search domain. So tests
//! with them do not depend on the machine's resolver.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::ToSocketAddrs;
use std::sync::LazyLock;

/// Not to be guessed, and in the domain that never has addresses (RFC 6761 §6.4).
static UNLISTED: LazyLock<String> =
    LazyLock::new(|| format!("d1-{:016x}.invalid", RandomState::new().build_hasher().finish()));
/// The final dot disables search domains.
static NOWHERE: LazyLock<Option<String>> = LazyLock::new(|| {
    let name = format!("{}.", *UNLISTED);
    let found = (name.as_str(), 443).to_socket_addrs().is_ok_and(|mut addresses| addresses.next().is_some());
    (!found).then_some(name)
});

/// A name that no hosts file has: one that leads anywhere was overridden.
#[must_use]
pub fn unlisted_name() -> &'static str {
    &UNLISTED
}

/// Returns a name without an address; `None` on a machine whose resolver resolves every name, where a missing
/// address cannot be tested.
#[must_use]
pub fn name_without_address() -> Option<&'static str> {
    NOWHERE.as_deref()
}
