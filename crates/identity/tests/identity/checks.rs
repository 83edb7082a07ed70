//! What a server would refuse is detected before anything is sent.

use std::time::{Duration, SystemTime};

use digicert_one_core::Code;
use digicert_one_identity::ReadOptions;
use digicert_one_testbed::{ClientSpec, Pki, Purpose, Validity};

use crate::{CERTIFICATE, read, read_by};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn bundle(validity: Validity) -> String {
    Pki::shared().client(ClientSpec { validity, ..ClientSpec::default() }).bundle_pem()
}

#[test]
fn ident_19_expired_certificate_is_id_09_with_days_and_clock() {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let bundle = bundle(Validity::Between(start, start + DAY));
    let rules = |after: Duration| ReadOptions::at(start + DAY + after);
    for (after, text) in
        [(Duration::from_secs(1), "less than a day ago"), (DAY, "(1 day ago)"), (3 * DAY, "(3 days ago)")]
    {
        let read = read_by(bundle.as_bytes(), None, None, &rules(after));
        let message = read.error().to_string();
        assert_eq!(read.error().code(), Code::ID_09);
        for part in [text, "2023-11-15T22:13:20Z", "clock shows 2023-11-1", CERTIFICATE] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
    read_by(bundle.as_bytes(), None, None, &rules(Duration::from_millis(999))).identity();
    let read = read_by(bundle.as_bytes(), None, None, &rules(3 * DAY).allow_expired(true));
    read.identity();
    assert_eq!(read.codes(), [Code::ID_09]);
}

#[test]
fn ident_20_certificate_not_yet_valid_is_id_09_with_clock() {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let bundle = bundle(Validity::Between(start, start + DAY));
    let read = read_by(bundle.as_bytes(), None, None, &ReadOptions::at(start - 2 * DAY));
    let message = read.error().to_string();
    assert_eq!(read.error().code(), Code::ID_09);
    assert!(message.contains("not valid before 2023-11-14T22:13:20Z (in 2 days)"), "{message}");
    assert!(message.contains("clock shows 2023-11-12T22:13:20Z"), "{message}");
    read_by(bundle.as_bytes(), None, None, &ReadOptions::at(start)).identity();
}

#[test]
fn ident_21_server_certificate_is_id_12_in_words() {
    let client = Pki::shared().client(ClientSpec { purpose: Purpose::ServerAuth, ..ClientSpec::default() });
    let read = read(client.bundle_pem().as_bytes(), None, None);
    assert_eq!(read.error().code(), Code::ID_12);
    assert!(read.error().to_string().contains("only for: server authentication"), "{}", read.error());
}

#[test]
fn certificate_without_purposes_or_for_any_purpose_is_accepted() {
    for purposes in [vec![], vec![rcgen::ExtendedKeyUsagePurpose::Any]] {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut params = rcgen::CertificateParams::default();
        params.extended_key_usages = purposes;
        let certificate = params.self_signed(&key).expect("self-signed");
        let read = read((certificate.pem() + &key.serialize_pem()).as_bytes(), None, None);
        assert_eq!(read.identity().chain().len(), 1);
        assert_eq!(read.warnings, [], "a self-signed leaf is sent and misses no issuer");
    }
}

#[test]
fn report_only_turns_each_refusal_into_a_warning() {
    let of = |spec: ClientSpec| Pki::shared().client(spec).bundle_pem();
    let wrong = ClientSpec { purpose: Purpose::ServerAuth, validity: Validity::Expired, ..ClientSpec::default() };
    let rules = ReadOptions::at(SystemTime::now());
    assert_eq!(read_by(of(wrong.clone()).as_bytes(), None, None, &rules).error().code(), Code::ID_12);
    let reported = read_by(of(wrong).as_bytes(), None, None, &rules.report_only());
    reported.identity();
    assert_eq!(reported.codes(), [Code::ID_12, Code::ID_09]);
}
