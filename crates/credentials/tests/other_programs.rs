//! Client identities written by other programs: openssl, keytool, certtool. The committed ones always, and
//! new ones if the program is installed; both must give the fingerprint that the program printed.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::SystemTime;

use digicert_one_core::{ClientIdentity, Code, CredentialError, Secret, Warning};
use digicert_one_identity::{ReadOptions, read_client_identity};

/// One identity: its files, the expected fingerprint, and the codes of its warnings.
struct Row {
    certificate: &'static str,
    key: Option<&'static str>,
    fingerprint: &'static str,
    warnings: &'static [Code],
    /// Some builds of the program cannot write it.
    optional: bool,
}

impl Row {
    const fn one(certificate: &'static str, fingerprint: &'static str) -> Self {
        Self { certificate, key: None, fingerprint, warnings: &[], optional: false }
    }

    const fn pair(certificate: &'static str, key: &'static str, fingerprint: &'static str) -> Self {
        Self { certificate, key: Some(key), fingerprint, warnings: &[], optional: false }
    }

    const fn warns(mut self, warnings: &'static [Code]) -> Self {
        self.warnings = warnings;
        self
    }

    const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }
}

const OUTDATED: &[Code] = &[Code::ID_04];
const ROOT: &[Code] = &[Code::ID_11];
const BOTH: &[Code] = &[Code::ID_04, Code::ID_11];
const NO_ISSUER: &[Code] = &[Code::ID_10];
const OLD_KEY: &[Code] = &[Code::ID_04, Code::ID_10];

const OPENSSL: &[Row] = &[
    Row::one("aes256.p12", "ec").warns(ROOT),
    Row::one("aes128.p12", "ec").warns(ROOT),
    Row::one("triple-des.p12", "ec").warns(BOTH),
    Row::one("mixed.p12", "ec").warns(BOTH),
    Row::one("no-mac.p12", "ec").warns(ROOT),
    Row::one("plain.p12", "ec").warns(ROOT),
    Row::one("bare.p12", "ec").warns(ROOT),
    Row::one("legacy.p12", "ec").warns(BOTH).optional(),
    Row::one("rc2-128.p12", "ec").warns(BOTH).optional(),
    Row::one("pbmac1.p12", "ec").warns(ROOT).optional(),
    Row::one("pbmac1-sha512.p12", "ec").warns(ROOT).optional(),
    Row::one("bag-attributes.pem", "ec").warns(ROOT),
    Row::one("base64.txt", "ec").warns(ROOT),
    Row::pair("rsa.crt", "rsa.key", "rsa").warns(NO_ISSUER),
    Row::pair("rsa.crt", "pkcs1.key", "rsa").warns(NO_ISSUER),
    Row::pair("rsa.crt", "pbes2.key", "rsa").warns(NO_ISSUER),
    Row::pair("rsa.crt", "pbes2-des3.key", "rsa").warns(OLD_KEY),
    Row::pair("rsa.crt", "scrypt.key", "rsa").warns(NO_ISSUER),
    Row::pair("rsa.crt", "pbe-triple-des.key", "rsa").warns(OLD_KEY),
    Row::pair("rsa.crt", "pbe-md5-des.key", "rsa").warns(OLD_KEY).optional(),
    Row::pair("rsa.crt", "pbe-md5-rc2.key", "rsa").warns(OLD_KEY).optional(),
    Row::pair("rsa.crt", "pbe-sha1-rc2.key", "rsa").warns(OLD_KEY).optional(),
    Row::pair("rsa.crt", "pbe-sha1-des.key", "rsa").warns(OLD_KEY).optional(),
    Row::pair("rsa.crt", "pbe-rc2-40.key", "rsa").warns(OLD_KEY).optional(),
    Row::pair("rsa.crt", "pbe-rc2-128.key", "rsa").warns(OLD_KEY).optional(),
    Row::pair("rsa.crt", "dek-aes256.key", "rsa").warns(OLD_KEY),
    Row::pair("rsa.crt", "dek-aes192.key", "rsa").warns(OLD_KEY),
    Row::pair("rsa.crt", "dek-des3.key", "rsa").warns(OLD_KEY),
    Row::pair("rsa.crt", "dek-des.key", "rsa").warns(OLD_KEY).optional(),
    Row::pair("ec.crt", "ec.key", "ec").warns(NO_ISSUER),
    Row::pair("ec.crt", "sec1.key", "ec").warns(NO_ISSUER),
    Row::pair("ec.crt", "dek-ec.key", "ec").warns(OLD_KEY),
    Row::pair("ec-parameters.crt", "ec-parameters.key", "ec-parameters").warns(NO_ISSUER),
    Row::pair("ec.cer", "ec.der", "ec").warns(NO_ISSUER),
    Row::pair("ec.cer", "pbes2.der", "ec").warns(NO_ISSUER),
    Row::pair("trusted.crt", "ec.key", "ec").warns(NO_ISSUER),
    Row::pair("chain.p7b", "ec.key", "ec").warns(ROOT),
];

