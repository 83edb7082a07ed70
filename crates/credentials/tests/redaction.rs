//! SECRET-01 for this crate: canaries are put into every public type, and neither `Debug` nor `Display` nor
//! any error shows one.

use std::fmt::{Debug, Display, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use digicert_one_core::{Clock, Credential, CredentialError, LeaseRequest, ManualClock, Secret, causes};
use digicert_one_credentials::source::{self, ChainSource, DirectorySource, Fetched, FileSource, Program, Source};
use digicert_one_credentials::{Config, ProfileFile, RawCredential, Variable, WatchOptions, WatchingCredential};
use digicert_one_identity::ReadOptions;
use digicert_one_testbed::{Format, KeyStore};
use futures_executor::block_on;

const KEY: &str = "01canary5ecret0000000000aa_canary00c0ffee00canary00c0ffee00canary00c0ffee00canary00c0ffee";
const PASSWORD: &str = "canary-pass-phrase";

/// Everything that was printed.
#[derive(Default)]
struct Output(String);

impl Output {
    fn debug(&mut self, thing: &dyn Debug) {
        write!(self.0, "{thing:?}\n{thing:#?}\n").expect("writing to a string");
    }

    fn display(&mut self, thing: &dyn Display) {
        writeln!(self.0, "{thing}").expect("writing to a string");
    }

    fn error(&mut self, error: &CredentialError) {
        self.debug(error);
        for cause in causes(error) {
            self.display(&cause);
        }
    }

    /// Prints the source, its content and the resulting credential, also with damaged content.
    fn source(&mut self, source: &dyn Source) {
        self.display(&source.name());
        self.debug(&source);
        self.debug(&source.watched_paths());
        match source.fetch() {
            Ok(fetched) => {
                self.debug(&fetched);
                if let Fetched::Found(raw) = fetched {
                    self.raw(&raw);
                }
            }
            Err(error) => self.error(&error),
        }
    }

    fn raw(&mut self, raw: &RawCredential) {
        self.debug(raw);
        match raw.read(&ReadOptions::at(SystemTime::now())) {
            Ok(reading) => {
                self.debug(&reading);
                self.debug(&reading.fixed());
                reading.warnings.iter().for_each(|warning| self.display(warning));
            }
            Err(error) => self.error(&error),
        }
    }
}

/// The canaries and every form in which the private key could appear.
fn canaries(store: &KeyStore) -> Vec<String> {
    let private = &store.client.pkcs8_der()[40..56];
    let numbers = |bytes: &[u8]| bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let file = String::from_utf8_lossy(&store.certificate).into_owned();
    let line = file.lines().skip_while(|line| !line.contains("PRIVATE KEY")).nth(1).expect("a PEM bundle").to_owned();
    vec![
        KEY[..12].to_owned(),
        KEY[KEY.len() - 12..].to_owned(),
        numbers(&KEY.as_bytes()[..8]),
        PASSWORD.to_owned(),
        PASSWORD[7..].to_owned(),
        numbers(&PASSWORD.as_bytes()[..8]),
        line,
        numbers(private),
        hex(private),
    ]
}

fn write(path: &Path, content: impl AsRef<[u8]>) {
    std::fs::write(path, content).expect("written");
}

#[test]
fn secret_01_no_public_type_shows_a_secret() {
    let store = Format::PemBundle.make();
    let folder = tempfile::tempdir().expect("a directory");
    let path = |name: &str| folder.path().join(name);
    for broken in [false, true] {
        // Damaged in the middle of the value, so that an error has something to quote.
        let key = if broken { KEY.replace('_', " ") } else { KEY.to_owned() };
        let mut bundle = store.certificate.clone();
        if broken {
            let middle = bundle.len() - 60;
            bundle[middle] = b'!';
        }
        write(&path("api-key"), &key);
        write(&path("client.pem"), &bundle);
        write(&path("password"), PASSWORD);
        write(&path("jsign"), format!("{key}|{}|{PASSWORD}", path("client.pem").display()));
        let quoted = key.replace('\n', "\\n");
        write(
            &path("properties"),
            format!(
                "SM_API_KEY={quoted}\nSM_CLIENT_CERT_PASSWORD={PASSWORD}\nSM_CLIENT_CERT_FILE={}\n",
                path("client.pem").display()
            ),
        );
        let literal = if broken {
            format!("api_key = {KEY:?}\npassword = {PASSWORD:?}")
        } else {
            "api_key = \"file:api-key\"".to_owned()
        };
        write(&path("d1.toml"), format!("[profiles.one]\nhost = \"https://one.digicert.test\"\n{literal}\n"));
        let settings = [
            ("DC_BASE", "https://one.digicert.test".to_owned()),
            ("DC_API_KEY", key.clone()),
            ("DC_CLIENT_CERT_FILE", path("client.pem").display().to_string()),
            ("DC_CLIENT_CERT_PASSWORD", PASSWORD.to_owned()),
            ("CREDENTIALS_DIRECTORY", folder.path().display().to_string()),
        ];
        let lookup = |name: &str| {
            settings
                .iter()
                .find(|(present, _)| *present == name)
                .map(|(name, value)| Variable::new(*name, value.clone()))
        };
        let mut output = Output::default();
        settings.iter().for_each(|(name, value)| output.debug(&Variable::option(*name, value.clone())));
        output.debug(&Secret::new(KEY, "a variable"));
        output.source(&source::environment(&lookup));
        output.source(&DirectorySource::new(folder.path()));
        output.source(&source::systemd(&lookup));
        output.source(&FileSource::new().certificate_file(path("client.pem")).password_file(path("password")));
        output.source(&source::jsign_file(&path("jsign")));
        output.source(&source::jsign("DC_API_KEY", &lookup));
        output.source(&source::smctl(Some(&path("properties")), &lookup));
        let document =
            format!("{{\"version\":1,\"api_key\":{key:?},\"password\":{PASSWORD:?}{}", if broken { "" } else { "}" });
        output.source(&source::reader("the test", std::io::Cursor::new(document.into_bytes())));
        output.source(&Program::new("cat").argument(path("api-key").display().to_string()));
        let chain = ChainSource::new().then(source::smctl(None, &|_| None)).then(source::environment(&lookup));
        output.source(&chain);
        output.debug(&chain.report());
        chain.report().iter().for_each(|report| output.display(report));
        match ProfileFile::read(path("d1.toml")) {
            Ok(file) => {
                output.debug(&file);
                output.debug(&file.profile("one"));
                match source::profile(&file, "one", &lookup) {
                    Ok(source) => output.source(&source),
                    Err(error) => output.error(&error),
                }
            }
            Err(error) => output.error(&error),
        }
        match Config::from_environment(&lookup) {
            Ok(setup) => {
                output.debug(&setup);
                output.debug(&setup.read(&ReadOptions::at(SystemTime::now())).map(drop));
            }
            Err(error) => output.debug(&error),
        }
        watched(&mut output, folder.path(), broken);
        for canary in canaries(&store) {
            assert!(!output.0.contains(&canary), "{} characters of a secret are printed: {}", canary.len(), output.0);
        }
        assert!(output.0.contains("redacted") && output.0.contains("client.pem"), "something was printed");
    }
}

fn watched(output: &mut Output, folder: &Path, broken: bool) {
    let clock = ManualClock::new(SystemTime::now());
    let options = WatchOptions::new().events(false);
    output.debug(&options);
    match WatchingCredential::open(DirectorySource::new(folder), clock.clone(), options) {
        Ok(credential) => {
            assert!(!broken);
            let events = Arc::new(Mutex::new(Vec::new()));
            let listener = Arc::clone(&events);
            let credential = credential.on_event(move |event| listener.lock().expect("unpoisoned").push(event.clone()));
            write(&folder.join("api-key"), KEY.replace('_', " "));
            output.debug(&block_on(credential.reload()));
            write(&folder.join("api-key"), KEY.replace('_', "-"));
            output.debug(&block_on(credential.reload()));
            output.debug(&block_on(credential.lease(&LeaseRequest::at(clock.now()))).expect("in use"));
            output.debug(&credential);
            let events = events.lock().expect("unpoisoned");
            assert_eq!(events.len(), 2, "{events:?}");
            events.iter().for_each(|event| {
                output.debug(event);
                output.display(event);
            });
        }
        Err(error) => {
            assert!(broken, "{error}");
            output.error(&error);
        }
    }
}
