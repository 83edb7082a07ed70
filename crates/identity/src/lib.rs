//! Reads client certificates, private keys and trust roots in any file format and normalises them, offline
//! and in memory, the same for every transport; also generates keys and certificate requests.
//!
//! Reading has three steps: collect certificates and keys in any format, arrange them into a chain with its
//! key, check for what a server would refuse. Formats differ in the first step only. Nothing here opens a
//! file.
//!
#![doc = include_str!("../README.md")]

mod algorithm;
mod arithmetic;
mod base64;
mod ber;
mod chain;
mod checks;
mod cipher;
mod content;
mod curve;
mod dek_info;
mod derive;
mod encrypted;
mod fault;
mod gather;
mod kdf_budget;
mod key;
mod limits;
mod name;
#[cfg(feature = "new-keys")]
mod new_key;
mod node;
mod password;
mod path;
mod pem;
mod pkcs12;
mod pkcs7;
mod read;
mod rules;
mod signature;
mod sniff;
mod traditional;
mod trust;
#[cfg(feature = "aws-lc-rs")]
mod with_aws_lc;
#[cfg(all(feature = "rustcrypto", any(test, not(feature = "aws-lc-rs"))))]
mod with_rustcrypto;
#[cfg(not(any(feature = "aws-lc-rs", feature = "rustcrypto")))]
mod without_curves;

pub use checks::purpose_name;
pub use key::client_identity;
#[cfg(feature = "new-keys")]
pub use new_key::{KeyAlgorithm, NewKey};
pub use read::{read_certificates, read_client_identity};
pub use rules::ReadOptions;
