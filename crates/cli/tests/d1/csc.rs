//! `d1 csc`.

use std::process::{Command, Output};

use digicert_one_emulator::{CscCredentialSpec, CscOptions, EmulatorOptions, SigningKey};

use crate::stage::{Stage, document, is_installed, text};

fn stage() -> Stage {
    let credentials = [
        CscCredentialSpec::new("rsa"),
        CscCredentialSpec::new("ecdsa").key(SigningKey::P256),
        CscCredentialSpec::new("rsa-pin").pin("canary-pin"),
    ];
    let stage = Stage::of(EmulatorOptions::default().csc(CscOptions::default().credentials(credentials)));
    std::fs::write(stage.path("contract"), "what is signed").expect("written");
    stage
}

/// As the emulator's OAuth client.
fn client(stage: &Stage, arguments: &[&str]) -> Output {
    let (id, secret) = (stage.emulator.csc().client_id().to_owned(), stage.emulator.csc().client_secret().to_owned());
    let caller = ["--client-id", &id, "--client-secret", "env:CSC_SECRET"];
    let variables = [("CSC_SECRET", &*secret), ("PIN", "canary-pin"), ("WRONG", "canary-other")];
    let output = stage.d1(&[arguments, &caller].concat(), &variables);
    assert!(!text(&output).contains(&secret) && !text(&output).contains("canary"), "{}", text(&output));
    output
}

#[test]
fn info_needs_no_credential_and_list_names_all() {
    let stage = stage();
    let output = stage.d1(&["--json", "csc", "info"], &[]);
    assert!(document(&output)["info"]["methods"].to_string().contains("signatures/signHash"), "{}", text(&output));
    assert!(stage.emulator.observed().iter().all(|call| !call.api_key_sent), "a key was sent");
    assert!(text(&stage.d1(&["csc", "info"], &[])).contains("signatures/signHash"));

    let key = [("DC_API_KEY", stage.emulator.users()[0].api_key())];
    let signer = stage.emulator.csc().signer_id().to_owned();
    let list = ["--json", "csc", "list", "--user", &signer];
    for output in [client(&stage, &list), stage.d1(&list, &key)] {
        assert!(output.status.success(), "{}", text(&output));
        assert_eq!(document(&output)["items"], serde_json::json!(["rsa", "ecdsa", "rsa-pin"]));
    }
    assert_eq!(text(&client(&stage, &["csc", "list", "--user", &signer])), "rsa\necdsa\nrsa-pin\n");
}

#[test]
fn a_file_is_signed_so_that_openssl_agrees() {
    let stage = stage();
    let (contract, has_openssl) = (stage.path("contract"), is_installed("openssl"));
    for (credential, hash) in [("rsa", "sha256"), ("rsa", "sha512"), ("ecdsa", "sha256"), ("rsa-pin", "sha256")] {
        let signature = stage.path("signature");
        let arguments =
            ["csc", "sign", credential, &contract, "--hash", hash, "--pin", "env:PIN", "--out", &signature, "--force"];
        let output = client(&stage, &arguments);
        assert!(output.status.success(), "{credential} {hash}: {}", text(&output));
        if !has_openssl {
            continue;
        }
        let chain = stage.emulator.csc().certificate(credential).expect("known").chain_der();
        std::fs::write(stage.path("cert.der"), &*chain[0]).expect("written");
        let openssl = |arguments: &[&str]| Command::new("openssl").args(arguments).output().expect("openssl runs");
        let key = openssl(&["x509", "-inform", "DER", "-in", &stage.path("cert.der"), "-pubkey", "-noout"]);
        std::fs::write(stage.path("key.pem"), key.stdout).expect("written");
        let key = stage.path("key.pem");
        let verify = ["dgst", &format!("-{hash}"), "-verify", &key, "-signature", &signature, &contract];
        let verified = openssl(&verify);
        assert!(verified.status.success(), "{credential} {hash}: {}", text(&verified));
    }
}

#[test]
fn refused_signature_has_a_code_and_leaves_no_file() {
    let stage = stage();
    let (contract, missing, out) = (stage.path("contract"), stage.path("missing"), stage.path("signature"));
    let cases: [(&[&str], i32, &str); 5] = [
        (&["rsa", &missing], 3, "missing"),
        (&["unknown", &contract], 9, "API-"),
        (&["rsa-pin", &contract, "--pin", "env:WRONG"], 9, "API-"),
        (&["rsa-pin", &contract, "--pin", "canary-pin"], 2, "env:NAME"),
        (&["rsa-pin", &contract, "--pin", "env:UNSET_D1"], 2, "UNSET_D1"),
    ];
    for (more, exit, words) in cases {
        let output = client(&stage, &[&["csc", "sign"], more, &["--out", &out]].concat());
        assert_eq!(output.status.code(), Some(exit), "{more:?}: {}", text(&output));
        assert!(text(&output).contains(words), "{more:?}: {}", text(&output));
        assert!(!std::path::Path::new(&out).exists());
    }
    let output = stage.d1(&["csc", "list"], &[]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
}

#[test]
fn file_for_the_signature_is_checked_before_anything_is_signed() {
    let stage = stage();
    let (contract, other) = (stage.path("contract"), stage.path("other"));
    std::fs::write(&other, "a key").expect("written");
    for (out, exit, words) in [
        (contract.clone(), 2, "names the file to sign"),
        (stage.path("missing/signature"), 3, "IO-01"),
        (stage.path("."), 3, "IO-01"),
        (other.clone(), 3, "--force"),
    ] {
        let output = client(&stage, &["csc", "sign", "rsa", &contract, "--out", &out]);
        assert_eq!(output.status.code(), Some(exit), "{out}: {}", text(&output));
        assert!(text(&output).contains(words), "{out}: {}", text(&output));
    }
    assert!(stage.emulator.observed().is_empty(), "something was sent");
    assert_eq!(std::fs::read_to_string(&contract).expect("there"), "what is signed");
    assert_eq!(std::fs::read_to_string(&other).expect("there"), "a key");
}

#[cfg(target_os = "linux")]
#[test]
fn signature_that_cannot_be_written_is_printed() {
    let stage = stage();
    let contract = stage.path("contract");
    let output = client(&stage, &["csc", "sign", "rsa", &contract, "--out", "/dev/full"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    let printed = String::from_utf8(output.stdout).expect("text");
    assert!(data_encoding::BASE64.decode(printed.trim().as_bytes()).is_ok_and(|signature| signature.len() == 256));
}
