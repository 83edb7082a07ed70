//! The state of the emulator, read from its own state: the reference of every test here.

use digicert_one_emulator::Emulator;
use serde_json::Value;

/// A user, as known to the emulator.
#[derive(Clone, Debug)]
pub struct EmulatedUser {
    /// Its id.
    pub id: String,
    /// Returns whether it is active and has not expired.
    pub is_active: bool,
    /// Its API tokens.
    pub tokens: Vec<EmulatedCredential>,
    /// Its client certificates.
    pub certificates: Vec<EmulatedCredential>,
}

/// An API token or a client certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmulatedCredential {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Returns whether it is enabled; it may still have expired.
    pub enabled: bool,
    /// Whether a caller is let in with it.
    pub is_good: bool,
    /// Of a certificate: its SHA-256.
    pub fingerprint: Option<String>,
}

impl EmulatedUser {
    /// Its tokens, or its certificates.
    #[must_use]
    pub fn things(&self, certificates: bool) -> &[EmulatedCredential] {
        if certificates { &self.certificates } else { &self.tokens }
    }

    /// Those of them that are enabled.
    #[must_use]
    pub fn enabled(&self, certificates: bool) -> Vec<&EmulatedCredential> {
        self.things(certificates).iter().filter(|thing| thing.enabled).collect()
    }
}

/// Everybody of this name.
#[must_use]
pub fn users(emulator: &Emulator, friendly_name: &str) -> Vec<EmulatedUser> {
    let state = emulator.control().state();
    let users = state["users"].as_array().cloned().unwrap_or_default();
    users.iter().filter(|user| user["friendly_name"] == friendly_name).map(known).collect()
}

fn known(user: &Value) -> EmulatedUser {
    let things = |name: &str| user[name].as_array().into_iter().flatten().map(thing).collect();
    EmulatedUser {
        id: text(&user["id"]),
        is_active: user["status"] == "ACTIVE",
        tokens: things("tokens"),
        certificates: things("certificates"),
    }
}

fn thing(value: &Value) -> EmulatedCredential {
    EmulatedCredential {
        id: text(&value["id"]),
        name: text(&value["name"]),
        enabled: value["enabled"] == true,
        is_good: value["status"] == "ACTIVE",
        fingerprint: value["fingerprint"].as_str().map(str::to_owned),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
