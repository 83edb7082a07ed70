//! Key stores by the p12-keystore crate, their re-encoding in BER, and certificate bags in PKCS#7.

use der::asn1::AnyRef;
use der::{Decode, Encode, Reader, SliceReader};
use p12::cms::cert::x509::Certificate;
use p12::cms::content_info::ContentInfo;
use p12_keystore::{EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey, PrivateKeyChain};
use pkcs12 as p12;

use crate::certificate::ClientCert;

/// Enough to be real, and quick in tests.
const ROUNDS: u32 = 2048;

/// How a key store is protected.
#[derive(Clone, Copy)]
pub(super) enum Store {
    Aes256,
    Aes256Sha512,
    TripleDes,
    Rc2,
}

impl Store {
    /// PFX in DER.
    pub(super) fn write(self, client: &ClientCert, password: &str) -> Vec<u8> {
        let (encryption, mac) = match self {
            Self::Aes256 => (EncryptionAlgorithm::PbeWithHmacSha256AndAes256, MacAlgorithm::HmacSha256),
            Self::Aes256Sha512 => (EncryptionAlgorithm::PbeWithHmacSha256AndAes256, MacAlgorithm::HmacSha512),
            Self::TripleDes => (EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc, MacAlgorithm::HmacSha1),
            // The crate's name has a slip: it is RC2.
            Self::Rc2 => (EncryptionAlgorithm::PbeWithShaAnd40BitRc4Cbc, MacAlgorithm::HmacSha1),
        };
        let chain = client.chain_der().iter().map(|der| p12_keystore::Certificate::from_der(der).expect("our own"));
        let key = PrivateKey::from_der(client.pkcs8_der()).expect("our own key");
        let entry = PrivateKeyChain::new("kestrel", key, chain);
        let mut store = KeyStore::new();
        store.add_entry("kestrel", KeyStoreEntry::PrivateKeyChain(entry));
        let writer = store.writer(password).encryption_algorithm(encryption).mac_algorithm(mac);
        writer.encryption_iterations(ROUNDS).mac_iterations(ROUNDS).write().expect("it encodes")
    }
}

/// The chain as a PKCS#7 SignedData without signers.
pub(super) fn certificate_bag(client: &ClientCert) -> Vec<u8> {
    let chain: Vec<Certificate> =
        client.chain_der().iter().map(|der| Certificate::from_der(der).expect("our own")).collect();
    ContentInfo::try_from(chain).and_then(|bag| bag.to_der()).expect("it encodes")
}

/// The same in indefinite lengths, with every byte string of some length in two pieces; in a key store, `[0]` is one, too.
pub(super) fn to_ber(der: &[u8]) -> Vec<u8> {
    let (tag, content) = (der[0], AnyRef::from_der(der).expect("our own").value());
    let pieces = match tag {
        0x04 | 0x80 if content.len() > 32 => {
            let (first, second) = content.split_at(content.len() / 2);
            [octets(first), octets(second)].concat()
        }
        tag if tag & 0x20 != 0 => {
            let mut reader = SliceReader::new(content).expect("short");
            let mut all = Vec::new();
            while !reader.is_finished() {
                all.extend(to_ber(reader.tlv_bytes().expect("our own")));
            }
            all
        }
        _ => return der.to_vec(),
    };
    [&[tag | 0x20, 0x80], pieces.as_slice(), &[0, 0]].concat()
}

fn octets(bytes: &[u8]) -> Vec<u8> {
    der::asn1::OctetStringRef::new(bytes).and_then(|octets| octets.to_der()).expect("short")
}
