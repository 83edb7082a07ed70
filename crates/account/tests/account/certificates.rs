//! Client certificates: requested, parsed in every form, enabled and disabled.

use std::time::SystemTime;

use digicert_one_account::{IssuedCertificate, NewClientCertificate};
use digicert_one_client::{Error, ErrorKind, ResourceKind};
use digicert_one_core::{Code, Secret};
use digicert_one_identity::{ReadOptions, read_client_identity};
use digicert_one_testbed::{ClientCert, ClientSpec, KeyEncoding, Pki};
use serde_json::{Value, json};

use super::{CERTIFICATE, Stage, USER, json_response, text};

const CSR: &str = "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n";

fn wanted() -> NewClientCertificate {
    NewClientCertificate::new("ci 1", CSR)
}

fn certificate() -> ClientCert {
    Pki::shared().client(ClientSpec { common_name: "ci".to_owned(), ..ClientSpec::default() })
}

fn pems(certificate: &ClientCert) -> Vec<String> {
    let chain = certificate.chain_pem();
    chain.split_inclusive("-----END CERTIFICATE-----\n").map(str::to_owned).collect()
}

/// Removes the PEM lines.
fn base64(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}

fn request(response: &Value) -> Result<IssuedCertificate, Error> {
    let stage = Stage::responding(201, response);
    stage.run(stage.account.certificates().request(&wanted()))
}

#[test]
fn request_has_csr_and_certificate_matches_its_key() {
    let certificate = certificate();
    let pems = pems(&certificate);
    let stage = Stage::responding(
        201,
        &json!({
            "id": "c", "nickname": "ci 1", "end_date": "2026-12-31", "enabled": true, "status": "ACTIVE",
            "serial_number": "0A", "certificate": pems[0], "chain": pems[1..],
        }),
    );
    let wanted = wanted().end_date("2026-12-31".parse().expect("a day"));
    let issued = stage.run(stage.account.certificates().request(&wanted)).expect("made");
    let body = json!({ "nickname": "ci 1", "end_date": "2026-12-31", "csr": CSR });
    assert_eq!(stage.sent(), [("POST".to_owned(), CERTIFICATE.to_owned(), body)]);
    let kept = issued.certificate.as_ref().expect("what the platform keeps");
    assert_eq!((kept.id.as_str(), kept.is_enabled()), ("c", Some(true)));
    assert!(kept.extra.is_empty(), "{:?}", kept.extra);
    assert_eq!(issued.chain_pem(), certificate.chain_pem());
    let key = certificate.key_pem(KeyEncoding::Pkcs8).expect("a key");
    let (chain, key) = (Secret::new(issued.chain_pem(), "the response"), Secret::new(key, "the test"));
    let rules = ReadOptions::at(SystemTime::now());
    read_client_identity(&chain, Some(&key), None, &rules, &mut Vec::new()).expect("they belong together");
}

#[test]
fn certificates_are_parsed_in_every_form() {
    let certificate = certificate();
    let (pems, whole) = (pems(&certificate), certificate.chain_pem());
    assert!(pems.len() >= 2, "a leaf and an intermediate");
    let blobs: Vec<String> = pems.iter().map(|pem| base64(pem)).collect();
    let objects: Vec<Value> = blobs[1..].iter().map(|blob| json!({ "cert_type": "ICA", "blob": blob })).collect();
    let crlf = whole.replace('\n', "\r\n");
    for response in [
        json!({ "id": "c", "certificate": pems[0], "chain": pems[1..] }),
        json!({ "id": "c", "certificate": pems[0], "chain": pems[1..].concat() }),
        json!({ "id": "c", "certificate": pems[0], "chain": pems }),
        json!({ "id": "c", "certificate": whole }),
        json!({ "id": "c", "pem": crlf }),
        json!({ "id": "c", "cert": whole }),
        json!({ "id": "c", "chain": pems }),
        json!({ "id": "c", "blob": blobs[0], "chain": objects }),
        json!({ "id": "c", "cert": blobs[0], "certificateChain": blobs[1..] }),
        json!({ "id": "c", "certificate": { "pem": pems[0] }, "intermediates": [{ "pem": pems[1] }] }),
        json!({ "id": "c", "certificate": { "blob": blobs[0], "chain": objects } }),
        json!({ "client_auth_certificate": { "id": "c", "certificate": whole } }),
        json!({ "data": { "id": "c", "certificate": pems[0], "chain": pems[1..] } }),
        json!({ "id": "c", "data": { "x": 1 }, "certificates": pems }),
    ] {
        let issued = request(&response).unwrap_or_else(|error| panic!("{response}: {error}"));
        assert_eq!(issued.chain_pem(), whole, "{response}");
        assert_eq!(issued.certificate.expect("what the platform keeps").id.as_str(), "c", "{response}");
    }
    assert!(request(&json!({ "certificate": whole })).expect("made").certificate.is_none());
}

