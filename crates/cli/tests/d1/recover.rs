//! `d1 recover`: the secret that could not be stored is in the last-resort file, and works.

use std::fs;

use digicert_one::Secret;
use digicert_one::provisioning::{SecretKind, SecretStore, StoredSecret, store};
use digicert_one_testbed::{Format, KeyEncoding};

#[cfg(unix)]
use crate::stage::Stage;
use crate::stage::{d1, document, text};

const PASSWORD: (&str, &str) = ("RESCUE", "canary-password");
const BY_VARIABLE: [&str; 2] = ["--input-password", "env:RESCUE"];

#[cfg(unix)]
#[test]
fn key_that_its_place_refused_is_recovered_and_works() {
    let stage = Stage::new();
    let (journal, rescued, key) = (stage.path("journal"), stage.path("rescued"), stage.path("key"));
    let create = ["token", "create", "deploy", "--store", "exec:false", "--journal", &journal];
    let last = ["--last-resort", &rescued, "--last-resort-password", "env:RESCUE"];
    let output = stage.d1(&[&create[..], &last].concat(), &[("DC_API_KEY", stage.key()), PASSWORD]);
    assert!(!output.status.success() && fs::exists(&rescued).expect("seen"), "{}", text(&output));

    let output = d1(&[&["recover", &rescued, "--output", &key][..], &BY_VARIABLE].concat(), &[PASSWORD]);
    assert!(output.status.success(), "{}", text(&output));
    let new = fs::read_to_string(&key).expect("written");
    assert!(new.trim_end() != stage.key() && !text(&output).contains(new.trim_end()), "{}", text(&output));
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&key).expect("written").permissions().mode() & 0o777, 0o600);
    }
    let output = stage.d1(&["whoami"], &[("DC_API_KEY_FILE", &key)]);
    assert!(output.status.success(), "{}", text(&output));

    // It is not replaced unless that is asked for.
    let again = [&["recover", &rescued, "--output", &key][..], &BY_VARIABLE].concat();
    assert_eq!(d1(&again, &[PASSWORD]).status.code(), Some(3));
    assert!(d1(&[&again[..], &["--force"]].concat(), &[PASSWORD]).status.success());
}

#[test]
fn certificate_is_written_to_standard_output_with_its_key() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("rescued").display().to_string();
    let store = Format::PemBundle.make();
    let bundle = Secret::new(store.certificate.clone(), "a test");
    let rules = digicert_one::ReadOptions::at(std::time::SystemTime::now());
    let identity = digicert_one::read_client_identity(&bundle, None, None, &rules, &mut Vec::new()).expect("a pair");
    let sink = store::encrypted_file(&path, Secret::new(PASSWORD.1, "a test"));
    let mut prepared = sink.prepare(SecretKind::Certificate).expect("a place");
    prepared.store(&StoredSecret::certificate(identity).with_name("ci")).expect("stored");

    let output = d1(&[&["recover", &path, "--stdout"][..], &BY_VARIABLE].concat(), &[PASSWORD]);
    let key = store.client.key_pem(KeyEncoding::Pkcs8).expect("any key");
    let expected = format!("{key}{}", store.client.chain_pem());
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    let output = d1(&[&["--json", "recover", &path, "--stdout"][..], &BY_VARIABLE].concat(), &[PASSWORD]);
    let document = document(&output);
    assert_eq!((&document["kind"], &document["name"]), (&"client_certificate".into(), &"ci".into()));
    assert_eq!(document["secret"], expected);
}

#[test]
fn file_that_cannot_be_opened_is_named_with_what_to_do() {
    // Found before a password is asked for.
    let missing = d1(&["recover", "./missing.enc", "--stdout"], &[]);
    assert!(missing.status.code() == Some(3) && text(&missing).contains("./missing.enc"), "{}", text(&missing));
    let directory = tempfile::tempdir().expect("a directory");
    let page = include_str!("../../../../docs/last-resort-file.md");
    let example = page.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let write = |name: &str, content: &str| {
        let path = directory.path().join(name);
        fs::write(&path, content).expect("written");
        path.display().to_string()
    };
    let cases = [
        (write("whole", example), "ID-03", "--last-resort-password"),
        (write("other", "{}\n"), "IO-02", "--last-resort"),
        (directory.path().join("missing").display().to_string(), "IO-02", "heck the path"),
    ];
    for (path, code, remedy) in cases {
        let output = d1(&[&["recover", &path, "--stdout"][..], &BY_VARIABLE].concat(), &[PASSWORD]);
        let shown = text(&output);
        assert_eq!(output.status.code(), Some(3), "{shown}");
        assert!(shown.contains(code) && shown.contains(remedy) && shown.contains(&path), "{shown}");
        assert!(!shown.contains("canary"), "{shown}");
    }
    let output = d1(&["recover", "./rescued"], &[]);
    assert!(output.status.code() == Some(2) && text(&output).contains("--stdout"), "{}", text(&output));
}
