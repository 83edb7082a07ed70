//! docs/last-resort-file.md: files are opened here by what that page says, without the reader of this crate.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use data_encoding::BASE64;
use digicert_one_core::Secret;
use digicert_one_provisioning::{read_encrypted_file, store};
use serde_json::Value;

use super::{CANARY, api_key, store_in};

const PAGE: &str = include_str!("../../../../docs/last-resort-file.md");
const PASSWORD: &str = "correct horse battery staple";

/// The steps of the section "How to open it".
fn open(file: &[u8], password: &str) -> Value {
    let lines: Vec<&[u8]> = file.split(|byte| *byte == b'\n').collect();
    let [header, sealed, b""] = lines.as_slice() else { panic!("two lines, each with its line feed") };
    let how: Value = serde_json::from_slice(header).expect("a JSON object");
    let text = |name: &str| how[name].as_str().expect("a string").as_bytes();
    let number = |name: &str| how[name].as_u64().and_then(|number| u32::try_from(number).ok()).expect("a number");
    assert_eq!((text("format"), number("version")), (&b"digicert-one-encrypted"[..], 1));
    assert_eq!((text("kdf"), text("cipher")), (&b"scrypt"[..], &b"aes-256-gcm"[..]));
    assert_eq!((number("log_n"), number("r"), number("p")), (17, 8, 1));
    let salt: [u8; 16] = BASE64.decode(text("salt")).expect("base64").try_into().expect("16 bytes");
    let nonce: [u8; 12] = BASE64.decode(text("nonce")).expect("base64").try_into().expect("12 bytes");
    let mut key = [0; 32];
    scrypt::scrypt(password.as_bytes(), &salt, &scrypt::Params::new(17, 8, 1).expect("sound"), &mut key)
        .expect("a key");
    let payload = Payload { msg: &BASE64.decode(sealed).expect("base64"), aad: header };
    let content = Aes256Gcm::new(&key.into()).decrypt(&Nonce::from(nonce), payload).expect("the tag matches");
    assert_eq!(content.last(), Some(&b'\n'));
    serde_json::from_slice(&content).expect("a JSON object")
}

/// The first block of this language in the page.
fn block(language: &str) -> &'static str {
    let (_, rest) = PAGE.split_once("## Example").expect("the section");
    let (_, rest) = rest.split_once(&format!("```{language}\n")).expect("the block");
    rest.split_once("```").expect("its end").0
}

#[test]
fn file_of_the_sink_opens_by_the_layout_of_the_page() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("rescued");
    store_in(&store::encrypted_file(&path, Secret::new(PASSWORD, "a test")), &api_key(CANARY));
    let content = open(&std::fs::read(&path).expect("written"), PASSWORD);
    let expected = serde_json::json!({
        "version": 1, "api_key": CANARY, "id": "7d1f", "name": "ci", "api_key_ends": "2027-01-31T23:59:59Z", "owner_ends": "2027-06-30T23:59:59Z"
    });
    assert_eq!(content, expected);
}

#[test]
fn example_of_the_page_opens_by_its_layout_and_with_the_reader() {
    let expected: Value = serde_json::from_str(block("json")).expect("a JSON object");
    assert_eq!(open(block("text").as_bytes(), PASSWORD), expected);
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("rescued");
    std::fs::write(&path, block("text")).expect("written");
    let found = read_encrypted_file(&path, &Secret::new(PASSWORD, "a test")).expect("it opens");
    assert_eq!(found.raw().api_key.expect("a key").expose(), expected["api_key"].as_str().expect("a text").as_bytes());
    assert_eq!(found.name(), expected["name"].as_str());
}
