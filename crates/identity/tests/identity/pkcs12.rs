//! Key stores that no program writes by default, or only an attacker: built here bag by bag.

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
use cms::content_info::ContentInfo;
use der::asn1::{Any, ObjectIdentifier, OctetString};
use der::{Encode, Sequence};
use digicert_one_core::Code;
use digicert_one_testbed::{ClientCert, ClientSpec, KeyKind, Pki};
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use pkcs5::pbes2::{Kdf, Pbkdf2Params, Pbkdf2Prf, Salt, ScryptParams};
use pkcs12::pbe_params::{EncryptedPrivateKeyInfo, Pbes2Params, Pkcs12PbeParams};
use pkcs12::{CertBag, DigestInfo, MacData, cms};
use sha2::Sha256;
use sha2::digest::block_api::BlockSizeUser;
use sha2::digest::{Digest, FixedOutputReset, OutputSizeUser};
use spki::AlgorithmIdentifierOwned;

use crate::{Read, read};

const PASSWORD: &str = "built by hand";
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ENCRYPTED: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");
const SIGNED: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

#[derive(Sequence)]
struct Pfx {
    version: u8,
    auth_safe: ContentInfo,
    mac: Option<MacData>,
}

#[derive(Sequence)]
struct Bag {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    value: Any,
}

fn client() -> ClientCert {
    Pki::shared().client(ClientSpec { common_name: "client in bags".to_owned(), ..ClientSpec::default() })
}

fn bag(kind: ObjectIdentifier, value: &impl Encode) -> Bag {
    Bag { kind, value: any(value) }
}

fn any(value: &impl Encode) -> Any {
    der::Decode::from_der(&value.to_der().expect("it encodes")).expect("our own")
}

fn octets(bytes: impl Into<Vec<u8>>) -> OctetString {
    OctetString::new(bytes.into()).expect("short")
}

fn certificate_bag(der: &[u8]) -> Bag {
    let value = CertBag { cert_id: pkcs12::PKCS_12_X509_CERT_OID, cert_value: octets(der) };
    bag(pkcs12::PKCS_12_CERT_BAG_OID, &value)
}

fn plain_key_bag(client: &ClientCert) -> Bag {
    let key: Any = der::Decode::from_der(client.pkcs8_der()).expect("our own");
    bag(pkcs12::PKCS_12_KEY_BAG_OID, &key)
}

/// A key bag with PBES2 and AES-128; the cipher text is right only for a `kdf` with PBKDF2 and SHA-256.
fn key_bag(client: &ClientCert, kdf: Kdf) -> Bag {
    let iv = [7; 16];
    let mut key = [0; 16];
    if let Kdf::Pbkdf2(parameters) = &kdf
        && (1..100_000).contains(&parameters.iteration_count)
    {
        let salt = parameters.salt.as_bytes();
        pbkdf2::pbkdf2_hmac::<Sha256>(PASSWORD.as_bytes(), salt, parameters.iteration_count, &mut key);
    }
    let mut data = client.pkcs8_der().to_vec();
    let len = data.len();
    data.resize(len + 16, 0);
    let mode = cbc::Encryptor::<aes::Aes128>::new_from_slices(&key, &iv).expect("the lengths fit");
    let data = mode.encrypt_padded::<Pkcs7>(&mut data, len).expect("there is room").to_vec();
    pbes2_bag(&kdf, &iv, data)
}

fn pbes2_bag(kdf: &Kdf, iv: &[u8], data: Vec<u8>) -> Bag {
    let parameters = Pbes2Params {
        kdf: der::Decode::from_der(&kdf.to_der().expect("it encodes")).expect("our own"),
        encryption: AlgorithmIdentifierOwned { oid: pkcs5::pbes2::AES_128_CBC_OID, parameters: Some(any(&octets(iv))) },
    };
    shrouded(pkcs5::pbes2::PBES2_OID, Some(any(&parameters)), data)
}

fn shrouded(oid: ObjectIdentifier, parameters: Option<Any>, data: Vec<u8>) -> Bag {
    let encryption_algorithm = AlgorithmIdentifierOwned { oid, parameters };
    let value = EncryptedPrivateKeyInfo { encryption_algorithm, encrypted_data: octets(data) };
    bag(pkcs12::PKCS_12_PKCS8_KEY_BAG_OID, &value)
}

