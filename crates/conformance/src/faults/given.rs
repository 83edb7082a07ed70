//! Faults in the input of the SDK: detected before any packet, the same on every stack.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use digicert_one_core::{
    Capability, Clock as _, Code, Credential as _, Diagnosis, LeaseRequest, ManualClock, Mode, Secret, TrustRoots,
};
use digicert_one_credentials::{
    Config, ConfigError, DirectorySource, RawCredential, Variable, WatchOptions, WatchingCredential,
};
use digicert_one_identity::ReadOptions;
use digicert_one_testbed::{Chain, ClientCert, ClientSpec, Format, KeyEncoding, KeyStore, Pki, Purpose, Validity};
use rustls_pki_types::CertificateDer;

use super::fault::{Fault, fault};
use super::lab::{self, ObservedFault, WRONG_PASSWORD};
use crate::world::{KEY, World, certificate, diagnose, key, read};

pub(super) const FAULTS: &[Fault] = &[
    fault("key of another certificate", Code::ID_01, &[], |_| {
        Box::pin(async {
            let other = certificate().key_pem(KeyEncoding::Pkcs8).expect("every key has this form");
            failed(&(certificate().chain_pem() + &other))
        })
    }),
    fault("encrypted key, no password", Code::ID_02, &[], |_| {
        Box::pin(async { stored(Format::PemPbes2Aes256, |store| store.password = None) })
    }),
    fault("PKCS#12, no password", Code::ID_02, &[], |_| {
        Box::pin(async { stored(Format::Pkcs12Aes256, |store| store.password = None) })
    }),
    fault("encrypted key, wrong password", Code::ID_03, &[], |_| {
        Box::pin(async { stored(Format::PemPbes2Aes256, |store| store.password = Some(WRONG_PASSWORD.to_owned())) })
    }),
    fault("PKCS#12, wrong password", Code::ID_03, &[], |_| {
        Box::pin(async { stored(Format::Pkcs12Aes256, |store| store.password = Some(WRONG_PASSWORD.to_owned())) })
    }),
    fault("PKCS#12 in RC2", Code::ID_04, &[], |_| Box::pin(async { stored(Format::Pkcs12Rc2, |_| {}) })),
    fault("a web page in place of a certificate", Code::ID_07, &[], |_| {
        Box::pin(async { failed("<!DOCTYPE html><title>Sign in</title>") })
    }),
    fault("certificate without its key", Code::ID_07, &[], |_| Box::pin(async { failed(&certificate().chain_pem()) })),
    fault("client certificate ended", Code::ID_09, &[], |_| {
        Box::pin(async { failed(&made(|spec| spec.validity = Validity::Expired).bundle_pem()) })
    }),
    fault("client certificate of tomorrow", Code::ID_09, &[], |_| {
        Box::pin(async { failed(&made(|spec| spec.validity = Validity::NotYetValid).bundle_pem()) })
    }),
    fault("client certificate without its intermediate", Code::ID_10, &[], |_| {
        Box::pin(async { warned(&made(|spec| spec.chain = Chain::LeafOnly).bundle_pem()) })
    }),
    fault("certificates in wrong order", Code::ID_11, &[], |_| {
        Box::pin(async { stored(Format::PemWrongOrderWithRoot, |_| {}) })
    }),
    fault("certificate for servers", Code::ID_12, &[], |_| {
        Box::pin(async { failed(&made(|spec| spec.purpose = Purpose::ServerAuth).bundle_pem()) })
    }),
    fault("file of the API key is not there", Code::ID_13, &[], |_| {
        Box::pin(async { set_up(&[("DC_BASE", "https://one.digicert.test"), ("DC_API_KEY_FILE", "/nowhere/d1-key")]) })
    }),
    fault("no credential at all", Code::CFG_01, &[], |_| {
        Box::pin(async { set_up(&[("DC_BASE", "https://one.digicert.test")]) })
    }),
    fault("API key past its end date", Code::ID_15, &[], |_| {
        Box::pin(async {
            set_up(&[("DC_BASE", "https://one.digicert.test"), ("DC_API_KEY", KEY), ("DC_API_KEY_ENDS", "2020-01-31")])
        })
    }),
    fault("service user past its end date", Code::ID_15, &[], |_| {
        Box::pin(async {
            set_up(&[("DC_BASE", "https://one.digicert.test"), ("DC_API_KEY", KEY), ("DC_OWNER_ENDS", "2020-01-31")])
        })
    }),
    fault("two private keys", Code::ID_17, &[], |_| {
        Box::pin(async { failed(&(certificate().bundle_pem() + &certificate().bundle_pem())) })
    }),
    fault("a replacement that is half written", Code::ROT_03, &[], |_| Box::pin(torn_replacement())),
    fault("host with a path", Code::HO_02, &[], |_| {
        Box::pin(async { set_up(&[("DC_BASE", "https://one.digicert.test/account"), ("DC_API_KEY", KEY)]) })
    }),
    fault("http:// in place of https://", Code::SEC_05, &[], |_| {
        Box::pin(async { set_up(&[("DC_BASE", "http://one.digicert.test"), ("DC_API_KEY", KEY)]) })
    }),
    fault("SM_TLS_SKIP_VERIFY", Code::TR_04, &[], |_| {
        Box::pin(async {
            let given = [("DC_BASE", "https://one.digicert.test"), ("DC_API_KEY", KEY), ("SM_TLS_SKIP_VERIFY", "1")];
            set_up(&given)
        })
    }),
    fault("two variables that differ", Code::CFG_01, &[], |_| {
        Box::pin(async {
            set_up(&[
                ("DC_BASE", "https://one.digicert.test"),
                ("SM_HOST", "https://two.digicert.test"),
                ("DC_API_KEY", KEY),
            ])
        })
    }),
    fault("x-api-key among the caller's headers", Code::CFG_01, &[], |world| {
        Box::pin(async move {
            let client = lab::client(world.builder(443), key());
            client.get("/").header("x-api-key", KEY).send().await.expect_err("the client's own").into()
        })
    }),
    fault("CA file without a certificate", Code::TR_03, &[], |_| {
        Box::pin(async {
            let file = tempfile::NamedTempFile::new().expect("a file");
            std::fs::write(file.path(), "no certificate").expect("written");
            let path = file.path().to_str().expect("a path in UTF-8");
            set_up(&[("DC_BASE", "https://one.digicert.test"), ("DC_API_KEY", KEY), ("DC_CA_FILE", path)])
        })
    }),
    fault("empty list of trust roots", Code::TR_03, &[], |world| Box::pin(async move { no_root(&world, Vec::new()) })),
    fault("trust root that is not a certificate", Code::TR_03, &[], |world| {
        Box::pin(async move { no_root(&world, vec![CertificateDer::from(b"not a certificate".to_vec())]) })
    }),
];

