//! Shared by all targets: a result is either usable or an error with a code, and no text shows the input.

mod wire;

use std::path::Path;
use std::time::{Duration, SystemTime};

use digicert_one_core::{CredentialError, Secret};
use digicert_one_credentials::{Fetched, Source, read_ca_file};
use digicert_one_identity::{ReadOptions, read_client_identity};

pub use self::wire::{KEY, Wire, response_with};

/// The password of the seeds.
pub const PASSWORD: &str = "testbed-Kestrel-42";

/// A time within the validity of the seeds' certificates, whenever they were created.
fn rules() -> ReadOptions {
    ReadOptions::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)).allow_expired(true)
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

/// Reads the input as a CA file: a success has at least one certificate, and the same ones with a byte order mark.
pub fn read_ca_bundle(data: &[u8]) {
    let read = |data: &[u8]| {
        let mut roots = None;
        in_file(data, |path| roots = Some(read_ca_file(path, &mut Vec::new())));
        roots.expect("it was read")
    };
    let roots = read(data);
    if let Ok(roots) = &roots {
        assert!(!roots.is_empty());
        if std::str::from_utf8(data).is_ok_and(|text| text.starts_with("-----BEGIN ")) {
            let marked = read(&[b"\xef\xbb\xbf", data].concat());
            assert!(marked.is_ok_and(|marked| marked == *roots));
        }
    }
    check(roots);
}

/// Fetches from a source and reads its content.
pub fn fetch(source: &impl Source) {
    match source.fetch() {
        Ok(Fetched::Found(raw)) => check(raw.read(&rules())),
        Ok(_) => {}
        Err(error) => check::<()>(Err(error)),
    }
}

/// The input as a file, for what reads files only.
pub fn in_file(data: &[u8], read: impl FnOnce(&Path)) {
    let path = std::env::temp_dir().join(format!("digicert-one-fuzz-{}", std::process::id()));
    std::fs::write(&path, data).expect("the temporary directory can be written");
    read(&path);
}

/// An error has an origin and a text of bounded length.
pub fn check<T>(result: Result<T, CredentialError>) {
    if let Err(error) = result {
        assert!(error.place().is_some() || error.to_string().contains("missing"), "{error}");
        assert!(error.to_string().len() < 4096, "{error}");
    }
}
