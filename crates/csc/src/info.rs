//! The response of `info`: the service and its login methods.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::open::{maybe_text, open_enum, texts};

open_enum! {
    /// A login method of the service.
    ///
    /// Source: CSC API v1.0.4, `info` (spec).
    AuthType {
        /// Outside of the service.
        External = "external",
        /// By a TLS client certificate.
        Tls = "TLS",
        /// By HTTP Basic.
        Basic = "basic",
        /// By HTTP Digest.
        Digest = "digest",
        /// OAuth, authorization code.
        OAuth2Code = "oauth2code",
        /// OAuth, implicit. Not supported by this client: OAuth 2.1 removed it.
        OAuth2Implicit = "oauth2implicit",
        /// OAuth, client credentials.
        OAuth2Client = "oauth2client",
    }
}

/// The service, as `info` describes it.
///
/// Source: CSC API v1.0.4 (spec); the response of DigiCert ONE is not published. Every field may be missing, and unknown fields are
/// kept.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Info {
    /// The version of the CSC specification.
    #[serde(deserialize_with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub specs: Option<String>,
    /// The name of the service.
    #[serde(deserialize_with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The country of the service.
    #[serde(deserialize_with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The language of its texts.
    #[serde(deserialize_with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// A free text.
    #[serde(deserialize_with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The login methods.
    #[serde(deserialize_with = "auth_types")]
    pub auth_type: Vec<AuthType>,
    /// The base address of the OAuth server.
    #[serde(deserialize_with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub oauth2: Option<String>,
    /// The supported calls.
    #[serde(deserialize_with = "texts")]
    pub methods: Vec<String>,
    /// Unknown fields.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

fn auth_types<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<AuthType>, D::Error> {
    Ok(texts(deserializer)?.iter().map(|text| AuthType::from(text.as_str())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_of_a_newer_version_survives_a_round_trip() {
        let text =
            r#"{"specs":"1.0.4.0","authType":["digest","passkey"],"oauth2":"https://one.test","methods":[],"new":1}"#;
        let info: Info = serde_json::from_str(text).expect("a service");
        assert_eq!(info.auth_type, [AuthType::Digest, AuthType::Other("passkey".to_owned())]);
        let before: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(serde_json::to_value(&info).expect("writes"), before);
        assert_eq!(serde_json::from_str::<Info>("{}").expect("nothing is needed"), Info::default());
    }
}
