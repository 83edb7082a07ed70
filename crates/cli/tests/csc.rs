//! `d1 csc` as a user runs it, against an emulator of this process.

mod environment;

use std::process::{Command, Output, Stdio};

use digicert_one_emulator::{CscCredentialSpec, CscOptions, Emulator, EmulatorOptions, SigningKey};
use serde_json::Value;
use tempfile::TempDir;

use crate::environment::cleared;

/// A variable's name and value.
type Variable<'a> = (&'a str, &'a str);

struct Stage {
    emulator: Emulator,
    directory: TempDir,
}

impl Stage {
    fn new() -> Self {
        let credentials = [
            CscCredentialSpec::new("rsa"),
            CscCredentialSpec::new("ecdsa").key(SigningKey::P256),
            CscCredentialSpec::new("rsa-pin").pin("canary-pin"),
        ];
        let options = EmulatorOptions::default().csc(CscOptions::default().credentials(credentials));
        let emulator = Emulator::start_blocking(options).expect("loopback can be bound");
        let stage = Self { emulator, directory: tempfile::tempdir().expect("a directory") };
        std::fs::write(stage.path("ca.pem"), stage.emulator.ca_pem()).expect("written");
        std::fs::write(stage.path("contract"), "what is signed").expect("written");
        stage
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    fn d1(&self, arguments: &[&str], variables: &[Variable<'_>]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_d1"));
        command.args(arguments).stdin(Stdio::null());
        cleared(&mut command);
        command.env("DC_BASE", self.emulator.platform_url()).env("DC_CA_FILE", self.path("ca.pem"));
        command.envs(variables.iter().copied()).output().expect("d1 runs")
    }

    /// As the emulator's OAuth client.
    fn client(&self, arguments: &[&str]) -> Output {
        let (id, secret) = (self.emulator.csc().client_id().to_owned(), self.emulator.csc().client_secret().to_owned());
        let caller = ["--client-id", &id, "--client-secret", "env:CSC_SECRET"];
        let variables = [("CSC_SECRET", &*secret), ("PIN", "canary-pin"), ("WRONG", "canary-other")];
        let output = self.d1(&[arguments, &caller].concat(), &variables);
        assert!(!text(&output).contains(&secret) && !text(&output).contains("canary"), "{}", text(&output));
        output
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("no document ({error}): {}", text(output)))
}

#[test]
fn info_needs_no_credential_and_list_names_all() {
    let stage = Stage::new();
    let output = stage.d1(&["--json", "csc", "info"], &[]);
    assert!(document(&output)["info"]["methods"].to_string().contains("signatures/signHash"), "{}", text(&output));
    assert!(stage.emulator.observed().iter().all(|call| !call.api_key_sent), "a key was sent");
    assert!(text(&stage.d1(&["csc", "info"], &[])).contains("signatures/signHash"));

    let key = [("DC_API_KEY", stage.emulator.users()[0].api_key())];
    let signer = stage.emulator.csc().signer_id().to_owned();
    let list = ["--json", "csc", "list", "--user", &signer];
    for output in [stage.client(&list), stage.d1(&list, &key)] {
        assert!(output.status.success(), "{}", text(&output));
        assert_eq!(document(&output)["items"], serde_json::json!(["rsa", "ecdsa", "rsa-pin"]));
    }
    assert_eq!(text(&stage.client(&["csc", "list", "--user", &signer])), "rsa\necdsa\nrsa-pin\n");
}

#[test]
#[expect(clippy::print_stdout, reason = "a skipped part says so")]
fn a_file_is_signed_so_that_openssl_agrees() {
    let stage = Stage::new();
    let contract = stage.path("contract");
    for (credential, hash) in [("rsa", "sha256"), ("rsa", "sha512"), ("ecdsa", "sha256"), ("rsa-pin", "sha256")] {
        let signature = stage.path("signature");
        let arguments = ["csc", "sign", credential, &contract, "--hash", hash, "--pin", "env:PIN", "--out", &signature];
        let output = stage.client(&arguments);
        assert!(output.status.success(), "{credential} {hash}: {}", text(&output));
        let chain = stage.emulator.csc().certificate(credential).expect("known").chain_der();
        std::fs::write(stage.path("cert.der"), &*chain[0]).expect("written");
        let openssl = |arguments: &[&str]| Command::new("openssl").args(arguments).output();
        let Ok(key) = openssl(&["x509", "-inform", "DER", "-in", &stage.path("cert.der"), "-pubkey", "-noout"]) else {
            println!("skipped: openssl is not installed");
            return;
        };
        std::fs::write(stage.path("key.pem"), key.stdout).expect("written");
        let key = stage.path("key.pem");
        let verify = ["dgst", &format!("-{hash}"), "-verify", &key, "-signature", &signature, &contract];
        let verified = openssl(&verify).expect("openssl runs");
        assert!(verified.status.success(), "{credential} {hash}: {}", text(&verified));
    }
}

#[test]
fn refused_signature_has_a_code_and_leaves_no_file() {
    let stage = Stage::new();
    let (contract, missing, out) = (stage.path("contract"), stage.path("missing"), stage.path("signature"));
    let cases: [(&[&str], i32, &str); 5] = [
        (&["rsa", &missing], 3, "missing"),
        (&["unknown", &contract], 9, "API-"),
        (&["rsa-pin", &contract, "--pin", "env:WRONG"], 9, "API-"),
        (&["rsa-pin", &contract, "--pin", "canary-pin"], 2, "env:NAME"),
        (&["rsa-pin", &contract, "--pin", "env:UNSET_D1"], 2, "UNSET_D1"),
    ];
    for (more, exit, words) in cases {
        let output = stage.client(&[&["csc", "sign"], more, &["--out", &out]].concat());
        assert_eq!(output.status.code(), Some(exit), "{more:?}: {}", text(&output));
        assert!(text(&output).contains(words), "{more:?}: {}", text(&output));
        assert!(!std::path::Path::new(&out).exists());
    }
    let output = stage.d1(&["csc", "list"], &[]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
}
