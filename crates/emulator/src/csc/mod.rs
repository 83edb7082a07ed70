//! Content signing by the Cloud Signature Consortium's API, with the OAuth server in front of it.
//!
//! It uses tokens instead of API keys (which work too), its own error bodies, and signers, who are not
//! service users. Paths and names are those of the CSC (API 1.0.4) and OAuth; DigiCert's addition (`user_id`
//! in the query) is marked where it is read.

mod access;
mod authorize;
mod calls;
mod code_store;
mod credential;
mod credentials;
mod digest_auth;
mod login;
pub(crate) mod options;
mod parameters;
mod refusal;
mod signatures;
mod state;
mod token;
mod transaction;

pub(crate) use self::access::bearer_sent;
pub(crate) use self::calls::respond;
pub use self::state::Csc;
pub(crate) use self::state::CscState;