fn rounds(iteration_count: u32) -> Kdf {
    let salt = Salt::new([5; 8]).expect("short");
    Kdf::Pbkdf2(Pbkdf2Params { salt, iteration_count, key_length: None, prf: Pbkdf2Prf::HmacWithSha256 })
}

fn part(bags: Vec<Bag>) -> ContentInfo {
    ContentInfo { content_type: DATA, content: any(&octets(bags.to_der().expect("it encodes"))) }
}

fn store(parts: &Vec<ContentInfo>) -> Vec<u8> {
    let auth_safe = ContentInfo { content_type: DATA, content: any(&octets(parts.to_der().expect("it encodes"))) };
    Pfx { version: 3, auth_safe, mac: None }.to_der().expect("it encodes")
}

/// With an integrity check over the given form of a password.
fn store_with_mac(parts: &Vec<ContentInfo>, utf16: &[u8], rounds: i32) -> Vec<u8> {
    store_with_mac_of::<Hmac<Sha256>, Sha256>(SHA_256, parts, utf16, rounds)
}

fn store_with_mac_of<M, D>(hash: ObjectIdentifier, parts: &Vec<ContentInfo>, utf16: &[u8], rounds: i32) -> Vec<u8>
where
    M: Mac + KeyInit,
    D: Digest + BlockSizeUser + OutputSizeUser + FixedOutputReset,
{
    let safe = parts.to_der().expect("it encodes");
    let usage = pkcs12::kdf::Pkcs12KeyType::Mac;
    let key = pkcs12::kdf::derive_key::<D>(
        utf16,
        &[9; 8],
        usage,
        rounds.clamp(1, 1000),
        <D as OutputSizeUser>::output_size(),
    );
    let mac = <M as KeyInit>::new_from_slice(&key).expect("any length").chain_update(&safe).finalize();
    let algorithm = AlgorithmIdentifierOwned { oid: hash, parameters: None };
    let mac = DigestInfo { algorithm, digest: octets(mac.into_bytes().to_vec()) };
    let mac = MacData { mac, mac_salt: octets([9; 8]), iterations: rounds };
    let auth_safe = ContentInfo { content_type: DATA, content: any(&octets(safe)) };
    Pfx { version: 3, auth_safe, mac: Some(mac) }.to_der().expect("it encodes")
}

fn certificates(client: &ClientCert) -> Vec<Bag> {
    client.chain_der().iter().rev().map(|der| certificate_bag(der)).collect()
}

fn with_key(key: Bag) -> Read {
    let client = client();
    read(&store(&vec![part(certificates(&client)), part(vec![key])]), None, Some(PASSWORD))
}

#[test]
fn bags_are_found_in_any_order_over_any_number_of_parts() {
    let client = client();
    let mut parts = vec![part(vec![key_bag(&client, rounds(1000))]), part(vec![])];
    parts.extend(certificates(&client).into_iter().map(|bag| part(vec![bag])));
    parts.push(part(vec![
        bag(pkcs12::PKCS_12_SECRET_BAG_OID, &octets([1, 2, 3])),
        bag(pkcs12::PKCS_12_CRL_BAG_OID, &octets([4])),
    ]));
    let nested = bag(pkcs12::PKCS_12_SAFE_CONTENTS_BAG_OID, &vec![certificate_bag(Pki::shared().root_der())]);
    parts.push(part(vec![nested]));
    let read = read(&store(&parts), None, Some(PASSWORD));
    assert_eq!(read.identity().thumbprint_hex(), client.fingerprint());
    assert_eq!(read.identity().chain().len(), 2);
    // The root came from the nested bag.
    assert_eq!(read.codes(), [Code::ID_11]);
}

#[test]
fn ident_13_two_keys_require_a_choice_but_one_key_twice_does_not() {
    let (first, second) = (client(), Pki::shared().client(ClientSpec { key: KeyKind::P384, ..ClientSpec::default() }));
    let keys = |second: &ClientCert| part(vec![key_bag(&first, rounds(1)), plain_key_bag(second)]);
    let of = |second| read(&store(&vec![part(certificates(&first)), keys(second)]), None, Some(PASSWORD));
    assert_eq!(of(&second).error().code(), Code::ID_17);
    assert_eq!(of(&first).identity().thumbprint_hex(), first.fingerprint());
}

