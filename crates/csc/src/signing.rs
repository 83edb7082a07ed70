//! Signing requests: the authorisation (SAD), the hashes, and the checks that need no service.

use std::fmt;
use std::time::{Duration, SystemTime};

use data_encoding::BASE64;
use digicert_one_core::{Code, Diagnosis, Secret};

use crate::algorithm::{HashAlgo, SignAlgo};
use crate::fault::unexpected;
use crate::secret::Sad;
use digicert_one_client::{Error, ErrorKind};

/// A request to authorise signatures with one credential.
///
/// ```
/// use digicert_one_core::Secret;
/// use digicert_one_csc::AuthorizeRequest;
///
/// let request = AuthorizeRequest::new("credential-1")
///     .hashes([[0_u8; 32]])
///     .description("invoice 4711")
///     .pin(Secret::new("1234", "the prompt"));
/// ```
#[derive(Clone)]
#[must_use]
pub struct AuthorizeRequest {
    pub(crate) credential_id: String,
    pub(crate) hashes: Vec<Vec<u8>>,
    pub(crate) signatures: Option<u32>,
    pub(crate) description: Option<String>,
    pub(crate) pin: Option<Secret>,
    pub(crate) otp: Option<Secret>,
    pub(crate) client_data: Option<String>,
}

impl AuthorizeRequest {
    /// Authorises one signature.
    pub fn new(credential_id: impl Into<String>) -> Self {
        Self {
            credential_id: credential_id.into(),
            hashes: Vec::new(),
            signatures: None,
            description: None,
            pin: None,
            otp: None,
            client_data: None,
        }
    }

    /// The hashes to sign. With SCAL2 the authorisation is bound to them.
    pub fn hashes(mut self, hashes: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        self.hashes = owned(hashes);
        self
    }

    /// The number of signatures, if it is more than the hashes known so far; the others follow by
    /// [`extend_transaction`](crate::CscClient::extend_transaction).
    pub fn signatures(mut self, number: u32) -> Self {
        self.signatures = Some(number);
        self
    }

    /// What the signer is shown.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// The PIN of the credential.
    pub fn pin(mut self, pin: Secret) -> Self {
        self.pin = Some(pin);
        self
    }

    /// The one-time password of the signer.
    pub fn otp(mut self, otp: Secret) -> Self {
        self.otp = Some(otp);
        self
    }

    /// A text of the caller's own, for the records of the service.
    pub fn client_data(mut self, text: impl Into<String>) -> Self {
        self.client_data = Some(text.into());
        self
    }

    /// The number of signatures to send.
    pub(crate) fn number(&self) -> Result<u32, Error> {
        let hashes = u32::try_from(self.hashes.len()).unwrap_or(u32::MAX).max(1);
        match self.signatures {
            Some(number) if number < hashes => {
                let text = format!("{number} signatures are asked for, and {hashes} hashes given");
                Err(Error::local(ErrorKind::Request, text))
            }
            Some(number) => Ok(number),
            None => Ok(hashes),
        }
    }
}

impl fmt::Debug for AuthorizeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizeRequest")
            .field("credential_id", &self.credential_id)
            .field("hashes", &self.hashes.len())
            .field("signatures", &self.signatures)
            .field("pin", &self.pin)
            .field("otp", &self.otp)
            .finish_non_exhaustive()
    }
}

/// An authorisation to sign, for a limited time.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Authorization {
    /// The SAD, a secret.
    pub sad: Sad,
    /// Its lifetime, if the service sent one. The default is an hour (spec).
    pub expires_in: Option<Duration>,
    /// When it was requested, by the client's clock.
    pub requested_at: SystemTime,
}

/// A request to sign hashes with one credential.
///
/// ```
/// use digicert_one_csc::{HashAlgo, SignAlgo, SignRequest};
/// let request = SignRequest::new("credential-1", HashAlgo::Sha256, SignAlgo::Rsa).hashes([[0_u8; 32]]);
/// ```
#[derive(Clone)]
#[must_use]
pub struct SignRequest {
    pub(crate) credential_id: String,
    pub(crate) hash_algo: HashAlgo,
    pub(crate) sign_algo: SignAlgo,
    pub(crate) hashes: Vec<Vec<u8>>,
    pub(crate) batch_size: usize,
    pub(crate) description: Option<String>,
    pub(crate) pin: Option<Secret>,
    pub(crate) otp: Option<Secret>,
}

impl SignRequest {
    /// Signs with this credential, hashes of this kind, in this way.
    pub fn new(credential_id: impl Into<String>, hash_algo: HashAlgo, sign_algo: SignAlgo) -> Self {
        Self {
            credential_id: credential_id.into(),
            hash_algo,
            sign_algo,
            hashes: Vec::new(),
            batch_size: usize::MAX,
            description: None,
            pin: None,
            otp: None,
        }
    }

    /// The hashes, each of the length of its algorithm.
    pub fn hashes(mut self, hashes: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        self.hashes = owned(hashes);
        self
    }

    /// The most hashes in one call; 0 counts as 1. The authorisation is extended for the others. By default all are signed at once;
    /// [`multisign`](crate::CredentialInfo::multisign) is the limit of a credential.
    pub fn batch_size(mut self, number: usize) -> Self {
        self.batch_size = number.max(1);
        self
    }

    /// What the signer is shown.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// The PIN of the credential.
    pub fn pin(mut self, pin: Secret) -> Self {
        self.pin = Some(pin);
        self
    }

