//! Finds the OAuth server: as set by the caller, or as in the response of `info`, if it may be called.

use std::sync::{Arc, PoisonError};

use digicert_one_client::seam::same_place;
use digicert_one_client::{Error, ErrorKind};
use digicert_one_core::{Code, Diagnosis, Origin};

use crate::csc_request::RetryClass;
use crate::discovery::OAuthEndpoints;
use crate::info::Info;
use crate::inner::Inner;

impl Inner {
    /// The OAuth server: as set, as found before, or from `info`.
    pub(crate) async fn endpoints(self: &Arc<Self>, class: RetryClass) -> Result<Arc<OAuthEndpoints>, Error> {
        if let Some(given) = &self.discovery.given {
            return Ok(Arc::clone(given));
        }
        if let Some(found) = &*self.discovery.found.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(Arc::clone(found));
        }
        let found = Arc::new(self.checked(&self.info(class).await?)?);
        *self.discovery.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&found));
        Ok(found)
    }

    /// The OAuth server that `info` names, if it may be called.
    fn checked(&self, info: &Info) -> Result<OAuthEndpoints, Error> {
        let platform = &self.platform;
        let Some(base) = info.oauth2.as_deref().filter(|base| !base.trim().is_empty()) else {
            let summary = format!("the info of {platform} names no OAuth server.");
            let mut diagnosis = Diagnosis::new(Code::AUT_05, summary, "its field oauth2 is missing or empty");
            diagnosis.remedy = "Give the addresses by hand (oauth_endpoints; not in d1), or use an API key.".to_owned();
            return Err(Error::new(ErrorKind::Decode, diagnosis));
        };
        let endpoints = OAuthEndpoints::below(base).map_err(|error| unusable(platform, error))?;
        let place = &endpoints.token.origin;
        if same_place(place, platform) || self.discovery.allowed.iter().any(|allowed| same_place(allowed, place)) {
            return Ok(endpoints);
        }
        let summary = format!("the info of {platform} names {place} as its OAuth server; nothing was sent there.");
        let cause = "it is another host than the platform's, and would be given the client secret and tokens";
        let mut diagnosis = Diagnosis::new(Code::SEC_01, summary, cause);
        diagnosis.remedy =
            "If you trust that host, allow it by name (allow_oauth_host; not in d1), or use an API key.".to_owned();
        Err(Error::new(ErrorKind::Redirect, diagnosis))
    }
}

/// The error for an address of `info` that cannot be used: it is not a setting of the caller.
fn unusable(platform: &Origin, error: Error) -> Error {
    let given = error.diagnosis().summary.trim_end_matches('.').to_owned();
    let summary = format!("the info of {platform} names an OAuth server that cannot be used: {given}.");
    let cause =
        "the address is in the response of the service (field oauth2), and not in a setting; nothing was sent there";
    let mut diagnosis = Diagnosis::new(error.code(), summary, cause);
    diagnosis.remedy = "Report it to the operator of the service; until then give the addresses by hand (oauth_endpoints; not in d1), or \
                        use an API key."
        .to_owned();
    Error::new(ErrorKind::Decode, diagnosis).with_source(error)
}
