//! Why Account Manager refused a call, for programs: derived from [`Error`], which has the only vocabulary of
//! failures.

use digicert_one_client::Error;
use digicert_one_core::Code;

use crate::check::InvalidField;

/// The reason why Account Manager, or a check before sending, refused a call.
///
/// ```no_run
/// # use digicert_one_account::{NewToken, Refusal};
/// use digicert_one_account::AccountExt as _;
/// # async fn example(client: digicert_one_client::Client) -> Result<(), digicert_one_client::Error> {
/// match client.account().tokens().create(&NewToken::new("ci-bot")).await {
///     Err(error) if matches!(Refusal::of(&error), Some(Refusal::Duplicate { .. })) => println!("choose another name"),
///     other => println!("{:?}", other?.token),
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// An invalid value. Source: `invalid_request`, status 400 (documented); 422 is inferred.
    Invalid {
        /// The field, if known.
        field: Option<String>,
        /// Whether it was refused locally and nothing was sent.
        unsent: bool,
    },
    /// The name is already in use. Source: `duplicate_error` (documented), status 409 (inferred).
    Duplicate {
        /// The field, if the response names it; the platform's message calls friendly names *Nickname*.
        field: Option<String>,
    },
    /// This platform allows one API token per service user. (inferred)
    TokenLimit,
    /// A permission is missing. Source: `access_denied`, status 403 (documented).
    Forbidden {
        /// The permission, if the message names it, such as `MANAGE_AM_USER`. (inferred)
        permission: Option<String>,
    },
    /// Not found, or not visible to the caller. Source: status 404 (documented).
    NotFound,
}

impl Refusal {
    /// Returns why the call was refused; `None` if it failed for another reason.
    #[must_use]
    pub fn of(error: &Error) -> Option<Self> {
        if let Some(invalid) = std::error::Error::source(error).and_then(|source| source.downcast_ref::<InvalidField>())
        {
            return Some(Self::Invalid { field: Some(invalid.field.to_owned()), unsent: true });
        }
        let response = error.response()?;
        let field = || response.field.clone();
        match error.code() {
            Code::API_06 => Some(Self::Duplicate { field: field() }),
            Code::API_07 => Some(Self::TokenLimit),
            Code::API_02 => Some(Self::NotFound),
            Code::AUT_03 => Some(Self::Forbidden {
                permission: response.message.as_deref().and_then(permission).map(str::to_owned),
            }),
            Code::API_01 if matches!(response.status.as_u16(), 400 | 422) => {
                Some(Self::Invalid { field: field(), unsent: false })
            }
            _ => None,
        }
    }
}

/// Finds the permission or role that a message names: a word like `MANAGE_AM_USER`, or else quoted text.
fn permission(message: &str) -> Option<&str> {
    let in_word = |one: char| one.is_ascii_alphanumeric() || matches!(one, '_' | '&');
    let is_id = |word: &&str| {
        let upper = word.chars().all(|one| !one.is_ascii_lowercase());
        upper && word.trim_matches('_').contains('_') && word.starts_with(|one: char| one.is_ascii_uppercase())
    };
    message.split(|one| !in_word(one)).find(is_id).or_else(|| quoted(message))
}

fn quoted(message: &str) -> Option<&str> {
    ['"', '\'', '`', '*'].into_iter().find_map(|quote| {
        let text = message.split(quote).nth(1)?;
        // A single quote character is an apostrophe.
        let closed = message.matches(quote).count() >= 2;
        (closed && (1..=60).contains(&text.trim().len())).then(|| text.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_permission_is_extracted_from_the_message() {
        for (message, expected) in [
            ("The permission MANAGE_AM_USER is missing.", Some("MANAGE_AM_USER")),
            ("missing permission: MANAGE_AM_USER", Some("MANAGE_AM_USER")),
            ("needs EM_EPKI_USER_&_CERT_MANAGER, ask", Some("EM_EPKI_USER_&_CERT_MANAGER")),
            ("HTTP 403: the role 'Manage users' is required", Some("Manage users")),
            ("User lacks \"Manage users\" for AM", Some("Manage users")),
            ("You don't have access", None),
            ("Access denied", None),
            ("___ A_ _B", None),
            ("", None),
        ] {
            assert_eq!(permission(message), expected, "{message}");
        }
    }
}
