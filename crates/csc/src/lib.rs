#![doc = include_str!("../README.md")]
//!
//! # Kept apart by types
//!
//! A token of CSC cannot be given to the client of the core product APIs:
//!
//! ```compile_fail,E0277
//! use digicert_one_client::Client;
//! use digicert_one_csc::{CscCredential, CscToken};
//!
//! let token = CscToken::new("a-token-of-csc").expect("a token");
//! let builder = Client::builder().credential(CscCredential::bearer(token));
//! ```
//!
//! Nor can it take the place of an API key:
//!
//! ```compile_fail,E0308
//! use digicert_one_csc::CscToken;
//! use digicert_one_core::FixedCredential;
//!
//! let token = CscToken::new("a-token-of-csc").expect("a token");
//! let credential = FixedCredential::api_key(token);
//! ```
//!
//! Both are refused for that reason alone: the same lines with what belongs there compile.
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
//! Client secret, code and tokens go to the OAuth server that `info` names, if that is on the platform's own host; another host must
//! be [allowed by name](CscClientBuilder::allow_oauth_host) or [given by hand](CscClientBuilder::oauth_endpoints), and only by
//! `https://`. Redirects are never followed. PIN, OTP and SAD go to the platform alone. None of them is in any error or log.
//!
//! # Tokens
//!
//! A token is kept until 60 seconds (or a tenth of its life, if that is less) before its end, and then replaced by the next caller;
//! those who come meanwhile wait for that one. A token that is refused (401) is replaced once. Where a refresh token was given, it is
//! used. Nothing runs in the background.

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
