//! The names of our keys in Redis. They are hashes, so that they show no API key and no certificate, and all keys of one caller have one
//! hash tag, so that they are on one node of a cluster.

use digicert_one_core::Fingerprint;
use hmac_sha256::Hash;

const DOMAIN: &[u8] = b"digicert-one redis\0";

/// The keys of one caller, or of one lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keys {
    pub(crate) state: String,
    pub(crate) seen: String,
    pub(crate) processes: String,
}

impl Keys {
    pub(crate) fn of(prefix: &str, caller: Fingerprint) -> Self {
        let tag = tag(prefix, "caller", &caller.to_string());
        let key = |part: &str| format!("{prefix}:{{{tag}}}:{part}");
        Self { state: key("state"), seen: key("seen"), processes: key("processes") }
    }

    /// In the order that the scripts expect.
    pub(crate) fn all(&self) -> [&str; 3] {
        [&self.state, &self.seen, &self.processes]
    }
}

/// The key of something that is not a caller.
#[cfg_attr(not(feature = "provisioning"), allow(dead_code, reason = "only locks and notices have such keys"))]
pub(crate) fn named(prefix: &str, kind: &str, name: &str) -> String {
    format!("{prefix}:{{{}}}:{kind}", tag(prefix, kind, name))
}

fn tag(prefix: &str, kind: &str, name: &str) -> String {
    let mut hash = Hash::new();
    hash.update(DOMAIN);
    for part in [prefix, kind, name] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use digicert_one_core::ApiKey;

    #[test]
    fn keys_of_a_caller_share_one_tag_and_show_no_fingerprint() {
        let caller = ApiKey::new("01ab-canary").expect("a key").fingerprint();
        let keys = Keys::of("d1", caller);
        let tag = |key: &str| key.split(['{', '}']).nth(1).map(str::to_owned);
        assert!(keys.all().iter().all(|key| tag(key).is_some() && tag(key) == tag(&keys.state)), "{keys:?}");
        let shown = caller.to_string();
        let digest = shown.split(':').next_back().expect("digits");
        assert!(!keys.state.contains(digest), "{keys:?}");
        assert_ne!(keys, Keys::of("d2", caller));
    }
}