const KEYTOOL: &[Row] = &[
    Row::one("keytool.p12", "keytool"),
    Row::one("from-jks.p12", "keytool"),
    Row::one("legacy.p12", "keytool").warns(OUTDATED),
    // A trusted certificate of the store is not part of the chain.
    Row::one("trusted.p12", "keytool").warns(ROOT),
];

const CERTTOOL: &[Row] = &[
    Row::one("aes256.p12", "ec"),
    Row::one("pem.p12", "ec"),
    Row::one("triple-des.p12", "ec").warns(OUTDATED),
    Row::one("rc2-40.p12", "ec").warns(OUTDATED).optional(),
    Row::pair("ec.crt", "ec.key", "ec"),
    Row::pair("ec.crt", "pbes2.key", "ec"),
];

#[test]
fn openssl_files_are_read() {
    check_program("openssl", &["version"], "OpenSSL 3", OPENSSL);
}

#[test]
fn keytool_files_are_read() {
    check_program("keytool", &["-help"], "keytool", KEYTOOL);
}

#[test]
fn certtool_files_are_read() {
    check_program("certtool", &["--version"], "certtool", CERTTOOL);
}

#[test]
fn openssl_store_with_empty_password_opens_with_none() {
    let directory = committed("openssl");
    for password in [None, Some("")] {
        let mut warnings = Vec::new();
        let row = Row::one("empty-password.p12", "ec");
        let identity = read(&directory, &row, password, &mut warnings).expect("no password needed");
        assert_eq!(identity.thumbprint_hex(), printed_fingerprint(&directory, "ec"));
    }
}

#[test]
fn old_java_key_store_error_names_the_converting_command() {
    let row = Row::one("old.jks", "keytool");
    let error = read(&committed("keytool"), &row, None, &mut Vec::new()).expect_err("JKS");
    assert_eq!(error.code(), Code::ID_07);
    assert!(error.to_string().contains("keytool -importkeystore") && error.to_string().contains("old.jks"), "{error}");
}

#[test]
fn rsa_key_of_1024_bits_is_id_16() {
    let error = read(&committed("openssl"), &Row::one("small.pem", "small"), None, &mut Vec::new()).expect_err("small");
    assert_eq!(error.code(), Code::ID_16);
    assert!(error.to_string().contains("1024 bits; at least 2048 are required"), "{error}");
}

