#![doc = include_str!("../README.md")]
//!
//! # Separate types
//!
//! A CSC token cannot be used with the client of the core product APIs:
//!
//! ```compile_fail,E0277
//! use digicert_one_client::Client;
//! use digicert_one_csc::{CscCredential, CscToken};
//!
//! let token = CscToken::new("a-token-of-csc").expect("a token");
//! let builder = Client::builder().credential(CscCredential::bearer(token));
//! ```
//!
//! It cannot be used as an API key either:
//!
//! ```compile_fail,E0308
//! use digicert_one_csc::CscToken;
//! use digicert_one_core::FixedCredential;
//!
//! let token = CscToken::new("a-token-of-csc").expect("a token");
//! let credential = FixedCredential::api_key(token);
//! ```
//!
//! The types are the only reason: the same lines with the right credentials compile.
//!
//! ```
//! use digicert_one_client::Client;
//! use digicert_one_csc::{CscClient, CscCredential, CscToken};
//! use digicert_one_core::{ApiKey, FixedCredential};
//!
//! let token = CscToken::new("a-token-of-csc").expect("a token");
//! let builder = CscClient::builder().credential(CscCredential::bearer(token));
//! let key = ApiKey::new("an-api-key").expect("a key");
//! let credential = FixedCredential::api_key(key);
//! let builder = Client::builder().credential(credential);
//! ```
//!
//! # Where secrets go
//!
//! Client secret, code and tokens go to the OAuth server that `info` names, if it is on the platform's own host; another host must be
//! [allowed](CscClientBuilder::allow_oauth_host) or [set](CscClientBuilder::oauth_endpoints), and only with `https://`. Redirects are never followed. PIN, OTP and SAD go to the platform alone. None of them is in any error or log.
//!
//! # Tokens
//!
//! A token is replaced by the next call from 60 seconds (or a tenth of its lifetime, if that is less) before it expires; concurrent calls
//! wait for the new one. A refused token (401) is replaced once. A refresh token is used if there is one. Nothing runs in the background.

mod algorithm;
mod builder;
mod calls;
mod challenge;
mod client;
mod credential;
mod credentials;
mod csc_request;
mod digest;
mod discovery;
mod endpoints;
mod fault;
mod granted;
mod info;
mod inner;
mod oauth;
mod open;
mod secret;
mod session;
mod sign_in;
mod signing;
mod tokens;

pub use algorithm::{HashAlgo, SignAlgo};
pub use builder::CscClientBuilder;
pub use client::CscClient;
pub use credential::CscCredential;
pub use credentials::{
    AuthMode, CertificateInfo, CertificateStatus, CredentialInfo, CredentialsList, Factor, KeyInfo, KeyStatus,
    ListRequest, Scal,
};
pub use discovery::OAuthEndpoints;
pub use fault::{ErrorCode, Rejection};
pub use info::{AuthType, Info};
pub use secret::{CscToken, Sad};
pub use sign_in::{PendingSignIn, SignIn};
pub use signing::{Authorization, AuthorizeRequest, SignRequest};
