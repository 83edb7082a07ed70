//! The chain that is sent, for hierarchies in which several certificates could be at one place. The expected
//! chain is known from the hierarchy and independent of the order in the file; OpenSSL, if installed, must
//! verify what is sent.

use std::path::Path;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use digicert_one_core::Code;
use rcgen::string::{BmpString, PrintableString, TeletexString};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SignatureAlgorithm,
};

use crate::read;

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// When a certificate is valid.
#[derive(Clone, Copy)]
enum Dates {
    Expired,
    NotYet,
    /// Valid for this many years.
    Until(u32),
}

/// An authority: one name and one key, for which several certificates can be issued.
struct Authority {
    name: DnValue,
    key: Rc<KeyPair>,
}

/// Properties of a certificate other than its names, key and issuer.
#[derive(Clone, Copy)]
struct Spec {
    dates: Dates,
    is_ca: bool,
    names_key: bool,
}

const VALID: Spec = Spec { dates: Dates::Until(5), is_ca: true, names_key: true };

impl Spec {
    fn dates(self, dates: Dates) -> Self {
        Self { dates, ..self }
    }
}

/// One file and the expected result.
struct Hierarchy {
    name: String,
    /// Certificates in PEM, leaf first.
    file: Vec<String>,
    key: String,
    /// Positions in the file.
    sent: Vec<usize>,
    /// Roots, each of which must be sufficient for a server.
    anchors: Vec<String>,
}

fn authority(name: impl Into<DnValue>, algorithm: &'static SignatureAlgorithm) -> Authority {
    Authority { name: name.into(), key: Rc::new(KeyPair::generate_for(algorithm).expect("a key")) }
}

impl Authority {
    fn params(&self, spec: Spec) -> CertificateParams {
        let now = SystemTime::now();
        let (from, until) = match spec.dates {
            Dates::Expired => (now - 3 * YEAR, now - YEAR),
            Dates::NotYet => (now + YEAR, now + 30 * YEAR),
            Dates::Until(years) => (now - YEAR, now + years * YEAR),
        };
        let mut params = CertificateParams::default();
        params.not_before = from.into();
        params.not_after = until.into();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, self.name.clone());
        params.use_authority_key_identifier_extension = spec.names_key;
        if spec.is_ca {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        } else {
            params.is_ca = IsCa::ExplicitNoCa;
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        }
        params
    }

    fn root(&self) -> String {
        self.params(VALID.dates(Dates::Until(20))).self_signed(&*self.key).expect("a root").pem()
    }

    /// Issues a certificate of this authority by another.
    fn issued_by(&self, issuer: &Authority, spec: Spec) -> String {
        let of_issuer = issuer.params(VALID);
        let issuer = Issuer::from_params(&of_issuer, &*issuer.key);
        self.params(spec).signed_by(&*self.key, &issuer).expect("signed").pem()
    }
}

fn utf8(name: &str) -> DnValue {
    DnValue::Utf8String(name.to_owned())
}

