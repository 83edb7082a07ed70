//! The CSC calls on the wire: request and response bodies. All names and fields of the API are in this file.

use std::sync::Arc;
use std::time::Duration;

use digicert_one_core::{RequestTarget, Secret};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use zeroize::Zeroizing;

use crate::credentials::{CredentialInfo, CredentialsList, ListRequest, base64};
use crate::csc_request::{CscRequest, CscResponse, RetryClass};
use crate::fault::{list_fault, unexpected};
use crate::info::Info;
use crate::inner::Inner;
use crate::open::{maybe_number, texts};
use crate::secret::{Enclosed, Sad, wipe};
use crate::signing::{Authorization, AuthorizeRequest, SignRequest, counted, encoded};
use digicert_one_client::seam::ByToken;
use digicert_one_client::{Error, ErrorKind};

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    #[serde(rename = "userID", skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_results: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_token: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Details<'a> {
    #[serde(rename = "credentialID")]
    credential_id: &'a str,
    certificates: &'static str,
    cert_info: bool,
    auth_info: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Authorize<'a> {
    #[serde(rename = "credentialID")]
    credential_id: &'a str,
    num_signatures: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hash: Vec<String>,
    #[serde(rename = "PIN", skip_serializing_if = "Option::is_none")]
    pin: Option<Enclosed<'a>>,
    #[serde(rename = "OTP", skip_serializing_if = "Option::is_none")]
    otp: Option<Enclosed<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_data: Option<&'a str>,
}

#[derive(Serialize)]
struct Extend<'a> {
    #[serde(rename = "credentialID")]
    credential_id: &'a str,
    #[serde(rename = "SAD")]
    sad: Enclosed<'a>,
    hash: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sign<'a> {
    #[serde(rename = "credentialID")]
    credential_id: &'a str,
    #[serde(rename = "SAD")]
    sad: Enclosed<'a>,
    hash: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash_algo: Option<&'a str>,
    sign_algo: &'a str,
}

/// Never printed: the first field is a secret.
#[derive(Deserialize)]
struct Authorized {
    #[serde(rename = "SAD", alias = "sad")]
    sad: String,
    #[serde(default, rename = "expiresIn", alias = "expires_in", deserialize_with = "maybe_number")]
    expires_in: Option<u64>,
}

#[derive(Deserialize)]
struct Signed {
    #[serde(default, deserialize_with = "texts")]
    signatures: Vec<String>,
    /// Of a service that signs later.
    #[serde(default, rename = "responseID", alias = "response_id")]
    response_id: Option<IgnoredAny>,
}

impl Inner {
    /// The class is [`RetryClass::Opens`] or [`RetryClass::Discovers`].
    pub(crate) async fn info(self: &Arc<Self>, class: RetryClass) -> Result<Info, Error> {
        let request = CscRequest::new("info", &Nothing {}, class)?;
        self.call(request).await?.json()
    }

    pub(crate) async fn list(self: &Arc<Self>, request: &ListRequest) -> Result<CredentialsList, Error> {
        self.page(request).await?.json()
    }

    /// All pages of a list, starting with the requested one.
    pub(crate) async fn list_all(self: &Arc<Self>, request: &ListRequest) -> Result<Vec<String>, Error> {
        let path = RequestTarget::parse("/credentials/list")
            .map_err(|error| Error::local(ErrorKind::Request, error.to_string()).with_source(error))?;
        let (mut request, mut ids) = (request.clone(), Vec::new());
        let mut pages = ByToken::new(&path, request.max_results)?;
        if let Some(token) = &request.page_token {
            pages = pages.starting_at(token);
        }
        loop {
            let page = self.page(&request).await?;
            let read = page.json::<CredentialsList>()?.credential_ids;
            let (count, next) = pages.next(&page.head.headers, &page.body).map_err(list_fault)?;
            if read.len() != count {
                let summary = "credentials/list: an item of the list is not the id of a credential.";
                return Err(unexpected(summary, "an id is a text or a number"));
            }
            ids.extend(read);
            match next {
                Some(token) => request.page_token = Some(token),
                None => return Ok(ids),
            }
        }
    }

    async fn page(self: &Arc<Self>, request: &ListRequest) -> Result<CscResponse, Error> {
        let user_id = request.user_id.as_deref();
        let (max_results, page_token) = (request.max_results, request.page_token.as_deref());
        let mut call =
            CscRequest::new("credentials/list", &List { user_id, max_results, page_token }, RetryClass::Reads)?;
        call.query = user_id.map(|user_id| ("user_id", user_id.to_owned()));
        self.call(call).await
    }

