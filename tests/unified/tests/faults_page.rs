//! docs/faults.tsv, the source of docs/faults.md and docs/errors, has every fault on every stack, and only
//! results that the tests accept.

use std::collections::BTreeSet;

use digicert_one_conformance::faults;
use digicert_one_core::{Capabilities, Connector as _};

#[test]
fn recorded_faults_are_complete_and_have_accepted_codes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/faults.tsv");
    let text = std::fs::read_to_string(path).expect("docs/faults.tsv is there: cargo xtask faults");
    let isahc = digicert_one_isahc::Connector::new().capabilities();
    // The second engine of isahc cannot be linked together with the first; it declares the same error details.
    let stacks: [(&str, Capabilities); 5] = [
        ("rustls", digicert_one_rustls::Connector::new().capabilities()),
        ("reqwest", digicert_one_reqwest::Connector::new().capabilities()),
        ("native-tls", digicert_one_native_tls::Connector::new().capabilities()),
        ("isahc", isahc),
        ("isahc-openssl", isahc),
    ];
    let mut seen = BTreeSet::new();
    for line in text.lines() {
        let [stack, name, code, given, why, _raw] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("not six parts: {line}");
        };
        let (_, capabilities) = stacks.iter().find(|(known, _)| *known == stack).expect("a stack of ours");
        let fault = faults().find(|fault| fault.name == name).unwrap_or_else(|| panic!("no such fault: {name}"));
        assert_eq!(code, fault.code.as_str(), "{line}");
        let wider = fault.wider.iter().find(|wider| wider.code.as_str() == given);
        match wider.filter(|_| given != code) {
            None => assert_eq!((given, why), (code, ""), "{line}"),
            Some(wider) => {
                assert!(wider.lacking.is_none_or(|lacking| !capabilities.has(lacking)) && why == wider.why, "{line}");
            }
        }
        seen.insert((stack, fault.name));
    }
    for (stack, _) in stacks {
        for fault in faults() {
            assert!(seen.contains(&(stack, fault.name)), "{stack}: {} was not seen: cargo xtask faults", fault.name);
        }
    }
}
