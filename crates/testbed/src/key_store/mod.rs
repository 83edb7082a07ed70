//! A client certificate in every common file format: the rows of the table *format × transport*.
//!
//! Written with other crates than those that read them, or by hand if no crate writes an old format. Formats
//! that only other programs write (`openssl`, `keytool`) are not here.

mod encrypted;
mod pkcs12;

use crate::certificate::{ClientCert, KeyEncoding, pem};
use crate::pki::Pki;
use crate::spec::{ClientSpec, KeyKind};

use self::encrypted::Protection;
use self::pkcs12::Store;

/// The password of every protected format, unless its name says otherwise.
const PASSWORD: &str = "testbed-Kestrel-42";
/// Latin-1, the Basic Multilingual Plane, and no more: PKCS#12 libraries disagree beyond.
const PASSWORD_BEYOND_ASCII: &str = "Kestrel-Ünïcode-€";

macro_rules! formats {
    ($($(#[$doc:meta])* $format:ident $kind:ident $name:literal;)+) => {
        /// A format of a client certificate with its key.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Format {
            $($(#[$doc])* $format,)+
        }

        impl Format {
            /// Every format.
            pub const ALL: &[Format] = &[$(Format::$format,)+];

            /// The name for a table row.
            pub fn name(self) -> &'static str {
                match self { $(Format::$format => $name,)+ }
            }

            /// The kind of key of this format.
            pub fn key_kind(self) -> KeyKind {
                match self { $(Format::$format => KeyKind::$kind,)+ }
            }
        }
    };
}

formats! {
    /// Two files.
    PemPkcs8Rsa Rsa2048 "PEM pair, PKCS#8, RSA";
    /// Two files.
    PemPkcs8P256 P256 "PEM pair, PKCS#8, P-256";
    /// Two files.
    PemPkcs8P384 P384 "PEM pair, PKCS#8, P-384";
    /// Two files.
    PemPkcs8Ed25519 Ed25519 "PEM pair, PKCS#8, Ed25519";
    /// Two files, `RSA PRIVATE KEY`.
    PemPkcs1 Rsa2048 "PEM pair, PKCS#1";
    /// Two files, `EC PRIVATE KEY`.
    PemSec1P256 P256 "PEM pair, SEC1, P-256";
    /// Two files, `EC PRIVATE KEY`.
    PemSec1P384 P384 "PEM pair, SEC1, P-384";
    /// Two files, `EC PARAMETERS` before `EC PRIVATE KEY`, as `openssl ecparam -genkey` writes it.
    PemSec1WithParameters P256 "PEM pair, SEC1 after EC PARAMETERS";
    /// One file: chain, then key.
    PemBundle P256 "PEM bundle";
    /// One file: key, then chain.
    PemBundleKeyFirst Rsa2048 "PEM bundle, key first";
    /// One file with a byte order mark, CRLF, and the text that `openssl pkcs12` puts before each section.
    PemPreamble P256 "PEM bundle with preamble, BOM and CRLF";
    /// One file: root, intermediate, key, leaf.
    PemWrongOrderWithRoot P256 "PEM bundle in wrong order, with root";
    /// One file with each body in one line, and no line end at the end.
    PemLongLines Rsa2048 "PEM bundle without line breaks";
    /// The key file has the chain, too, and the certificate file the leaf alone.
    PemKeyFileWithChain P256 "PEM pair, the chain in the key file";
    /// Certificates in a PKCS#7 bag, key in PEM.
    PemPkcs7 P256 "PKCS#7 bag and PEM key";
    /// PBES2, PBKDF2 with SHA-256, AES-256.
    PemPbes2Aes256 Rsa2048 "PEM, encrypted PKCS#8, AES-256";
    /// PBES2, PBKDF2 with SHA-1, AES-128.
    PemPbes2Aes128 P256 "PEM, encrypted PKCS#8, AES-128, SHA-1";
    /// PBES2, scrypt, AES-256.
    PemPbes2Scrypt P256 "PEM, encrypted PKCS#8, scrypt";
    /// PBES2, PBKDF2 with SHA-1, triple DES.
    PemPbes2TripleDes P256 "PEM, encrypted PKCS#8, triple DES";
    /// PBES1 (pbeWithMD5AndDES-CBC).
    PemPbes1Md5 Rsa2048 "PEM, encrypted PKCS#8, MD5 and DES";
    /// PBES1 (pbeWithSHA1AndDES-CBC).
    PemPbes1Sha1 P256 "PEM, encrypted PKCS#8, SHA-1 and DES";
    /// `RSA PRIVATE KEY` with `DEK-Info: AES-256-CBC`.
    PemDekAes256 Rsa2048 "PEM, DEK-Info, AES-256, RSA";
    /// `EC PRIVATE KEY` with `DEK-Info: AES-128-CBC`.
    PemDekAes128 P256 "PEM, DEK-Info, AES-128, EC";
    /// `RSA PRIVATE KEY` with `DEK-Info: DES-EDE3-CBC`.
    PemDekTripleDes Rsa2048 "PEM, DEK-Info, triple DES, RSA";
    /// Leaf and PKCS#8 key, a file each.
    DerPkcs8 P256 "DER pair, PKCS#8";
    /// Leaf and PKCS#1 key, a file each.
    DerPkcs1 Rsa2048 "DER pair, PKCS#1";
    /// Leaf and SEC1 key, a file each.
    DerSec1 P384 "DER pair, SEC1";
    /// Leaf and encrypted PKCS#8 key, a file each.
    DerPbes2 P256 "DER pair, encrypted PKCS#8";
    /// AES-256, integrity check with SHA-256.
    Pkcs12Aes256 P256 "PKCS#12, AES-256";
    /// AES-256, integrity check with SHA-512.
    Pkcs12Aes256Rsa Rsa2048 "PKCS#12, AES-256, RSA, SHA-512";
    /// Triple DES, integrity check with SHA-1.
    Pkcs12TripleDes P256 "PKCS#12, triple DES";
    /// RC2 with 40 bits, integrity check with SHA-1.
    Pkcs12Rc2 Rsa2048 "PKCS#12, RC2-40";
    /// AES-256, with an empty password.
    Pkcs12EmptyPassword P256 "PKCS#12, empty password";
    /// AES-256 and triple DES would differ in the encoding of such a password.
    Pkcs12PasswordBeyondAscii P256 "PKCS#12, password beyond ASCII";
    /// Indefinite lengths and strings in pieces, as old programs on Windows and in Java write it.
    Pkcs12Ber P256 "PKCS#12 in BER";
    /// Base64 with line breaks, as an environment variable holds it.
    Pkcs12Base64 P256 "base64 of PKCS#12";
    /// Base64 of a PEM bundle.
    PemBase64 P256 "base64 of a PEM bundle";
}

/// A client certificate in one format, as bytes of files.
#[derive(Clone, Debug)]
pub struct KeyStore {
    /// Its content.
    pub client: ClientCert,
    /// The file with the certificate, and with the key if that has no separate file.
    pub certificate: Vec<u8>,
    /// The file with the key.
    pub key: Option<Vec<u8>>,
    /// The password.
    pub password: Option<String>,
}

impl Format {
    /// A certificate of the shared PKI in this format.
    pub fn make(self) -> KeyStore {
        let common_name = format!("client in {self:?}");
        self.write(&Pki::shared().client(ClientSpec { key: self.key_kind(), common_name, ..ClientSpec::default() }))
    }

    /// This certificate in this format.
    ///
    /// # Panics
    ///
    /// If its key is of another kind than the format's [`key_kind`](Self::key_kind).
    pub fn write(self, client: &ClientCert) -> KeyStore {
        assert_eq!(client.key_kind(), self.key_kind(), "{self:?}");
        let store = |certificate: Vec<u8>, key: Option<Vec<u8>>, password: Option<&str>| KeyStore {
            client: client.clone(),
            certificate,
            key,
            password: password.map(ToOwned::to_owned),
        };
        let chain = || client.chain_pem().into_bytes();
        let leaf = || client.chain_der()[0].clone();
        let key_pem = |encoding| client.key_pem(encoding).expect("the kind of key has this form");
        let key_der = |encoding| pem_rfc7468::decode_vec(key_pem(encoding).as_bytes()).expect("our own PEM").1;
        let pair = |encoding| store(chain(), Some(key_pem(encoding).into_bytes()), None);
        let single = |text: String| store(text.into_bytes(), None, None);
        let encrypted = |protection: Protection| {
            let key = pem("ENCRYPTED PRIVATE KEY", &protection.pkcs8(client.pkcs8_der(), PASSWORD));
            store(chain(), Some(key.into_bytes()), Some(PASSWORD))
        };
        let dek = |encoding: KeyEncoding, cipher: &str| {
            let label = if encoding == KeyEncoding::Pkcs1 { "RSA PRIVATE KEY" } else { "EC PRIVATE KEY" };
            let key = encrypted::traditional(label, cipher, &key_der(encoding), PASSWORD);
            store(chain(), Some(key.into_bytes()), Some(PASSWORD))
        };
        let p12 = |kind: Store, password: &str| store(kind.write(client, password), None, Some(password));
        match self {
            Self::PemPkcs8Rsa | Self::PemPkcs8P256 | Self::PemPkcs8P384 | Self::PemPkcs8Ed25519 => {
                pair(KeyEncoding::Pkcs8)
            }
            Self::PemPkcs1 => pair(KeyEncoding::Pkcs1),
            Self::PemSec1P256 | Self::PemSec1P384 => pair(KeyEncoding::Sec1),
            Self::PemSec1WithParameters => {
                // The object identifier of P-256.
                let parameters = pem("EC PARAMETERS", &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]);
                store(chain(), Some((parameters + &key_pem(KeyEncoding::Sec1)).into_bytes()), None)
            }
            Self::PemBundle => single(client.bundle_pem()),
            Self::PemBundleKeyFirst => single(key_pem(KeyEncoding::Pkcs8) + &client.chain_pem()),
            Self::PemPreamble => single(with_preamble(&client.bundle_pem())),
            Self::PemWrongOrderWithRoot => {
                let pki = Pki::shared();
                let leaf = pem("CERTIFICATE", &client.chain_der()[0]);
                let authorities = pki.root_pem().to_owned() + pki.intermediate_pem();
                single(authorities + &key_pem(KeyEncoding::Pkcs8) + &leaf)
            }
            Self::PemLongLines => single(without_line_breaks(&client.bundle_pem())),
            Self::PemKeyFileWithChain => {
                let leaf = pem("CERTIFICATE", &client.chain_der()[0]);
                store(leaf.into_bytes(), Some(client.bundle_pem().into_bytes()), None)
            }
            Self::PemPkcs7 => {
                let bag = pem("PKCS7", &pkcs12::certificate_bag(client));
                store(bag.into_bytes(), Some(key_pem(KeyEncoding::Pkcs8).into_bytes()), None)
            }
            Self::PemPbes2Aes256 => encrypted(Protection::Pbkdf2Sha256Aes256),
            Self::PemPbes2Aes128 => encrypted(Protection::Pbkdf2Sha1Aes128),
            Self::PemPbes2Scrypt => encrypted(Protection::ScryptAes256),
            Self::PemPbes2TripleDes => encrypted(Protection::Pbkdf2Sha1TripleDes),
            Self::PemPbes1Md5 => encrypted(Protection::Md5Des),
            Self::PemPbes1Sha1 => encrypted(Protection::Sha1Des),
            Self::PemDekAes256 => dek(KeyEncoding::Pkcs1, "AES-256-CBC"),
            Self::PemDekAes128 => dek(KeyEncoding::Sec1, "AES-128-CBC"),
            Self::PemDekTripleDes => dek(KeyEncoding::Pkcs1, "DES-EDE3-CBC"),
            Self::DerPkcs8 => store(leaf(), Some(client.pkcs8_der().to_vec()), None),
            Self::DerPkcs1 => store(leaf(), Some(key_der(KeyEncoding::Pkcs1)), None),
            Self::DerSec1 => store(leaf(), Some(key_der(KeyEncoding::Sec1)), None),
            Self::DerPbes2 => {
                let key = Protection::Pbkdf2Sha256Aes256.pkcs8(client.pkcs8_der(), PASSWORD);
                store(leaf(), Some(key), Some(PASSWORD))
            }
            Self::Pkcs12Aes256 => p12(Store::Aes256, PASSWORD),
            Self::Pkcs12Aes256Rsa => p12(Store::Aes256Sha512, PASSWORD),
            Self::Pkcs12TripleDes => p12(Store::TripleDes, PASSWORD),
            Self::Pkcs12Rc2 => p12(Store::Rc2, PASSWORD),
            Self::Pkcs12EmptyPassword => p12(Store::Aes256, ""),
            Self::Pkcs12PasswordBeyondAscii => p12(Store::TripleDes, PASSWORD_BEYOND_ASCII),
            Self::Pkcs12Ber => {
                let ber = pkcs12::to_ber(&Store::Aes256.write(client, PASSWORD));
                store(ber, None, Some(PASSWORD))
            }
            Self::Pkcs12Base64 => {
                let der = Store::Aes256.write(client, PASSWORD);
                store(data_encoding::BASE64_MIME.encode(&der).into_bytes(), None, Some(PASSWORD))
            }
            Self::PemBase64 => single(data_encoding::BASE64.encode(client.bundle_pem().as_bytes())),
        }
    }

    /// Whether the format is protected with means that should no longer be in use.
    pub fn is_outdated(self) -> bool {
        matches!(
            self,
            Self::PemPbes2TripleDes
                | Self::PemPbes1Md5
                | Self::PemPbes1Sha1
                | Self::PemDekAes256
                | Self::PemDekAes128
                | Self::PemDekTripleDes
                | Self::Pkcs12TripleDes
                | Self::Pkcs12Rc2
                | Self::Pkcs12PasswordBeyondAscii
        )
    }

    /// Whether the intermediate is in it.
    pub fn has_intermediate(self) -> bool {
        !matches!(self, Self::DerPkcs8 | Self::DerPkcs1 | Self::DerSec1 | Self::DerPbes2)
    }
}

fn with_preamble(bundle: &str) -> String {
    let attributes =
        "Bag Attributes\n    friendlyName: Kestrel\n    localKeyID: 01 02 03 \nsubject=CN = testbed\n-----BEGIN ";
    format!("\u{feff}{}", bundle.replace("-----BEGIN ", attributes)).replace('\n', "\r\n")
}

fn without_line_breaks(bundle: &str) -> String {
    bundle
        .lines()
        .map(|line| match (line.starts_with("-----BEGIN"), line.starts_with("-----END")) {
            (true, _) => format!("{line}\n"),
            (_, true) => format!("\n{line}\n"),
            _ => line.to_owned(),
        })
        .collect::<String>()
        .trim_end()
        .to_owned()
}
