//! `d1 cert inspect|convert|csr`, on every format that the library reads.

use std::fs;
use std::path::Path;
use std::process::Output;

use digicert_one_testbed::{ClientSpec, Format, KeyEncoding, KeyStore, Pki, Purpose, Validity};
use tempfile::TempDir;

use crate::stage::{d1, document, text};

/// A directory with files, and the arguments that name them.
struct Files {
    directory: TempDir,
    arguments: Vec<String>,
    password: Option<String>,
}

impl Files {
    fn of(store: &KeyStore) -> Self {
        let files = Self {
            directory: tempfile::tempdir().expect("a directory"),
            arguments: Vec::new(),
            password: store.password.clone(),
        };
        let mut arguments = vec![files.write("certificate", &store.certificate)];
        if let Some(key) = &store.key {
            arguments.extend(["--private-key".to_owned(), files.write("key", key)]);
        }
        // One with an empty password opens without.
        if store.password.as_ref().is_some_and(|password| !password.is_empty()) {
            arguments.extend(["--input-password", "env:STORE_PASSWORD"].map(str::to_owned));
        }
        Self { arguments, ..files }
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, content: &[u8]) -> String {
        fs::write(self.path(name), content).expect("written");
        #[cfg(unix)]
        fs::set_permissions(self.path(name), std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("ours");
        self.path(name)
    }

    fn d1(&self, arguments: &[&str]) -> Output {
        let password = self.password.clone().unwrap_or_default();
        d1(arguments, &[("STORE_PASSWORD", &password), ("NEW_PASSWORD", "Kestrel-new-42")])
    }

    fn run(&self, command: &str, more: &[&str]) -> Output {
        let given: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        self.d1(&[&["--json", "cert", command], &given[..], more].concat())
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.directory.path())
            .expect("a directory")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

#[cfg(unix)]
fn mode(path: &str) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

fn pem_bundle(spec: ClientSpec) -> Files {
    let client = Pki::shared().client(spec);
    let certificate = client.bundle_pem().into_bytes();
    Files::of(&KeyStore { client, certificate, key: None, password: None })
}

#[test]
fn inspect_shows_the_same_certificate_from_every_format() {
    for format in Format::ALL {
        let store = format.make();
        let output = Files::of(&store).run("inspect", &[]);
        assert!(output.status.success(), "{format:?}: {}", text(&output));
        let document = document(&output);
        let client = &store.client;
        assert_eq!(document["sha256"], client.fingerprint(), "{format:?}");
        assert_eq!(document["subject"], format!("CN=client in {format:?}"), "{format:?}");
        assert_eq!(document["private_key"], true, "{format:?}");
        assert_eq!(document["purposes"], serde_json::json!(["client authentication"]), "{format:?}");
        let left = document["days_left"].as_i64().expect("a number");
        assert!((300..=366).contains(&left), "{format:?}: {document}");
        let chain = document["chain"].as_array().expect("a list");
        assert_eq!(chain[0]["sha256"], document["sha256"], "{format:?}");
        let key = text(&output);
        assert!(!key.contains("PRIVATE KEY"), "{format:?}: {key}");
    }
}

#[test]
fn inspect_warns_of_what_a_server_would_refuse_and_succeeds() {
    for (spec, code) in [
        (ClientSpec { validity: Validity::Expired, ..ClientSpec::default() }, "ID-09"),
        (ClientSpec { validity: Validity::NotYetValid, ..ClientSpec::default() }, "ID-09"),
        (ClientSpec { purpose: Purpose::ServerAuth, ..ClientSpec::default() }, "ID-12"),
    ] {
        let files = pem_bundle(spec);
        let output = files.run("inspect", &[]);
        let document = document(&output);
        assert!(output.status.success() && document["warnings"][0]["code"] == code, "{code}: {document}");
        let shown = text(&files.d1(&["cert", "inspect", &files.arguments[0]]));
        assert!(shown.contains(&format!("warning     {code} ")), "{shown}");
    }
}

#[test]
fn inspect_shows_certificates_and_names_a_damaged_one() {
    let client = Pki::shared().client(ClientSpec::default());
    let files = pem_bundle(ClientSpec::default());
    let chain = files.write("chain.pem", client.chain_pem().as_bytes());
    let output = files.d1(&["--json", "cert", "inspect", &chain]);
    let found = document(&output);
    assert_eq!((&found["private_key"], &found["sha256"]), (&false.into(), &client.fingerprint().into()), "{found}");
    let damaged = format!("{}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", client.chain_pem());
    for (name, content) in [("damaged.pem", damaged.as_str()), ("empty.pem", ""), ("other.pem", "not a certificate")] {
        let output = files.d1(&["cert", "inspect", &files.write(name, content.as_bytes())]);
        assert_eq!(output.status.code(), Some(3), "{name}: {}", text(&output));
        assert!(text(&output).contains("ID-07"), "{name}: {}", text(&output));
    }
    let output = files.d1(&["cert", "inspect", &files.path("missing")]);
    assert!(output.status.code() == Some(3) && text(&output).contains("ID-13"), "{}", text(&output));
}

#[test]
fn missing_or_wrong_password_is_named_with_the_option_that_gives_it() {
    let store = Format::Pkcs12Aes256.make();
    let files = Files::of(&store);
    let wrong = files.write("wrong", b"wrong-password");
    let reference = format!("file:{wrong}");
    for (more, code) in [(&[][..], "ID-02"), (&["--input-password", &reference][..], "ID-03")] {
        let output = files.d1(&[&["cert", "inspect", &files.arguments[0]], more].concat());
        let shown = text(&output);
        assert_eq!(output.status.code(), Some(3), "{shown}");
        assert!(shown.contains(code) && shown.contains("--input-password"), "{shown}");
        assert!(!shown.contains("wrong-password"), "{shown}");
    }
}

#[test]
fn converted_files_hold_the_same_certificate_and_key() {
    for format in [Format::PemPkcs1, Format::PemSec1P384, Format::Pkcs12TripleDes] {
        let store = format.make();
        let files = Files::of(&store);
        let mut keys = Vec::new();
        for (target, more) in [
            ("pem", &[][..]),
            ("der", &["--key-output", "KEY"][..]),
            ("pkcs12", &["--output-password", "env:NEW_PASSWORD"][..]),
            ("pkcs12-legacy", &["--output-password", "env:NEW_PASSWORD"][..]),
        ] {
            let (path, key_path) = (files.path(&format!("to.{target}")), files.path(&format!("to.{target}.key")));
            let more: Vec<&str> = more.iter().map(|word| if *word == "KEY" { &*key_path } else { word }).collect();
            let output = files.run("convert", &[&["--to", target, "--output", &path], &more[..]].concat());
            assert!(output.status.success(), "{format:?} to {target}: {}", text(&output));
            let input: &[&str] = match target {
                "pem" => &[],
                "der" => &["--private-key", &key_path],
                _ => &["--input-password", "env:NEW_PASSWORD"],
            };
            let output = files.d1(&[&["--json", "cert", "inspect", &path], input].concat());
            let document = document(&output);
            assert_eq!(document["sha256"], store.client.fingerprint(), "{format:?} to {target}: {document}");
            // The pair was checked in reading it; the key itself is compared in its plain form.
            let plain = files.path(&format!("{target}.pem"));
            let arguments = [&["cert", "convert", &path], input, &["--to", "pem", "--output", &plain]].concat();
            assert!(files.d1(&arguments).status.success());
            let pem = fs::read_to_string(&plain).expect("written");
            let (key, chain) = pem.split_once("-----END PRIVATE KEY-----\n").expect("the key comes first");
            assert!(chain.starts_with("-----BEGIN CERTIFICATE"), "{target}: {pem}");
            keys.push(key.to_owned());
            #[cfg(unix)]
            assert_eq!(mode(if target == "der" { &key_path } else { &path }), 0o600, "{target}");
        }
        assert!(keys.len() == 4 && keys.iter().all(|key| *key == keys[0]), "{format:?}: {keys:?}");
        // Key stores hold PKCS#8, which stays as it is.
        if format == Format::Pkcs12TripleDes {
            let key = store.client.key_pem(KeyEncoding::Pkcs8).expect("any key");
            assert!(key.starts_with(&keys[0]), "{format:?}");
        }
    }
}

#[test]
fn certificates_without_a_key_are_converted_to_pem_and_der_only() {
    let files = pem_bundle(ClientSpec::default());
    let (leaf, chain) = (files.path("leaf.der"), files.path("chain.pem"));
    let bundle = files.arguments[0].clone();
    let key = files.path("key.der");
    let made = files.d1(&["cert", "convert", &bundle, "--to", "der", "--output", &leaf, "--key-output", &key]);
    assert!(made.status.success(), "{}", text(&made));
    let back = files.d1(&["cert", "convert", &leaf, "--to", "pem", "--output", &chain]);
    let written = fs::read_to_string(&chain).unwrap_or_default();
    assert!(back.status.success() && written.starts_with("-----BEGIN CERTIFICATE-----\n"), "{}", text(&back));
    let again = files.d1(&["cert", "convert", &chain, "--to", "der", "--output", &files.path("again.der")]);
    assert!(again.status.success(), "{}", text(&again));
    assert_eq!(fs::read(files.path("again.der")).expect("written"), fs::read(&leaf).expect("written"));
    for (more, words) in [
        (&["--to", "pkcs12", "--output-password", "env:NEW_PASSWORD"][..], "--private-key"),
        (&["--to", "pem", "--key-output", &key], "--private-key"),
    ] {
        let output = files.d1(&[&["cert", "convert", &leaf, "--force", "--output", &files.path("x")], more].concat());
        assert!(output.status.code() == Some(2) && text(&output).contains(words), "{}", text(&output));
    }
    let output = files.d1(&["cert", "verify", &leaf]);
    assert!(output.status.code() == Some(3) && text(&output).contains("with --private-key"), "{}", text(&output));
}

#[test]
fn convert_replaces_a_file_only_with_force_and_leaves_no_part_behind() {
    let files = pem_bundle(ClientSpec::default());
    let taken = files.write("taken", b"precious");
    let (new, missing) = (files.path("new.der"), files.path("missing/new.key"));
    let before = files.names();
    let cases: [(&[&str], i32); 5] = [
        (&["--to", "pem", "--output", &taken], 3),
        (&["--to", "der", "--output", &new, "--key-output", &taken], 3),
        (&["--to", "der", "--output", &new, "--key-output", &missing], 3),
        (&["--to", "der", "--output", &new], 2),
        (&["--to", "pkcs12", "--output", &new, "--key-output", &missing], 2),
    ];
    for (more, exit) in cases {
        let output = files.run("convert", more);
        assert_eq!(output.status.code(), Some(exit), "{more:?}: {}", text(&output));
        assert_eq!(files.names(), before, "{more:?}");
        assert_eq!(fs::read(&taken).expect("there"), b"precious", "{more:?}");
    }
    #[cfg(unix)]
    fs::set_permissions(&taken, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("ours");
    let output = files.run("convert", &["--to", "pem", "--output", &taken, "--force"]);
    assert!(output.status.success(), "{}", text(&output));
    assert!(fs::read_to_string(&taken).expect("there").starts_with("-----BEGIN PRIVATE KEY-----"));
    #[cfg(unix)]
    assert_eq!(mode(&taken), 0o600);
}

#[test]
fn csr_is_for_the_new_key_and_the_key_stays_private() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name).display().to_string();
    let (key, request) = (path("ci.key"), path("ci.csr"));
    let output = d1(&["cert", "csr", "--subject", "ci-bot", "--key-file", &key, "--output", &request], &[]);
    assert!(output.status.success(), "{}", text(&output));
    #[cfg(unix)]
    assert_eq!(mode(&key), 0o600);
    let [key_pem, csr] = [&key, &request].map(|path| fs::read_to_string(Path::new(path)).expect("written"));
    assert!(csr.starts_with("-----BEGIN CERTIFICATE REQUEST-----"), "{csr}");
    assert!(!text(&output).contains("PRIVATE KEY"), "{}", text(&output));
    // The request holds the public half of the key: the point stands in the key file, too (RFC 5915).
    let der = |pem: &str| {
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        data_encoding::BASE64.decode(body.as_bytes()).expect("base64")
    };
    let (key_der, csr_der) = (der(&key_pem), der(&csr));
    let point = &key_der[key_der.len() - 64..];
    assert!(csr_der.windows(64).any(|part| part == point), "another key's request");
    assert!(csr_der.windows(6).any(|part| part == b"ci-bot"));

    let again = d1(&["cert", "csr", "--subject", "ci-bot", "--key-file", &key], &[]);
    assert_eq!(again.status.code(), Some(3), "{}", text(&again));
    assert_eq!(fs::read_to_string(&key).expect("there"), key_pem, "the key of an earlier request is kept");
    let output = d1(&["--json", "cert", "csr", "--subject", "", "--key-file", &path("new.key")], &[]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(!Path::new(&path("new.key")).exists());
}
