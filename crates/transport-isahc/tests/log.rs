//! A program that logs everything logs no key: isahc has a log target that prints every request as it goes out. Alone in
//! its process, since it sets the process's subscriber.

use std::fmt::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use digicert_one_core::{Capability, Connector as _, Transport, TransportConfig, TrustRoots};
use digicert_one_isahc::Connector;
use digicert_one_testbed::{Front, FrontOptions, Pki, handler};
use futures_executor::block_on;
use http::{Method, Request, Response};
use rustls_pki_types::CertificateDer;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const CANARY: &str = "01canary5ecret";

/// Writes down all that is said on this side of the wire.
#[derive(Clone, Default)]
struct Everything(Arc<Mutex<String>>);

impl Subscriber for Everything {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // The server of this test has a right to what it was sent.
        ["isahc", "curl", "digicert_one_isahc", "log"].iter().any(|ours| metadata.target().starts_with(ours))
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        attributes.record(&mut Line(self));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Line(self));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Line(self));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Line<'a>(&'a Everything);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = writeln!(self.0.0.lock().expect("no panic inside"), "{field}={value:?}");
    }
}

#[test]
fn key_is_printed_by_no_log_target_at_any_level() {
    let log = Everything::default();
    let respond = handler(|_, _| async { Response::new(Bytes::from_static(b"{}")) });
    let front = Front::start(FrontOptions::default(), respond).expect("loopback can be bound");
    let roots = vec![CertificateDer::from(Pki::shared().root_der().to_vec())];
    let only = Connector::new().capabilities().has(Capability::TrustOnly);
    let trust = if only { TrustRoots::Only(roots) } else { TrustRoots::SystemAnd(roots) };
    let config =
        TransportConfig::new().with_trust(trust).with_name_override("localhost", IpAddr::V4(Ipv4Addr::LOCALHOST));
    let call = |transport: &dyn Transport| {
        for method in [Method::GET, Method::POST] {
            let request = Request::builder().method(method).uri(front.url("localhost")).header("x-api-key", CANARY);
            let request = request.body(Bytes::from_static(b"01canary5ecret")).expect("a valid request");
            let exchange = block_on(transport.send(request)).expect("answered");
            block_on(exchange.response.into_body().collect(1024)).expect("a body");
        }
    };
    // One is in use before anybody listens.
    let early = Connector::new().connect(&config).expect("honoured");
    call(&*early);
    tracing::subscriber::set_global_default(log.clone()).expect("alone in this process");
    call(&*early);
    call(&*Connector::new().connect(&config).expect("honoured"));
    assert_eq!(front.ledger().requests()[0].header_values("x-api-key"), [CANARY], "or this shows nothing");
    tracing::info!("the log works");
    let text = log.0.lock().expect("no panic inside").clone();
    assert!(text.contains("the log works"));
    assert!(!text.contains(CANARY), "{text}");
}