/// All hierarchies, for one signature algorithm.
fn hierarchies(algorithm: &'static SignatureAlgorithm) -> Vec<Hierarchy> {
    let make = |name: &str| authority(utf8(name), algorithm);
    let (root, other_root, policy, issuing) = (make("Root"), make("Other Root"), make("Policy CA"), make("Issuing CA"));
    let leaf = authority(utf8("bot"), &rcgen::PKCS_ECDSA_P256_SHA256);
    let leaf_spec = Spec { is_ca: false, ..VALID };
    let by_issuing = || leaf.issued_by(&issuing, leaf_spec);
    let issuing_by = |issuer: &Authority, dates| issuing.issued_by(issuer, VALID.dates(dates));
    let mut all = Vec::new();
    let mut add = |name: &str, file: Vec<String>, sent: &[usize], anchors: &[&Authority]| {
        let anchors = anchors.iter().map(|anchor| anchor.root()).collect();
        all.push(Hierarchy {
            name: name.to_owned(),
            file,
            key: leaf.key.serialize_pem(),
            sent: sent.to_vec(),
            anchors,
        });
    };
    let valid = Dates::Until(5);

    add("two tiers", vec![by_issuing(), issuing_by(&root, valid)], &[0, 1], &[&root]);
    add(
        "four tiers with root",
        vec![by_issuing(), issuing_by(&policy, valid), policy.issued_by(&root, VALID), root.root()],
        &[0, 1, 2],
        &[&root],
    );
    add(
        "expired twin",
        vec![by_issuing(), issuing_by(&root, Dates::Expired), issuing_by(&root, valid)],
        &[0, 2],
        &[&root],
    );
    add(
        "twin that is not valid yet",
        vec![by_issuing(), issuing_by(&root, Dates::NotYet), issuing_by(&root, valid)],
        &[0, 2],
        &[&root],
    );
    add(
        "twin that ends later",
        vec![
            by_issuing(),
            issuing_by(&root, valid),
            issuing_by(&root, Dates::Until(9)),
            issuing_by(&root, Dates::Until(7)),
        ],
        &[0, 2],
        &[&root],
    );
    let same_name = make("Issuing CA");
    add(
        "two authorities of one name, no key ids",
        vec![
            leaf.issued_by(&issuing, Spec { names_key: false, ..leaf_spec }),
            same_name.issued_by(&root, VALID.dates(Dates::Until(9))),
            issuing_by(&root, valid),
        ],
        &[0, 2],
        &[&root],
    );
    add(
        "twin that may not sign",
        vec![
            by_issuing(),
            issuing.issued_by(&root, Spec { is_ca: false, ..VALID.dates(Dates::Until(9)) }),
            issuing_by(&root, valid),
        ],
        &[0, 2],
        &[&root],
    );
    add(
        "expired twin further up",
        vec![
            by_issuing(),
            issuing_by(&policy, valid),
            policy.issued_by(&root, VALID.dates(Dates::Expired)),
            policy.issued_by(&root, VALID),
        ],
        &[0, 1, 3],
        &[&root],
    );
    add(
        "valid twin under an expired authority",
        vec![
            by_issuing(),
            issuing_by(&policy, Dates::Until(9)),
            policy.issued_by(&root, VALID.dates(Dates::Expired)),
            issuing_by(&root, valid),
        ],
        &[0, 3],
        &[&root],
    );
    add(
        "root signed by another root as well",
        vec![
            by_issuing(),
            issuing_by(&root, valid),
            root.issued_by(&other_root, VALID),
            root.root(),
            other_root.root(),
        ],
        &[0, 1, 2],
        &[&root, &other_root],
    );
    add(
        "expired certificate of a root by another root",
        vec![
            by_issuing(),
            issuing_by(&root, valid),
            root.issued_by(&other_root, VALID.dates(Dates::Expired)),
            root.root(),
        ],
        &[0, 1],
        &[&root],
    );
    add(
        "roots that signed each other",
        vec![
            by_issuing(),
            issuing_by(&root, valid),
            root.issued_by(&other_root, VALID),
            other_root.issued_by(&root, VALID),
            root.root(),
            other_root.root(),
        ],
        &[0, 1, 2],
        &[&root, &other_root],
    );
    let new_key = make("Root");
    add(
        "new key of a root, signed with its old key",
        vec![leaf.issued_by(&new_key, leaf_spec), new_key.issued_by(&root, VALID), root.root()],
        &[0, 1],
        &[&new_key, &root],
    );
    for (what, name) in [
        ("in capitals with more blanks", utf8("  ISSUING   ca ")),
        ("as PrintableString", DnValue::PrintableString(PrintableString::try_from("Issuing CA").expect("ASCII"))),
        ("as TeletexString", DnValue::TeletexString(TeletexString::try_from("Issuing CA").expect("ASCII"))),
        ("as BMPString", DnValue::BmpString(BmpString::try_from("Issuing CA").expect("ASCII"))),
    ] {
        let renamed = Authority { name, key: Rc::clone(&issuing.key) };
        add(
            &format!("name of the issuer {what}"),
            vec![by_issuing(), renamed.issued_by(&root, VALID)],
            &[0, 1],
            &[&root],
        );
    }
    all
}