    /// The one-time password of the signer.
    pub fn otp(mut self, otp: Secret) -> Self {
        self.otp = Some(otp);
        self
    }

    /// The checks that need no service.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let invalid = |text: String| Err(Error::local(ErrorKind::Request, text));
        if self.hashes.is_empty() {
            return invalid("missing hashes to sign".to_owned());
        }
        if u32::try_from(self.hashes.len()).is_err() {
            return invalid("too many hashes for one authorisation".to_owned());
        }
        if let Some(implied) = self.sign_algo.hash()
            && implied != self.hash_algo
        {
            return invalid(format!("{} signs hashes of {implied}, not of {}", self.sign_algo, self.hash_algo));
        }
        let Some(length) = self.hash_algo.length() else { return Ok(()) };
        match self.hashes.iter().position(|hash| hash.len() != length) {
            Some(index) => invalid(format!(
                "hash {} has {} bytes, and {} has {length}",
                index + 1,
                self.hashes[index].len(),
                self.hash_algo
            )),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for SignRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignRequest")
            .field("credential_id", &self.credential_id)
            .field("hash_algo", &self.hash_algo)
            .field("sign_algo", &self.sign_algo)
            .field("hashes", &self.hashes.len())
            .field("pin", &self.pin)
            .field("otp", &self.otp)
            .finish_non_exhaustive()
    }
}

fn owned(hashes: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<Vec<u8>> {
    hashes.into_iter().map(|hash| hash.as_ref().to_vec()).collect()
}

/// Hashes in a request.
pub(crate) fn encoded(hashes: &[Vec<u8>]) -> Vec<String> {
    hashes.iter().map(|hash| BASE64.encode(hash)).collect()
}

/// Checks that there is one signature for each hash; otherwise they cannot be assigned. An empty one does not count.
pub(crate) fn counted(signatures: Vec<Vec<u8>>, hashes: usize) -> Result<Vec<Vec<u8>>, Error> {
    if signatures.len() == hashes {
        let Some(empty) = signatures.iter().position(Vec::is_empty) else { return Ok(signatures) };
        let summary = format!("signature {} of the response is empty.", empty + 1);
        return Err(unexpected(summary, "a signature has at least one byte"));
    }
    let summary = format!("the service sent {} signatures for {hashes} hashes.", signatures.len());
    let mut diagnosis = Diagnosis::new(
        Code::AUT_05,
        summary,
        "signatures are in the order of the hashes; which one is missing is unknown, so none is returned",
    );
    if hashes > 1 {
        diagnosis.remedy =
            "See whether the credential signs so many hashes at once (multisign), and ask for fewer.".to_owned();
    }
    Err(Error::new(ErrorKind::Decode, diagnosis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_signature_is_not_a_signature() {
        assert_eq!(counted(vec![vec![1], vec![2]], 2).expect("two").len(), 2);
        let error = counted(vec![vec![1], Vec::new()], 2).expect_err("one is empty");
        assert!(error.code() == Code::AUT_05 && error.to_string().contains("signature 2"), "{error}");
        let fewer =
            |hashes| counted(Vec::new(), hashes).expect_err("none").diagnosis().remedy.contains("ask for fewer");
        assert_eq!((fewer(2), fewer(1)), (true, false));
    }

    fn refused(request: &SignRequest) -> String {
        let error = request.check().expect_err("not valid");
        assert_eq!((error.kind(), error.code()), (ErrorKind::Request, Code::CFG_01));
        error.to_string()
    }

    #[test]
    fn invalid_request_is_refused_before_it_is_sent() {
        let request = |hash, sign| SignRequest::new("c", hash, sign);
        assert!(refused(&request(HashAlgo::Sha256, SignAlgo::Rsa)).contains("missing hashes"));
        let short = request(HashAlgo::Sha256, SignAlgo::Rsa).hashes([vec![0; 32], vec![0; 31]]);
        assert!(refused(&short).contains("hash 2 has 31 bytes"), "{}", refused(&short));
        let other = request(HashAlgo::Sha256, SignAlgo::EcdsaSha384).hashes([[0; 32]]);
        assert!(refused(&other).contains("ECDSA with SHA-384 signs hashes of SHA-384, not of SHA-256"));
        assert!(request(HashAlgo::Sha256, SignAlgo::RsaSha256).hashes([[0; 32]]).check().is_ok());
        assert!(request(HashAlgo::Other("1.2".to_owned()), SignAlgo::Rsa).hashes([[0; 7]]).check().is_ok());
    }

    #[test]
    fn more_signatures_than_hashes_may_be_asked_for_and_not_fewer() {
        let request = AuthorizeRequest::new("c").hashes([[0; 32], [1; 32]]);
        assert_eq!(request.clone().number().expect("as many"), 2);
        assert_eq!(request.clone().signatures(9).number().expect("more"), 9);
        assert!(request.signatures(1).number().is_err());
        assert_eq!(AuthorizeRequest::new("c").number().expect("one"), 1);
    }

    #[test]
    fn secret_is_never_shown() {
        let canary = || Secret::new("canary", "the test");
        let authorize = AuthorizeRequest::new("c").pin(canary()).otp(canary());
        let sign = SignRequest::new("c", HashAlgo::Sha256, SignAlgo::Rsa).pin(canary()).otp(canary());
        assert!(!format!("{authorize:?} {sign:?}").contains("canary"));
    }
}