#[test]
fn wrong_password_without_integrity_check_fails_in_decryption() {
    let client = client();
    let bytes = store(&vec![part(certificates(&client)), part(vec![key_bag(&client, rounds(10))])]);
    for wrong in ["wrong", "", "Built by hand"] {
        let read = read(&bytes, None, Some(wrong));
        assert_eq!(read.error().code(), Code::ID_03);
        assert!(read.error().to_string().contains("decryption"), "{}", read.error());
    }
    assert_eq!(read(&bytes, None, None).error().code(), Code::ID_02);
}

#[test]
fn both_forms_of_empty_password_open_a_store() {
    let client = client();
    let parts = vec![part(certificates(&client)), part(vec![plain_key_bag(&client)])];
    for utf16 in [&[0, 0][..], &[]] {
        for password in [None, Some("")] {
            let read = read(&store_with_mac(&parts, utf16, 10), None, password);
            assert_eq!(read.identity().thumbprint_hex(), client.fingerprint(), "{utf16:?} {password:?}");
        }
    }
}

#[test]
fn store_with_an_md5_integrity_check_is_read_with_a_warning() {
    let client = client();
    let parts = vec![part(certificates(&client)), part(vec![plain_key_bag(&client)])];
    let md5 = ObjectIdentifier::new_unwrap("1.2.840.113549.2.5");
    let store = store_with_mac_of::<Hmac<Md5>, Md5>(md5, &parts, &[0, b'x', 0, 0], 10);
    let right = read(&store, None, Some("x"));
    assert_eq!(right.identity().thumbprint_hex(), client.fingerprint());
    assert!(right.warnings[0].text.contains("an integrity check with MD5"), "{:?}", right.warnings);
    assert_eq!(read(&store, None, Some("y")).error().code(), Code::ID_03);
}

#[test]
fn store_with_ten_million_rounds_is_refused_with_the_number() {
    let client = client();
    let parts = vec![part(certificates(&client)), part(vec![plain_key_bag(&client)])];
    let by_mac = read(&store_with_mac(&parts, &[0, 0], 10_000_000), None, Some(PASSWORD));
    for read in [by_mac, with_key(key_bag(&client, rounds(10_000_000)))] {
        let text = read.error().to_string();
        assert_eq!(read.error().code(), Code::ID_04, "{text}");
        assert!(text.contains("requires 10000000 rounds") && text.contains("more than the limit of 5000000"), "{text}");
    }
}

#[test]
fn total_rounds_of_all_bags_are_bounded() {
    let client = client();
    // Each is within the limit; the sum is not, and the last one is not started.
    let keys =
        vec![key_bag(&client, rounds(1000)), key_bag(&client, rounds(1001)), key_bag(&client, rounds(4_998_000))];
    let read = read(&store(&vec![part(certificates(&client)), part(keys)]), None, Some(PASSWORD));
    assert_eq!(read.error().code(), Code::ID_04);
    assert!(read.error().to_string().contains("requires 5000001 rounds"), "{}", read.error());
}

#[test]
fn ten_thousand_key_bags_are_too_many() {
    let client = client();
    let keys: Vec<Bag> = (0..10_000).map(|_| key_bag(&client, rounds(1))).collect();
    // All of them hold one key.
    assert_eq!(read(&store(&vec![part(certificates(&client)), part(keys)]), None, Some(PASSWORD)).codes(), []);
    let certificates: Vec<Bag> = (0..10_000).map(|_| certificate_bag(&client.chain_der()[0])).collect();
    let read = read(&store(&vec![part(certificates), part(vec![plain_key_bag(&client)])]), None, Some(PASSWORD));
    assert_eq!(read.error().code(), Code::ID_07);
    assert!(read.error().to_string().contains("10000 certificates"), "{}", read.error());
}

