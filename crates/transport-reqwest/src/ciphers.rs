//! rustls' own ciphers with an observer around them. reqwest hides its connections and rustls has no hook for
//! what happens on one after its handshake; but each connection owns its decrypter, sees every alert through it and drops
//! it when it ends; and the encrypter of a TLS 1.3 handshake sees our certificate leave. Nothing is changed on the way, and nothing but
//! alerts and the head of a handshake message is looked at.

use std::sync::{Arc, LazyLock};

use digicert_one_core::TlsAlert;
use rustls::crypto::CryptoProvider;
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, KeyBlockShape, MessageDecrypter, MessageEncrypter,
    OutboundOpaqueMessage, OutboundPlainMessage, Tls12AeadAlgorithm, Tls13AeadAlgorithm, UnsupportedOperationError,
};
use rustls::{
    CipherSuiteCommon, ConnectionTrafficSecrets, ContentType, SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite,
};

use crate::handshake::Handshake;

/// RFC 8446 section 4: the message after which a connection goes on with new keys.
const KEY_UPDATE: u8 = 24;
/// RFC 5246 section 7.4.1.1: the server wants a second handshake, which rustls refuses.
const HELLO_REQUEST: u8 = 0;
/// RFC 8446 section 4.4.2.
const CERTIFICATE: u8 = 11;
/// RFC 8879 section 4. Only a certificate that is there is compressed.
const COMPRESSED_CERTIFICATE: u8 = 25;

/// aws-lc-rs with every cipher suite observed. rustls requires `'static` suites, so they are created once.
pub(crate) fn provider() -> CryptoProvider {
    static SUITES: LazyLock<Vec<SupportedCipherSuite>> =
        LazyLock::new(|| rustls::crypto::aws_lc_rs::DEFAULT_CIPHER_SUITES.iter().copied().map(observed).collect());
    CryptoProvider { cipher_suites: SUITES.clone(), ..rustls::crypto::aws_lc_rs::default_provider() }
}

fn observed(suite: SupportedCipherSuite) -> SupportedCipherSuite {
    match suite {
        SupportedCipherSuite::Tls12(suite) => SupportedCipherSuite::Tls12(Box::leak(Box::new(Tls12CipherSuite {
            common: copy(&suite.common),
            prf_provider: suite.prf_provider,
            kx: suite.kx,
            sign: suite.sign,
            aead_alg: Box::leak(Box::new(Observed(suite.aead_alg))),
        }))),
        SupportedCipherSuite::Tls13(suite) => SupportedCipherSuite::Tls13(Box::leak(Box::new(Tls13CipherSuite {
            common: copy(&suite.common),
            hkdf_provider: suite.hkdf_provider,
            aead_alg: Box::leak(Box::new(Observed(suite.aead_alg))),
            quic: None,
        }))),
    }
}

fn copy(common: &CipherSuiteCommon) -> CipherSuiteCommon {
    CipherSuiteCommon {
        suite: common.suite,
        hash_provider: common.hash_provider,
        confidentiality_limit: common.confidentiality_limit,
    }
}

struct Observed<A: ?Sized + 'static>(&'static A);

impl Tls13AeadAlgorithm for Observed<dyn Tls13AeadAlgorithm> {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Outbound::around(self.0.encrypter(key, iv))
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Observer::around(self.0.decrypter(key, iv))
    }

    fn key_len(&self) -> usize {
        self.0.key_len()
    }

    fn extract_keys(&self, key: AeadKey, iv: Iv) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.0.extract_keys(key, iv)
    }

    fn fips(&self) -> bool {
        self.0.fips()
    }
}

impl Tls12AeadAlgorithm for Observed<dyn Tls12AeadAlgorithm> {
    fn encrypter(&self, key: AeadKey, iv: &[u8], extra: &[u8]) -> Box<dyn MessageEncrypter> {
        self.0.encrypter(key, iv, extra)
    }

    fn decrypter(&self, key: AeadKey, iv: &[u8]) -> Box<dyn MessageDecrypter> {
        Observer::around(self.0.decrypter(key, iv))
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        self.0.key_block_shape()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: &[u8],
        explicit: &[u8],
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.0.extract_keys(key, iv, explicit)
    }