fn made(change: impl FnOnce(&mut ClientSpec)) -> ClientCert {
    let mut spec = ClientSpec::default();
    change(&mut spec);
    Pki::shared().client(spec)
}

/// The error of the reader that users have.
fn failed(pem: &str) -> ObservedFault {
    read(&Secret::new(pem, "the fault"), SystemTime::now()).expect_err("it must not be read").into()
}

/// The first warning of the reader that users have.
fn warned(pem: &str) -> ObservedFault {
    reading(RawCredential::new().with_certificate(Secret::new(pem, "the fault")))
}

fn stored(format: Format, change: impl FnOnce(&mut KeyStore)) -> ObservedFault {
    let mut store = format.make();
    change(&mut store);
    match crate::formats::read(&store, &ReadOptions::at(SystemTime::now())) {
        Err(error) => error.into(),
        Ok(reading) => reading.warnings.first().expect("worth a word").into(),
    }
}

fn reading(raw: RawCredential) -> ObservedFault {
    match raw.read(&ReadOptions::at(SystemTime::now())) {
        Err(error) => error.into(),
        Ok(reading) => reading.warnings.first().expect("worth a word").into(),
    }
}

/// The error for a program with these variables, as in `d1`; a credential that was read is used.
fn set_up(variables: &[(&str, &str)]) -> ObservedFault {
    let lookup = |name: &str| {
        variables.iter().find(|(known, _)| *known == name).map(|(name, value)| Variable::new(*name, *value))
    };
    let now = SystemTime::now();
    let outcome = Config::from_environment(&lookup).and_then(|setup| setup.read(&ReadOptions::at(now)));
    match outcome {
        Err(ConfigError::Credential(error)) => error.into(),
        Err(error) => ObservedFault::new(Diagnosis::of(error.code(), error.to_string()), format!("{error:?}")),
        Ok(reading) => reading.validity.check(now).expect_err("it works, so nothing is at fault").into(),
    }
}

/// The certificate was replaced and the key was not yet.
async fn torn_replacement() -> ObservedFault {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).expect("written");
    let (before, after) = (certificate(), certificate());
    write("tls.crt", &before.chain_pem());
    write("tls.key", &before.key_pem(KeyEncoding::Pkcs8).expect("every key has this form"));
    let reported = Arc::new(Mutex::new(None));
    let listener = Arc::clone(&reported);
    let clock = ManualClock::new(SystemTime::now());
    let options = WatchOptions::new().events(false);
    let credential = WatchingCredential::open(DirectorySource::new(directory.path()), clock.clone(), options)
        .expect("the first pair is whole")
        .on_event(move |event| *listener.lock().unwrap_or_else(PoisonError::into_inner) = event.diagnosis());
    write("tls.crt", &after.chain_pem());
    for _ in 0..10 {
        clock.advance(Duration::from_secs(3600));
        credential.lease(&LeaseRequest::at(clock.now())).await.expect("the first pair stays");
        if let Some(diagnosis) = reported.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return ObservedFault::found(diagnosis);
        }
    }
    panic!("no warning was given");
}

fn no_root(world: &World, roots: Vec<CertificateDer<'static>>) -> ObservedFault {
    let trust = match world.has(Capability::TrustOnly) {
        true => TrustRoots::Only(roots),
        false => TrustRoots::SystemAnd(roots),
    };
    let error = world.connector.connect(&world.config().with_trust(trust)).expect_err("no root");
    lab::refused(&error, diagnose(&error, Mode::Key, None))
}
