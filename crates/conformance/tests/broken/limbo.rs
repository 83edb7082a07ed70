//! Our own vectors in the form of x509-limbo's, run with the correct transport and with broken ones: the
//! reported result of a vector is what happened.

use digicert_one_conformance::{LimboOutcome, Subject, limbo_table};
use digicert_one_core::PeerFault;
use digicert_one_testbed::{ChainSpec, Pki, ServerCert, certificate_pem};
use serde_json::{Value, json};

use crate::table::Defect;
use crate::transport::Connector;

fn vector(id: &str, server: &ServerCert, kind: &str, name: &str) -> Value {
    let [leaf, others @ ..] = server.chain_der() else { panic!("a chain has a leaf") };
    json!({
        "id": id, "features": [], "validation_kind": "SERVER", "expected_result": "SUCCESS", "crls": [],
        "trusted_certs": [Pki::shared().root_pem()],
        "untrusted_intermediates": others.iter().map(|der| certificate_pem(der)).collect::<Vec<_>>(),
        "peer_certificate": certificate_pem(leaf), "peer_certificate_key": server.key_pem(),
        "validation_time": null, "expected_peer_name": {"kind": kind, "value": name},
    })
}

fn with(mut vector: Value, field: &str, value: Value) -> Value {
    vector[field] = value;
    vector
}

fn outcomes(connector: Connector, vectors: &[Value], filter: &str) -> Vec<(String, LimboOutcome)> {
    let text = json!({ "testcases": vectors }).to_string();
    let cells = limbo_table(&Subject::new(connector), &text, filter).expect("a file of vectors");
    cells.into_iter().map(|cell| (cell.id, cell.outcome)).collect()
}

#[test]
fn vector_is_played_by_name_and_by_address_and_judged_by_what_arrived() {
    let server = Pki::shared().server(&["name.test", "127.0.0.1", "192.0.2.7"]);
    let roots = json!([Pki::shared().foreign_root_pem()]);
    let vectors = [
        vector("name", &server, "DNS", "name.test"),
        vector("here", &server, "IP", "127.0.0.1"),
        vector("elsewhere", &server, "IP", "192.0.2.7"),
        vector("other", &server, "DNS", "other.test"),
        with(vector("stranger", &server, "DNS", "name.test"), "trusted_certs", roots),
        with(vector("rootless", &server, "DNS", "name.test"), "trusted_certs", json!([])),
    ];
    let seen = outcomes(Connector::sound(), &vectors, "");
    let expected = [
        ("name", LimboOutcome::Accepted),
        ("here", LimboOutcome::Accepted),
        ("elsewhere", LimboOutcome::Accepted),
        ("other", LimboOutcome::Refused(PeerFault::NameMismatch)),
        ("stranger", LimboOutcome::Refused(PeerFault::UnknownIssuer)),
        ("rootless", LimboOutcome::RootsRefused),
    ];
    assert_eq!(seen, expected.map(|(id, outcome)| (id.to_owned(), outcome)));
}

#[test]
fn defect_shows_in_the_outcome_of_its_vector() {
    let server = Pki::shared().server_below(&ChainSpec { common_name: "name.test".to_owned(), ..ChainSpec::default() });
    let vectors = [vector("no-san", &server, "DNS", "name.test"), vector("other", &server, "DNS", "other.test")];
    let refused = LimboOutcome::Refused(PeerFault::NameMismatch);
    let both = |first: LimboOutcome| vec![("no-san".to_owned(), first), ("other".to_owned(), refused.clone())];
    assert_eq!(outcomes(Connector::sound(), &vectors, ""), both(refused.clone()));
    let broken = Connector::broken(Defect::FallsBackToTheCommonName);
    assert_eq!(outcomes(broken, &vectors, ""), both(LimboOutcome::Accepted));
}

#[test]
fn vector_that_no_server_can_show_is_named_with_its_reason() {
    let good = || vector("good", &Pki::shared().server(&["name.test"]), "DNS", "name.test");
    for (field, value, part) in [
        ("validation_kind", json!("CLIENT"), "client"),
        ("crls", json!(["a list"]), "revocation"),
        ("validation_time", json!("2020-01-01T00:00:00Z"), "time"),
        ("features", json!(["max-chain-depth"]), "limit"),
        ("peer_certificate_key", Value::Null, "key"),
        ("expected_peer_name", Value::Null, "name"),
        ("peer_certificate", json!("nothing"), "PEM"),
        ("peer_certificate_key", json!("nothing"), "PEM"),
    ] {
        let seen = outcomes(Connector::sound(), &[with(good(), field, value)], "");
        assert!(matches!(&seen[0].1, LimboOutcome::NotPlayable(why) if why.contains(part)), "{field}: {seen:?}");
    }
    assert!(outcomes(Connector::sound(), &[good()], "another").is_empty(), "the filter");
    let subject = Subject::new(Connector::sound());
    assert!(limbo_table(&subject, "{}", "").is_err() && limbo_table(&subject, "{\"testcases\": []}", "").is_err());
}