    fn fips(&self) -> bool {
        self.0.fips()
    }
}

/// One decrypter of one connection. A connection has several one after another, the last until it ends.
struct Observer {
    inner: Box<dyn MessageDecrypter>,
    handshake: Arc<Handshake>,
}

impl Observer {
    fn around(inner: Box<dyn MessageDecrypter>) -> Box<dyn MessageDecrypter> {
        // Keys made outside a handshake belong to a key update, which the previous decrypter reported.
        match Handshake::current() {
            Some(handshake) => {
                handshake.note_decrypter();
                Box::new(Self { inner, handshake })
            }
            None => inner,
        }
    }
}

impl MessageDecrypter for Observer {
    fn decrypt<'a>(
        &mut self,
        message: InboundOpaqueMessage<'a>,
        seq: u64,
    ) -> Result<InboundPlainMessage<'a>, rustls::Error> {
        let message = self.inner.decrypt(message, seq)?;
        match (message.typ, message.payload) {
            (ContentType::Alert, &[_, description]) => self.handshake.note_alert(TlsAlert(description)),
            (ContentType::Handshake, &[KEY_UPDATE, ..]) => self.handshake.note_key_update(),
            (ContentType::Handshake, &[HELLO_REQUEST, 0, 0, 0]) => self.handshake.note_hello_request(),
            _ => {}
        }
        Ok(message)
    }
}

/// The encrypter of our half of a TLS 1.3 handshake, which sees our Certificate message leave.
struct Outbound {
    inner: Box<dyn MessageEncrypter>,
    handshake: Arc<Handshake>,
}

impl Outbound {
    fn around(inner: Box<dyn MessageEncrypter>) -> Box<dyn MessageEncrypter> {
        match Handshake::current() {
            Some(handshake) => Box::new(Self { inner, handshake }),
            None => inner,
        }
    }
}

impl MessageEncrypter for Outbound {
    fn encrypt(&mut self, message: OutboundPlainMessage<'_>, seq: u64) -> Result<OutboundOpaqueMessage, rustls::Error> {
        // Our flight begins with the certificate if there is one, and is looked at before it is taken.
        let shows = message.typ == ContentType::Handshake && holds_certificate(&message.payload.to_vec());
        let sealed = self.inner.encrypt(message, seq)?;
        if shows {
            self.handshake.note_certificate_sent();
        }
        Ok(sealed)
    }

    fn encrypted_payload_len(&self, payload_len: usize) -> usize {
        self.inner.encrypted_payload_len(payload_len)
    }
}

/// Whether a flight begins with a Certificate message that is not empty (RFC 8446 section 4.4.2).
fn holds_certificate(flight: &[u8]) -> bool {
    match flight {
        [CERTIFICATE, _, _, _, context, rest @ ..] => {
            rest.get(usize::from(*context)..).and_then(|list| list.get(..3)).is_some_and(|length| length != [0; 3])
        }
        [COMPRESSED_CERTIFICATE, ..] => true,
        _ => false,
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.handshake.note_decrypter_gone();
    }
}

#[cfg(test)]
mod tests {
    use super::holds_certificate;

    #[test]
    fn empty_certificate_message_holds_no_certificate() {
        assert!(!holds_certificate(&[11, 0, 0, 4, 0, 0, 0, 0]));
        assert!(!holds_certificate(&[11, 0, 0, 6, 2, 9, 9, 0, 0, 0]));
        assert!(!holds_certificate(&[20, 0, 0, 1, 7]));
        assert!(!holds_certificate(&[11]) && !holds_certificate(&[11, 0, 0, 9, 200, 1]));
    }

    #[test]
    fn certificate_message_with_a_certificate_is_seen() {
        assert!(holds_certificate(&[11, 0, 1, 0, 0, 0, 0, 9, 0, 0, 4]));
        assert!(holds_certificate(&[11, 0, 1, 0, 2, 9, 9, 0, 1, 0]));
        assert!(holds_certificate(&[25, 0, 0, 1, 0]));
    }
}
