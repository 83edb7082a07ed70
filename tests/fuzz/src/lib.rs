//! What the targets share: an outcome is either something usable or an error with a code, and no text shows the input.

use std::time::{Duration, SystemTime};

use digicert_one_core::CredentialError;
use digicert_one_credentials::{Rules, Secret, read_client_identity};

/// The password of the seeds.
pub const PASSWORD: &str = "testbed-Kestrel-42";

/// In the middle of the seeds' certificates, whenever they were made.
fn rules() -> Rules {
    Rules::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)).allow_expired(true)
}

/// Reads the input as a client identity: alone, and halved into certificate and key at a zero byte.
pub fn read_identity(data: &[u8]) {
    let password = Secret::new(PASSWORD, "the password");
    let whole = Secret::new(data, "the input");
    check(read_client_identity(&whole, None, Some(&password), &rules(), &mut Vec::new()));
    if let Some(middle) = data.iter().position(|byte| *byte == 0) {
        let (certificate, key) = (Secret::new(&data[..middle], "one"), Secret::new(&data[middle + 1..], "other"));
        check(read_client_identity(&certificate, Some(&key), None, &rules(), &mut Vec::new()));
    }
}

/// An error has an origin and a text of bounded length.
pub fn check<T>(result: Result<T, CredentialError>) {
    if let Err(error) = result {
        assert!(error.place().is_some(), "{error}");
        assert!(error.to_string().len() < 4096, "{error}");
    }
}
