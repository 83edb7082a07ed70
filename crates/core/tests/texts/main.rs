//! The form of all texts that the crate shows.

mod form;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use digicert_one_core::{
    ApiKey, CallContext, Capabilities, Capability, Code, CredentialError, Delivery, EndDate, Expiry, ExpiryCause,
    HeadLimit, HostRole, Instance, Mode, PeerFault, Phase, Proxy, RateLimitError, RequestTarget, Secret, Side,
    TlsAlert, TransportError, TransportErrorKind as Kind, UploadError, Validity, diagnosis,
};

use self::form::{assert_form, assert_plain};

fn transport_errors() -> impl Iterator<Item = TransportError> {
    let faults = [
        PeerFault::Expired,
        PeerFault::NotYetValid,
        PeerFault::NameMismatch,
        PeerFault::UnknownIssuer,
        PeerFault::Revoked,
        PeerFault::RevocationUnknown,
        PeerFault::CaAsServer,
        PeerFault::WrongPurpose,
        PeerFault::IssuerNotCa,
        PeerFault::NameConstraints,
        PeerFault::CriticalExtension,
        PeerFault::Version,
        PeerFault::WeakKey,
        PeerFault::SignatureAlgorithm,
        PeerFault::BadSignature,
        PeerFault::Malformed,
        PeerFault::Other,
        PeerFault::Unspecified,
    ];
    let phases =
        [Phase::Connect, Phase::Handshake, Phase::ConnectOrHandshake, Phase::Response, Phase::Body, Phase::Call];
    let kinds = [
        Kind::BodyLimit,
        Kind::BodyCut,
        Kind::Config,
        Kind::Refused,
        Kind::Dns,
        Kind::HeadLimit,
        Kind::Http11Required,
        Kind::Interrupted,
        Kind::LocalIdentity,
        Kind::NoRuntime,
        Kind::NotTls,
        Kind::Other,
        Kind::Protocol,
        Kind::Proxy(None),
        Kind::Proxy(Some(407)),
        Kind::Tls,
        Kind::TlsIncompatible,
        Kind::TrustRoots,
    ];
    (kinds.into_iter())
        .chain((0..=u8::MAX).map(|number| Kind::PeerAlert(TlsAlert(number))))
        .chain(faults.map(Kind::PeerUntrusted))
        .chain(phases.map(Kind::Timeout))
        .chain(Capabilities::all().iter().map(Kind::Unsupported))
        .flat_map(|kind| {
            [Delivery::NotSent, Delivery::Unknown, Delivery::Sent].map(|sent| TransportError::new(kind, sent))
        })
}

#[test]
fn texts_of_the_code_table_are_plain() {
    for code in Code::ALL {
        for text in [code.title(), code.explanation(), code.remedy()] {
            assert_plain(text);
        }
        assert!(code.title().starts_with(|one: char| one.is_uppercase() || one.is_numeric()), "{code}");
        assert!(code.explanation().starts_with(|one: char| one.is_uppercase() || one.is_numeric()), "{code}");
    }
    let sides =
        [Side::Local, Side::Network, Side::Peer, Side::Us, Side::Both, Side::Platform, Side::Gateway, Side::Unclear];
    sides.iter().for_each(|side| assert_plain(&side.to_string()));
}

#[test]
fn host_errors_have_the_form() {
    let texts = [
        "ftp://one.digicert.com",
        "http://one.digicert.com",
        "https://user:secret@one.digicert.com",
        "https://one.digicert.com/account",
        "-----BEGIN PRIVATE KEY-----",
        "word",
        "one.digicert.co",
        "clientauth.clientauth.d1.corp.test",
        "a..b",
    ];
    for text in texts {
        assert_form(&Instance::parse(text).expect_err(text));
    }
    let address = Instance::parse("https://127.0.0.1:1").expect("an address");
    assert_form(&address.origin(HostRole::ClientAuth).expect_err("no clientauth. host"));
    assert_form(&address.with_path_prefix("https://").expect_err("not a path"));
}

#[test]
fn target_and_proxy_errors_have_the_form() {
    for text in ["https://one.digicert.com/", "/a b", "/a%", "/a/../b"] {
        assert_form(&RequestTarget::parse(text).expect_err(text));
    }
    for text in [
        "http://",
        "-----BEGIN PRIVATE KEY-----",
        "http://user:p#ss@proxy.test",
        "http://us%3Aer@proxy.test",
        "gopher://proxy.test",
    ] {
        assert_form(&Proxy::parse(text).expect_err(text));
    }
}

#[test]
fn credential_errors_have_the_form() {
    for text in ["", "two words"] {
        assert_form(&ApiKey::new(text).expect_err(text));
    }
    assert_form(&"tomorrow".parse::<EndDate>().expect_err("not a date"));
    assert_form(&Secret::new(vec![0xff], "a file").expose_text().expect_err("not text"));
    assert_form(&CredentialError::new(Code::ID_13, "missing file").at("DC_API_KEY"));
    let end = SystemTime::UNIX_EPOCH;
    let now = end + Duration::from_secs(3600);
    for ending in [ExpiryCause::Key, ExpiryCause::Certificate, ExpiryCause::Owner] {
        assert!(Expiry::new(end, ending).has_passed(now));
        let mut validity = Validity::default();
        match ending {
            ExpiryCause::Key => validity.key_ends = Some(end),
            ExpiryCause::Certificate => validity.certificate_ends = Some(end),
            _ => validity.owner_ends = Some(end),
        }
        assert_form(&validity.check(now).expect_err("expired"));
    }
    let mut early = Validity::default();
    early.not_before = Some(now);
    assert_form(&early.check(end).expect_err("not yet valid"));
}

#[test]
fn upload_and_head_errors_have_the_form() {
    let failed = UploadError::Failed(Arc::new(std::io::Error::other("disk failure")));
    let short = UploadError::TooShort { declared: 10, given: 3 };
    for error in [failed, UploadError::Cancelled, short, UploadError::TooLong { declared: 10 }] {
        assert_form(&error);
    }
    let mut head = http::HeaderMap::new();
    head.insert("x-long", "x".repeat(HeadLimit::BYTES).parse().expect("a header value"));
    assert_form(&HeadLimit::check(&head).expect_err("too long"));
    assert_form(&HeadLimit::unmeasured().error());
}

#[test]
fn rate_limit_errors_have_the_form() {
    assert_form(&RateLimitError::TooLate { wait: Duration::from_secs(3) });
    assert_form(&RateLimitError::Unavailable("timeout".into()));
}

#[test]
fn transport_errors_and_their_diagnoses_have_the_form() {
    for error in transport_errors() {
        assert_form(&error);
        for mode in [Mode::Anonymous, Mode::Key, Mode::Certificate, Mode::Both] {
            let context = CallContext::new("one.digicert.com", mode, SystemTime::UNIX_EPOCH);
            assert_plain(&diagnosis::diagnose_transport(&error, &context).to_string());
        }
    }
    assert_form(
        &TransportError::new(Kind::Unsupported(Capability::Http2), Delivery::NotSent).with_source("not built in"),
    );
}
