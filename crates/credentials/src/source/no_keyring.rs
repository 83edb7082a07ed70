//! Replaces the keyring without the feature `keyring`: references to it are parsed, but refused.

use digicert_one_core::{Code, CredentialError, Secret};

pub(crate) fn item(account: &str) -> Result<Option<Secret>, CredentialError> {
    let message = "this program was built without the feature `keyring`";
    Err(CredentialError::new(Code::CFG_01, message).at(format!("keyring item {account}")))
}