#[test]
fn scrypt_memory_work_and_parameters_are_bounded() {
    let client = client();
    let scrypt = |cost_parameter, block_size, parallelization| {
        let salt = Salt::new([5; 8]).expect("short");
        Kdf::Scrypt(ScryptParams { salt, cost_parameter, block_size, parallelization, key_length: None })
    };
    for (kdf, text) in [
        (scrypt(1 << 20, 8, 1), "requires 1024 MiB of memory"),
        (scrypt(1 << 63, u16::MAX, 1), "of memory"),
        (scrypt(2, u16::MAX, u16::MAX), "of memory"),
        (scrypt(1 << 14, 8, 100), "rounds"),
        (scrypt(0, 8, 1), "invalid encryption"),
        (scrypt(1, 8, 1), "invalid encryption"),
        (scrypt(1000, 8, 1), "invalid encryption"),
        (scrypt(1024, 0, 1), "invalid encryption"),
        (scrypt(1024, 8, 0), "invalid encryption"),
    ] {
        let read = with_key(key_bag(&client, kdf));
        assert_eq!(read.error().code(), Code::ID_04, "{}", read.error());
        assert!(read.error().to_string().contains(text), "{text}: {}", read.error());
    }
}

#[test]
fn invalid_parameters_and_unknown_algorithms_are_id_04() {
    let pbe = |salt: &[u8], iterations| Some(any(&Pkcs12PbeParams { salt: octets(salt), iterations }));
    let triple_des = pkcs12::PKCS_12_PBE_WITH_SHAAND3_KEY_TRIPLE_DES_CBC;
    for (bag, text) in [
        (shrouded(triple_des, pbe(&[1], 0), vec![0; 16]), "invalid encryption"),
        (shrouded(triple_des, pbe(&[1], -1), vec![0; 16]), "invalid encryption"),
        (shrouded(triple_des, pbe(&[1], i32::MAX), vec![0; 16]), "requires 2147483647 rounds"),
        (shrouded(triple_des, None, vec![0; 16]), "invalid encryption"),
        (shrouded(triple_des, Some(Any::null()), vec![0; 16]), "invalid encryption"),
        (shrouded(pkcs12::PKCS_12_PBE_WITH_SHAAND128_BIT_RC4, pbe(&[1], 1), vec![0; 16]), "RC4 with 128 bits"),
        (shrouded(DATA, pbe(&[1], 1), vec![0; 16]), "algorithm 1.2.840.113549.1.7.1"),
        (pbes2_bag(&rounds(1), &[7; 4], vec![0; 16]), "invalid encryption"),
        (pbes2_bag(&rounds(1), &[], vec![0; 16]), "invalid encryption"),
        (key_bag(&client(), rounds(0)), "invalid encryption"),
    ] {
        let read = with_key(bag);
        assert_eq!(read.error().code(), Code::ID_04, "{}", read.error());
        assert!(read.error().to_string().contains(text), "{text}: {}", read.error());
    }
}

#[test]
fn empty_or_partial_block_is_at_most_a_wrong_password() {
    for len in [0, 1, 7, 8, 15] {
        let parameters = Pkcs12PbeParams { salt: octets([]), iterations: 1 };
        let bag = shrouded(pkcs12::PKCS_12_PBEWITH_SHAAND40_BIT_RC2_CBC, Some(any(&parameters)), vec![0; len]);
        assert_eq!(with_key(bag).error().code(), Code::ID_03);
    }
}

#[test]
fn store_protected_by_public_keys_is_named() {
    let signed = ContentInfo { content_type: SIGNED, content: any(&octets([])) };
    let pfx = Pfx { version: 3, auth_safe: signed, mac: None }.to_der().expect("it encodes");
    let enveloped = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.3");
    let part = ContentInfo { content_type: enveloped, content: any(&octets([])) };
    for (bytes, text) in [(pfx, "a signature instead"), (store(&vec![part]), "a public key instead")] {
        let read = read(&bytes, None, Some(PASSWORD));
        assert_eq!(read.error().code(), Code::ID_04);
        assert!(read.error().to_string().contains(text), "{}", read.error());
    }
}

#[test]
fn bags_nested_too_deeply_and_encrypted_parts_without_content_are_id_07() {
    let mut nested = vec![certificate_bag(Pki::shared().root_der())];
    for _ in 0..10 {
        nested = vec![bag(pkcs12::PKCS_12_SAFE_CONTENTS_BAG_OID, &nested)];
    }
    let empty = ContentInfo { content_type: ENCRYPTED, content: any(&octets([])) };
    for bytes in [store(&vec![part(nested)]), store(&vec![empty]), store(&vec![])] {
        assert_eq!(read(&bytes, None, Some(PASSWORD)).error().code(), Code::ID_07);
    }
}