#[test]
fn response_without_certificate_names_what_was_created() {
    for response in [
        json!({ "id": "c" }),
        json!({ "id": "c", "certificate": null }),
        json!({ "id": "c", "certificate": "pending" }),
        json!({ "id": "c", "certificate": "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----" }),
        json!({ "id": "c", "certificate": "AAAAAAAA", "chain": [] }),
    ] {
        let error = request(&response).expect_err("no certificate");
        assert_eq!((error.kind(), error.code()), (ErrorKind::NotShown, Code::API_05), "{response}");
        let left = error.orphan().expect("it was created");
        assert_eq!((left.kind, left.id.as_deref()), (ResourceKind::ClientCertificate, Some("c")), "{response}");
    }
}

#[test]
fn invalid_csr_is_not_sent() {
    let key = certificate().key_pem(KeyEncoding::Pkcs8).expect("a key");
    for (csr, why) in [
        (format!("{CSR}{key}"), "unexpected private key"),
        (String::new(), "not empty"),
        ("MIIB".to_owned(), "BEGIN CERTIFICATE REQUEST"),
    ] {
        let stage = Stage::of([]);
        let wanted = NewClientCertificate::new("ci", csr);
        let error = stage.refused(stage.account.certificates().request(&wanted));
        assert!(super::refusals::invalid(&error).1.contains(why), "{error}");
        assert!(stage.sent().is_empty());
    }
}

#[test]
fn changed_certificate_is_read_if_missing_from_the_response() {
    let me = |enabled: bool| json!({ "id": "u", "certificates": [{ "id": "c", "enabled": enabled }] });
    let stage = Stage::of([
        json_response(200, &json!({ "id": "c" })),
        json_response(200, &me(false)),
        text(204, ""),
        json_response(200, &me(true)),
        json_response(200, &json!({ "id": "c", "enabled": false })),
    ]);
    let certificates = stage.account.certificates();
    stage.run(certificates.disable(&"c".into())).expect("disabled");
    stage.run(certificates.enable(&"c".into())).expect("enabled");
    stage.run(certificates.disable(&"c".into())).expect("disabled");
    let put = |enabled: bool| ("PUT".to_owned(), format!("{CERTIFICATE}/c/enable"), json!({ "enabled": enabled }));
    let look = ("GET".to_owned(), format!("{USER}/me"), Value::Null);
    assert_eq!(stage.sent(), [put(false), look.clone(), put(true), look, put(false)]);
}

#[test]
fn certificates_are_listed_from_their_user() {
    let one = json!({ "id": "c", "nickname": "ci 1", "enabled": false });
    let stage = Stage::of([
        json_response(200, &json!({ "id": "u", "client_auth_certificates": [one] })),
        json_response(200, &json!({ "id": "u", "clientAuthCertificates": [one] })),
        json_response(200, &json!({ "id": "u" })),
        json_response(200, &json!({ "id": "u", "certificates": null })),
    ]);
    let certificates = stage.account.certificates();
    assert_eq!(stage.run(certificates.list()).expect("a list")[0].is_enabled(), Some(false));
    assert_eq!(stage.run(certificates.of(&"u".into())).expect("a list")[0].id.as_str(), "c");
    assert!(stage.run(certificates.list()).expect("a list").is_empty());
    assert!(stage.run(certificates.list()).expect("a list").is_empty());
    let paths: Vec<String> = stage.sent().into_iter().map(|(_, path, _)| path).collect();
    assert_eq!(paths, [format!("{USER}/me"), format!("{USER}/u"), format!("{USER}/me"), format!("{USER}/me")]);
    // Present but unreadable, which differs from none.
    let stage = Stage::responding(200, &json!({ "id": "u", "client_auth_certificates": [{ "nickname": "canary" }] }));
    let error = stage.refused(stage.account.certificates().list());
    assert_eq!(error.code(), Code::AUT_05);
    assert!(error.to_string().contains("client_auth_certificates") && !error.to_string().contains("canary"));
}