    pub(crate) async fn credential(self: &Arc<Self>, credential_id: &str) -> Result<CredentialInfo, Error> {
        let body = Details { credential_id, certificates: "chain", cert_info: true, auth_info: true };
        self.call(CscRequest::new("credentials/info", &body, RetryClass::Reads)?).await?.json()
    }

    pub(crate) async fn authorize(self: &Arc<Self>, request: &AuthorizeRequest) -> Result<Authorization, Error> {
        let (pin, otp) = (text(request.pin.as_ref())?, text(request.otp.as_ref())?);
        let body = Authorize {
            credential_id: &request.credential_id,
            num_signatures: request.number()?,
            hash: encoded(&request.hashes),
            pin: pin.map(Enclosed),
            otp: otp.map(Enclosed),
            description: request.description.as_deref(),
            client_data: request.client_data.as_deref(),
        };
        let mut call = CscRequest::new("credentials/authorize", &body, RetryClass::Waits)?;
        call.secrets = pin.into_iter().chain(otp).map(owned).collect();
        authorized(self.call(call).await?)
    }

    pub(crate) async fn extend(
        self: &Arc<Self>,
        credential_id: &str,
        sad: &Sad,
        hashes: &[Vec<u8>],
    ) -> Result<Authorization, Error> {
        if hashes.is_empty() {
            return Err(Error::local(
                ErrorKind::Request,
                "missing hashes: an authorisation is extended to at least one",
            ));
        }
        let body = Extend { credential_id, sad: Enclosed(sad.expose()), hash: encoded(hashes) };
        let mut call = CscRequest::new("credentials/extendTransaction", &body, RetryClass::Acts)?;
        call.secrets = vec![owned(sad.expose())];
        authorized(self.call(call).await?)
    }

    pub(crate) async fn sign(
        self: &Arc<Self>,
        request: &SignRequest,
        hashes: &[Vec<u8>],
        sad: &Sad,
    ) -> Result<Vec<Vec<u8>>, Error> {
        let body = Sign {
            credential_id: &request.credential_id,
            sad: Enclosed(sad.expose()),
            hash: encoded(hashes),
            // Omitted if the signature algorithm implies it.
            hash_algo: request.sign_algo.hash().is_none().then(|| request.hash_algo.oid()),
            sign_algo: request.sign_algo.oid(),
        };
        let mut call = CscRequest::new("signatures/signHash", &body, RetryClass::Acts)?;
        call.secrets = vec![owned(sad.expose())];
        let signed: Signed = self.call(call).await?.json()?;
        if signed.signatures.is_empty() && signed.response_id.is_some() {
            let cause = "it gave the ID of a response (responseID) in place of signatures: signing asynchronously is not supported";
            return Err(unexpected("the service signs later.", cause));
        }
        let signatures = signed.signatures.iter().enumerate();
        let signatures: Result<Vec<_>, _> = signatures.map(|(index, text)| base64(text, "signature", index)).collect();
        counted(signatures?, hashes.len())
    }
}

impl SignRequest {
    /// The authorisation request for the first part of the hashes, for all signatures at once.
    pub(crate) fn authorization(&self, part: &[Vec<u8>]) -> AuthorizeRequest {
        let mut asked = AuthorizeRequest::new(self.credential_id.clone()).hashes(part);
        asked.signatures = u32::try_from(self.hashes.len()).ok();
        (asked.description, asked.pin, asked.otp) = (self.description.clone(), self.pin.clone(), self.otp.clone());
        asked
    }
}

fn owned(secret: &str) -> Zeroizing<String> {
    Zeroizing::new(secret.to_owned())
}

fn text(secret: Option<&Secret>) -> Result<Option<&str>, Error> {
    secret.map(|secret| secret.expose_text().map_err(Error::credential)).transpose()
}

fn authorized(response: CscResponse) -> Result<Authorization, Error> {
    let read: Authorized = response.json()?;
    let requested_at = response.head.sent_at();
    wipe(response.body);
    if read.sad.is_empty() {
        return Err(unexpected("the service gave an empty SAD.", "without it nothing can be signed"));
    }
    Ok(Authorization { sad: Sad::new(read.sad), expires_in: read.expires_in.map(Duration::from_secs), requested_at })
}