/// The order of the file, reversed, and with the leaf in the middle.
fn orders(len: usize) -> [Vec<usize>; 3] {
    let forward: Vec<usize> = (0..len).collect();
    let mut turned = forward.clone();
    turned.rotate_left(len / 2);
    [forward.clone(), forward.into_iter().rev().collect(), turned]
}

fn check(algorithm: &'static SignatureAlgorithm) {
    for hierarchy in hierarchies(algorithm) {
        let expected: Vec<String> =
            hierarchy.sent.iter().map(|place| hierarchy.file[*place].replace('\r', "")).collect();
        for order in orders(hierarchy.file.len()) {
            let file: String = order.iter().map(|place| hierarchy.file[*place].as_str()).collect();
            let read = read((file + &hierarchy.key).as_bytes(), None, None);
            assert_eq!(read.identity().chain_pem(), expected.concat(), "{}: {:?}", hierarchy.name, read.warnings);
            assert!(!read.codes().contains(&Code::ID_09), "{}: {:?}", hierarchy.name, read.warnings);
        }
        openssl_verifies(&hierarchy, &expected);
    }
}

/// Lets OpenSSL build and verify the sent chain as a server with one root.
#[allow(clippy::print_stdout, reason = "a part that was left out is part of the result")]
fn openssl_verifies(hierarchy: &Hierarchy, sent: &[String]) {
    if !openssl_is_here() {
        println!("SKIPPED: {}: openssl 1.1 or 3 is not installed here", hierarchy.name);
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    let (leaf, others) = (file("leaf.pem", &sent[0]), file("sent.pem", &sent[1..].concat()));
    for (number, anchor) in hierarchy.anchors.iter().enumerate() {
        let (ok, output) = show_chain(&file("root.pem", anchor), &others, &leaf);
        assert!(ok, "{}, root {number}: {output}", hierarchy.name);
        let depth = output.lines().filter(|line| line.starts_with("depth=")).count();
        assert!(depth >= 2 && depth <= sent.len() + 1, "{}, root {number}: {output}", hierarchy.name);
    }
    // The last root is the one at the end of the sent chain.
    let (_, output) = show_chain(&file("root.pem", &hierarchy.anchors[hierarchy.anchors.len() - 1]), &others, &leaf);
    let untrusted = output.lines().filter(|line| line.starts_with("depth=") && line.contains("untrusted")).count();
    assert!(untrusted == sent.len(), "{}: OpenSSL leaves out a part of what is sent: {output}", hierarchy.name);
}

fn show_chain(root: &Path, untrusted: &Path, leaf: &Path) -> (bool, String) {
    let mut command = Command::new("openssl");
    command.args(["verify", "-show_chain", "-no-CApath", "-CAfile"]).arg(root);
    let output = command.arg("-untrusted").arg(untrusted).arg(leaf).stdin(Stdio::null()).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

fn openssl_is_here() -> bool {
    let output = Command::new("openssl").arg("version").stdin(Stdio::null()).output();
    output.is_ok_and(|output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.starts_with("OpenSSL 1.1") || text.starts_with("OpenSSL 3")
    })
}

#[test]
fn chain_of_p256_authorities_is_the_one_that_verifies() {
    check(&rcgen::PKCS_ECDSA_P256_SHA256);
}

#[test]
fn chain_of_p384_authorities_is_the_one_that_verifies() {
    check(&rcgen::PKCS_ECDSA_P384_SHA384);
}

#[test]
fn chain_of_p521_authorities_is_the_one_that_verifies() {
    check(&rcgen::PKCS_ECDSA_P521_SHA512);
}

#[test]
fn chain_of_p521_authorities_with_sha256_is_the_one_that_verifies() {
    check(&rcgen::PKCS_ECDSA_P521_SHA256);
}

#[test]
fn chain_of_ed25519_authorities_is_the_one_that_verifies() {
    check(&rcgen::PKCS_ED25519);
}

#[test]
fn chain_of_rsa_authorities_is_the_one_that_verifies() {
    check(&rcgen::PKCS_RSA_SHA384);
}

#[test]
fn only_authority_certificate_is_sent_with_warning_if_expired() {
    let algorithm = &rcgen::PKCS_ECDSA_P256_SHA256;
    let (root, issuing) = (authority(utf8("Root"), algorithm), authority(utf8("Issuing CA"), algorithm));
    let leaf = authority(utf8("bot"), algorithm);
    let file = leaf.issued_by(&issuing, Spec { is_ca: false, ..VALID })
        + &issuing.issued_by(&root, VALID.dates(Dates::Expired))
        + &leaf.key.serialize_pem();
    let read = read(file.as_bytes(), None, None);
    assert_eq!(read.identity().chain().len(), 2);
    assert_eq!(read.codes(), [Code::ID_09]);
    assert!(read.warnings[0].text.contains("Issuing CA"), "{:?}", read.warnings);
}

#[test]
fn issued_and_valid_certificate_of_one_key_is_the_leaf() {
    let algorithm = &rcgen::PKCS_ECDSA_P256_SHA256;
    let issuing = authority(utf8("Issuing CA"), algorithm);
    let leaf = authority(utf8("bot"), algorithm);
    let spec = Spec { is_ca: false, ..VALID };
    let issued = leaf.issued_by(&issuing, spec);
    let placeholder = leaf.params(spec.dates(Dates::Until(30))).self_signed(&*leaf.key).expect("signed").pem();
    let not_yet = leaf.issued_by(&issuing, spec.dates(Dates::NotYet));
    let mut params = leaf.params(spec.dates(Dates::Until(9)));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let of_issuer = issuing.params(VALID);
    let for_servers =
        params.signed_by(&*leaf.key, &Issuer::from_params(&of_issuer, &*issuing.key)).expect("signed").pem();
    for other in [placeholder, not_yet, for_servers] {
        for file in [issued.clone() + &other, other.clone() + &issued] {
            let read = read((file + &leaf.key.serialize_pem()).as_bytes(), None, None);
            assert_eq!(read.identity().chain_pem(), issued.replace('\r', ""));
        }
    }
}

#[test]
fn leaf_issued_by_a_present_root_lacks_no_intermediate() {
    let algorithm = &rcgen::PKCS_ECDSA_P256_SHA256;
    let (root, other) = (authority(utf8("Root"), algorithm), authority(utf8("Other Root"), algorithm));
    let leaf = authority(utf8("bot"), algorithm);
    let issued = leaf.issued_by(&root, Spec { is_ca: false, ..VALID }) + &leaf.key.serialize_pem();
    let with = |root: &Authority| read((issued.clone() + &root.root()).as_bytes(), None, None);
    let read_with_root = with(&root);
    assert_eq!(read_with_root.codes(), [Code::ID_11]);
    assert!(!read_with_root.identity().may_lack_intermediate());
    let read_with_stranger = with(&other);
    assert_eq!(read_with_stranger.codes(), [Code::ID_11, Code::ID_10]);
    assert!(read_with_stranger.identity().may_lack_intermediate());
}

#[test]
fn seven_authorities_with_twelve_twins_take_bounded_time() {
    // Every certificate could have signed every other: a search over all paths would not end.
    let algorithm = &rcgen::PKCS_ECDSA_P256_SHA256;
    let tiers: Vec<Authority> = (0..8).map(|number| authority(utf8(&format!("CA {number}")), algorithm)).collect();
    let mut file = String::new();
    for pair in tiers.windows(2) {
        for years in 0..12 {
            file += &pair[0].issued_by(&pair[1], VALID.dates(Dates::Until(2 + years)));
        }
    }
    let leaf = authority(utf8("bot"), algorithm);
    file += &leaf.issued_by(&tiers[0], Spec { is_ca: false, ..VALID });
    file += &leaf.key.serialize_pem();
    let read = read(file.as_bytes(), None, None);
    assert_eq!(read.identity().chain().len(), 8);
}

/// Algorithms of OpenSSL's command line: the CA's key, its signature, and whether this crate can verify the
/// signature. If not, the key ids decide.
const SIGNERS: &[(&str, &str, bool)] = &[
    ("RSA -pkeyopt rsa_keygen_bits:2048", "-sha256", true),
    ("RSA -pkeyopt rsa_keygen_bits:3072", "-sha1", true),
    ("RSA -pkeyopt rsa_keygen_bits:2049", "-sha224", true),
    ("RSA -pkeyopt rsa_keygen_bits:2048", "-sha256 -sigopt rsa_padding_mode:pss", true),
    ("RSA -pkeyopt rsa_keygen_bits:2048", "-sha512 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:0", true),
    ("RSA -pkeyopt rsa_keygen_bits:2049", "-sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20", true),
    ("RSA-PSS -pkeyopt rsa_keygen_bits:2048", "-sha256", true),
    ("EC -pkeyopt ec_paramgen_curve:P-256", "-sha512", true),
    ("EC -pkeyopt ec_paramgen_curve:P-384", "-sha1", true),
    ("EC -pkeyopt ec_paramgen_curve:P-521", "-sha224", true),
    ("ED25519", "", true),
    ("ED448", "", false),
    ("EC -pkeyopt ec_paramgen_curve:secp256k1", "-sha256", false),
    ("EC -pkeyopt ec_paramgen_curve:brainpoolP256r1", "-sha256", false),
];

#[test]
#[allow(clippy::print_stdout, reason = "a part that was left out is part of the result")]
fn openssl_signature_decides_between_authorities_with_one_name() {
    if !openssl_is_here() {
        println!("SKIPPED: openssl 1.1 or 3 is not installed here");
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let text = |name: &str| std::fs::read_to_string(directory.path().join(name)).expect(name);
    for (key, signs, is_checked) in SIGNERS {
        // With key ids if the signature cannot be verified, without if it must be.
        let ids = if *is_checked { "none" } else { "hash" };
        let script = format!(
            "set -e
             printf '[req]\\ndistinguished_name=dn\\n[dn]\\n[ca]\\nbasicConstraints=critical,CA:TRUE\\n' >ca.cnf
             printf 'subjectKeyIdentifier={ids}\\nauthorityKeyIdentifier={}\\n' >>ca.cnf
             printf 'extendedKeyUsage=clientAuth\\nauthorityKeyIdentifier={}\\n' >leaf.ext
             for ca in right wrong; do
                 openssl genpkey -algorithm {key} -out $ca.key
                 openssl req -x509 -new -key $ca.key {signs} -days 9 -subj /CN=CA -config ca.cnf -extensions ca -out $ca.pem
             done
             openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -subj /CN=bot -config ca.cnf -out csr
             openssl x509 -req -in csr -CA right.pem -CAkey right.key {signs} -set_serial 7 -days 5 -extfile leaf.ext -out leaf.pem",
            if *is_checked { "none" } else { "keyid" },
            if *is_checked { "none" } else { "keyid" },
        );
        let made = Command::new("sh").args(["-c", &script]).current_dir(directory.path()).output().expect("sh runs");
        if !made.status.success() {
            println!("SKIPPED: {key} {signs}: {}", String::from_utf8_lossy(&made.stderr));
            continue;
        }
        let file = text("leaf.pem") + &text("wrong.pem") + &text("right.pem") + &text("leaf.key");
        let read = read(file.as_bytes(), None, None);
        read.identity();
        // The right root is recognised, and the wrong one is unrelated.
        assert_eq!(read.codes(), [Code::ID_11, Code::ID_11], "{key} {signs}: {:?}", read.warnings);
        assert!(read.warnings[0].text.contains("root \"CN=CA\""), "{key} {signs}: {:?}", read.warnings);
        assert!(read.warnings[1].text.contains("does not belong"), "{key} {signs}: {:?}", read.warnings);
    }
}
