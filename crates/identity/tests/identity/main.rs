//! Client identities in every format that Rust can write: read and normalised, or refused with the right code.

mod bad_input;
mod chains;
mod checks;
mod content;
mod formats;
mod hints;
mod passwords;
mod paths;
mod pkcs12;
mod seeds;

use std::time::SystemTime;

use digicert_one_core::{ClientIdentity, Code, CredentialError, Secret, Warning};
use digicert_one_identity::{Rules, read_client_identity};
use digicert_one_testbed::KeyStore;

/// Where the certificate and the key come from in these tests.
const CERTIFICATE: &str = "/etc/testbed/client.crt";
const KEY: &str = "/etc/testbed/client.key";
const PASSWORD: &str = "TESTBED_PASSWORD";

/// A reading with its warnings.
struct Read {
    result: Result<ClientIdentity, CredentialError>,
    warnings: Vec<Warning>,
}

impl Read {
    fn identity(&self) -> &ClientIdentity {
        self.result.as_ref().unwrap_or_else(|error| panic!("{} {error}", error.code()))
    }

    fn error(&self) -> &CredentialError {
        self.result.as_ref().expect_err("it must not be readable")
    }

    /// The codes of all warnings.
    fn codes(&self) -> Vec<Code> {
        self.warnings.iter().map(|warning| warning.code).collect()
    }
}

fn read(certificate: &[u8], key: Option<&[u8]>, password: Option<&str>) -> Read {
    read_by(certificate, key, password, &Rules::at(SystemTime::now()))
}

fn read_by(certificate: &[u8], key: Option<&[u8]>, password: Option<&str>, rules: &Rules) -> Read {
    let certificate = Secret::new(certificate, CERTIFICATE);
    let key = key.map(|key| Secret::new(key, KEY));
    let password = password.map(|password| Secret::new(password, PASSWORD));
    let mut warnings = Vec::new();
    let result = read_client_identity(&certificate, key.as_ref(), password.as_ref(), rules, &mut warnings);
    Read { result, warnings }
}

fn read_store(store: &KeyStore) -> Read {
    read(&store.certificate, store.key.as_deref(), store.password.as_deref())
}
