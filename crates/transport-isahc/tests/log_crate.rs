//! The same for a program that logs through the crate `log`, to which tracing can be built to write, as it is here. Alone in its
//! process, since it sets the process's logger.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use digicert_one_core::{Capability, Connector as _, TransportConfig, TrustRoots};
use digicert_one_isahc::Connector;
use digicert_one_testbed::{Front, FrontOptions, Pki, handler};
use futures_executor::block_on;
use http::{Method, Request, Response};
use log::{Level, LevelFilter, Log, Metadata, Record};
use rustls_pki_types::CertificateDer;

const CANARY: &str = "01canary5ecret";
const WARNING: &str = "isahc would log API keys";

/// Writes down all that is said on this side of the wire, at the level that each target has.
struct Everything {
    text: Mutex<String>,
    /// Of this target everything counts, of the rest of isahc nothing below info.
    loud: Mutex<&'static str>,
}

static LOG: Everything = Everything { text: Mutex::new(String::new()), loud: Mutex::new("") };

impl Log for Everything {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let loud = *self.loud.lock().unwrap_or_else(PoisonError::into_inner);
        let target = metadata.target();
        match target.starts_with("isahc") {
            true => metadata.level() <= Level::Info || target == loud,
            false => !target.starts_with("digicert_one_testbed"),
        }
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = writeln!(text, "{}: {}", record.target(), record.args());
        }
    }

    fn flush(&self) {}
}

/// What was written while a new transport made two calls.
fn written() -> String {
    let respond = handler(|_, _| async { Response::new(Bytes::from_static(b"{}")) });
    let front = Front::start(FrontOptions::default(), respond).expect("loopback can be bound");
    let roots = vec![CertificateDer::from(Pki::shared().root_der().to_vec())];
    let only = Connector::new().capabilities().has(Capability::TrustOnly);
    let trust = if only { TrustRoots::Only(roots) } else { TrustRoots::SystemAnd(roots) };
    let config =
        TransportConfig::new().with_trust(trust).with_name_override("localhost", IpAddr::V4(Ipv4Addr::LOCALHOST));
    let transport = Connector::new().connect(&config).expect("honoured");
    for method in [Method::GET, Method::POST] {
        let request = Request::builder().method(method).uri(front.url("localhost")).header("x-api-key", CANARY);
        let exchange =
            block_on(transport.send(request.body(Bytes::new()).expect("a valid request"))).expect("answered");
        block_on(exchange.response.into_body().collect(1024)).expect("a body");
    }
    assert_eq!(front.ledger().requests()[0].header_values("x-api-key"), [CANARY], "or this shows nothing");
    drop(transport);
    std::mem::take(&mut *LOG.text.lock().unwrap_or_else(PoisonError::into_inner))
}

#[test]
fn logger_prints_no_key_and_warns_of_dropped_targets() {
    log::set_logger(&LOG).expect("alone in this process");
    log::set_max_level(LevelFilter::Trace);
    tracing::info!("tracing writes here");
    let text = written();
    assert!(text.contains("tracing writes here"), "or this shows nothing: {text}");
    assert!(!text.contains(CANARY) && !text.contains(WARNING), "isahc logs although disabled: {text}");
    for loud in ["isahc::handler", "isahc::wire"] {
        *LOG.loud.lock().expect("no panic inside") = loud;
        let text = written();
        assert!(text.contains(WARNING), "{loud}: {text}");
        assert!(!text.contains(CANARY), "{loud}: {text}");
    }
}