#[test]
fn wrong_password_for_files_of_other_programs_is_id_03() {
    let plain = ["plain.p12", "bare.p12", "bag-attributes.pem", "rsa.key", "pkcs1.key", "ec.key", "sec1.key", "ec.der"];
    for (program, rows) in [("openssl", OPENSSL), ("keytool", KEYTOOL), ("certtool", CERTTOOL)] {
        for row in rows {
            let protected = row.key.unwrap_or(row.certificate);
            let result = read(&committed(program), row, Some("canary"), &mut Vec::new());
            // The integrity check of a store also needs the password.
            let open = protected != "plain.p12" && (plain.contains(&protected) || protected == "ec-parameters.key");
            match result {
                Ok(_) => assert!(open, "{program} {protected}"),
                Err(error) => {
                    assert_eq!(error.code(), Code::ID_03, "{program} {protected}: {error}");
                    assert!(!open && !error.to_string().contains("canary"), "{program} {protected}: {error}");
                }
            }
        }
    }
}

#[allow(clippy::print_stdout, reason = "which way was taken is part of the result")]
fn check_program(program: &str, ask: &[&str], expected: &str, rows: &[Row]) {
    check_rows(&committed(program), rows, false);
    if !is_installed(program, ask, expected) {
        println!("{program}: not installed here; the committed files were read");
        return;
    }
    let fresh = tempfile::tempdir().expect("a directory");
    let script = committed("").join("make.sh");
    let made = Command::new("sh").arg(script).arg(fresh.path()).arg(program).output().expect("sh runs");
    assert!(made.status.success(), "{program}: {}", String::from_utf8_lossy(&made.stderr));
    check_rows(fresh.path(), rows, true);
    println!(
        "{program}: committed files and fresh ones were read; {}",
        String::from_utf8_lossy(&made.stdout).replace('\n', ", ")
    );
}

fn check_rows(directory: &Path, rows: &[Row], fresh: bool) {
    let password = std::fs::read_to_string(directory.join("password")).expect("the script writes it");
    for row in rows {
        let name = format!("{} {:?}", directory.join(row.certificate).display(), row.key);
        if fresh && row.optional && !directory.join(row.key.unwrap_or(row.certificate)).exists() {
            continue;
        }
        let mut warnings = Vec::new();
        let identity = read(directory, row, Some(&password), &mut warnings)
            .unwrap_or_else(|error| panic!("{name}: {} {error}", error.code()));
        assert_eq!(identity.thumbprint_hex(), printed_fingerprint(directory, row.fingerprint), "{name}");
        assert_eq!(identity.chain().len(), 1, "{name}: leaf without the root");
        let mut codes: Vec<Code> = warnings.iter().map(|warning| warning.code).collect();
        if fresh && !row.warnings.contains(&Code::ID_04) {
            // Earlier releases of a program have other defaults.
            codes.retain(|code| *code != Code::ID_04);
        }
        assert_eq!(codes, row.warnings, "{name}: {warnings:?}");
    }
}

fn read(
    directory: &Path,
    row: &Row,
    password: Option<&str>,
    warnings: &mut Vec<Warning>,
) -> Result<ClientIdentity, CredentialError> {
    let file = |name: &str| {
        let path = directory.join(name);
        Secret::new(std::fs::read(&path).expect(name), path.display().to_string())
    };
    let password = password.map(|password| Secret::new(password, "the file password"));
    let rules = ReadOptions::at(SystemTime::now());
    read_client_identity(&file(row.certificate), row.key.map(file).as_ref(), password.as_ref(), &rules, warnings)
}

/// Parses `…=AA:BB:…` to the form of our thumbprints.
fn printed_fingerprint(directory: &Path, name: &str) -> String {
    let line = std::fs::read_to_string(directory.join(format!("{name}.sha256"))).expect("the script writes it");
    let (_, digits) = line.trim().split_once('=').expect("a fingerprint after =");
    digits.replace(':', "").to_ascii_lowercase()
}

fn committed(program: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(program)
}

fn is_installed(program: &str, ask: &[&str], expected: &str) -> bool {
    let output = Command::new(program).args(ask).stdin(Stdio::null()).output();
    output.is_ok_and(|output| {
        let text = [output.stdout, output.stderr].concat();
        cfg!(unix) && String::from_utf8_lossy(&text).contains(expected)
    })
}
