//! The only place that knows where create responses contain their secret: the API key of a new service user
//! or API token. No page shows such a response, so every plausible name is tried (inferred); if a real
//! response differs, change it here.
//!
//! The secret is removed from the response, wherever it occurs, and the text of the response is wiped.

use bytes::{Bytes, BytesMut};
use digicert_one_core::{ApiKey, CredentialError, Secret};
use serde_json::{Map, Value};
use uuid::Uuid;
use zeroize::Zeroize;

use crate::fields::same;

/// The names of an API key, and of an object that holds one, the most likely first; case and separators are ignored.
const NAMES: [&str; 9] = [
    "api_token",
    "api_key",
    "api_access_token",
    "token",
    "secret",
    "value",
    "key",
    // As a list with one entry.
    "api_tokens",
    "tokens",
];
/// The names of an object that holds the whole response.
const ENVELOPES: [&str; 6] = ["user", "service_user", "data", "result", "item", "client_auth_certificate"];
/// Maximum nesting of an object that holds the key.
const DEPTH: usize = 3;
/// The length of every API key seen so far.
const USUAL_LENGTH: usize = 91;
const REDACTED: &str = "(redacted)";

/// The secret of a response.
pub(crate) struct SecretResponse {
    /// The API key.
    pub(crate) api_key: Secret,
    /// The other fields of its object, if it is nested: those of the API token.
    pub(crate) beside: Option<Map<String, Value>>,
}

/// Moves the API key out of a create response. `origin` names the response.
///
/// First by its shape (if exactly one text looks like an API key), then by its name; a UUID is more likely an
/// id than a key. A text that cannot be a key, such as asterisks, is not taken: it would replace one that works.
pub(crate) fn take(response: &mut Value, origin: &str) -> Option<SecretResponse> {
    let place = by_shape(response)
        .or_else(|| by_name(response, DEPTH, &|text| fault(text).is_none() && Uuid::try_parse(text).is_err()))
        .or_else(|| by_name(response, DEPTH, &|text| fault(text).is_none()))?;
    let Some(Value::String(text)) = response.pointer_mut(&place) else { return None };
    let mut shown = std::mem::take(text);
    let api_key = Secret::new(bare(&shown), origin);
    shown.zeroize();
    let (parent, _) = place.rsplit_once('/')?;
    let holder = parent.rsplit('/').next().unwrap_or_default();
    let mut beside = match parent {
        "" => None,
        _ if is_envelope(holder) => None,
        parent => response.pointer_mut(parent).map(Value::take),
    };
    for rest in std::iter::once(&mut *response).chain(&mut beside) {
        redact(rest, api_key.expose_text().unwrap_or_default());
        drop_named(rest);
    }
    let beside = beside.and_then(|beside| if let Value::Object(beside) = beside { Some(beside) } else { None });
    Some(SecretResponse { api_key, beside })
}

/// Returns the field of a response without a usable key that should hold it, and what is wrong with its text.
pub(crate) fn unusable(response: &Value) -> Option<(String, String)> {
    let place = by_name(response, DEPTH, &|text| fault(text).is_some())?;
    let text = response.pointer(&place)?.as_str()?;
    Some((place.rsplit('/').next()?.to_owned(), fault(text)?.message().to_owned()))
}

fn fault(text: &str) -> Option<CredentialError> {
    ApiKey::new(bare(text)).err()
}

/// The key without what surrounds it.
fn bare(text: &str) -> &str {
    text.trim_matches(|one: char| one.is_whitespace() || one.is_control())
}

/// Returns the object of the response: the response itself, or the content of its envelope.
pub(crate) fn unwrapped(response: &mut Value) -> Option<&mut Map<String, Value>> {
    let fields = response.as_object_mut()?;
    let has_id = |fields: &Map<String, Value>| fields.keys().any(|name| same(name, "id"));
    let inner = fields.iter().find(|(name, value)| is_envelope(name) && value.as_object().is_some_and(has_id));
    match inner.map(|(name, _)| name.clone()) {
        Some(name) if !has_id(fields) => fields.get_mut(&name)?.as_object_mut(),
        _ => Some(fields),
    }
}

fn is_envelope(name: &str) -> bool {
    ENVELOPES.iter().any(|envelope| same(name, envelope))
}

fn is_named(name: &str) -> bool {
    NAMES.iter().any(|one| same(one, name))
}

/// Overwrites the text of a response, unless it is shared.
pub(crate) fn wipe(body: Bytes) {
    drop(overwritten(body));
}

fn overwritten(body: Bytes) -> Option<BytesMut> {
    let mut body = body.try_into_mut().ok()?;
    body.as_mut().zeroize();
    Some(body)
}

/// Overwrites every text of a response that cannot be used.
pub(crate) fn wipe_all(response: &mut Value) {
    match response {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe_all),
        Value::Object(fields) => fields.values_mut().for_each(wipe_all),
        _ => {}
    }
}

/// Finds the only text in the response that looks like an API key.
fn by_shape(response: &Value) -> Option<String> {
    let mut found = Vec::new();
    look(response, String::new(), &mut found);
    let (place, text) = found.first()?;
    found.iter().all(|(_, other)| other == text).then(|| place.clone())
}

fn look<'a>(value: &'a Value, place: String, found: &mut Vec<(String, &'a str)>) {
    match value {
        Value::String(text) if looks_like_a_key(text) => found.push((place, text)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| look(item, format!("{place}/{index}"), found));
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| look(value, format!("{place}/{}", escaped(name)), found));
        }
        _ => {}
    }
}

fn looks_like_a_key(text: &str) -> bool {
    text.len() == USUAL_LENGTH && ApiKey::new(text).is_ok_and(|key| key.shape().1)
}

/// Finds the text with the most likely name.
fn by_name(value: &Value, depth: usize, accept: &dyn Fn(&str) -> bool) -> Option<String> {
    let fields = value.as_object()?;
    let named =
        NAMES.iter().chain(&ENVELOPES).flat_map(|name| fields.iter().filter(move |(field, _)| same(field, name)));
    named.into_iter().find_map(|(field, value)| {
        let place = format!("/{}", escaped(field));
        match value {
            Value::String(text) => {
                let is_key = is_named(field) && !text.trim().is_empty() && accept(text);
                is_key.then_some(place)
            }
            Value::Array(items) if depth > 0 && items.len() == 1 => {
                by_name(items.first()?, depth - 1, accept).map(|inner| format!("{place}/0{inner}"))
            }
            Value::Object(_) if depth > 0 => by_name(value, depth - 1, accept).map(|inner| format!("{place}{inner}")),
            _ => None,
        }
    })
}

/// Escapes a name for a JSON pointer (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Overwrites all other occurrences of the key in the response.
fn redact(value: &mut Value, key: &str) {
    match value {
        Value::String(text) if !key.is_empty() && text.contains(key) => {
            text.zeroize();
            REDACTED.clone_into(text);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, key)),
        Value::Object(fields) => fields.values_mut().for_each(|field| redact(field, key)),
        _ => {}
    }
}

/// Drops the fields that held or could hold a key: the rest of its object, an emptied text, a second key.
fn drop_named(value: &mut Value) {
    let Value::Object(fields) = value else { return };
    fields.retain(|name, value| {
        if is_envelope(name) {
            drop_named(value);
        }
        let is_husk = match &*value {
            Value::Null => true,
            Value::Array(items) => items.iter().all(Value::is_null),
            Value::String(text) => Uuid::try_parse(text).is_err(),
            _ => false,
        };
        let goes = is_named(name) && is_husk;
        if goes {
            wipe_all(value);
        }
        !goes
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const USUAL: &str = "010123456789abcdef01234567_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const UUID: &str = "11111111-1111-4111-8111-111111111111";

    /// Returns the key, and the rest of the response, which does not contain it.
    fn taken(mut response: Value) -> (Option<String>, Value, Option<Map<String, Value>>) {
        let shown = take(&mut response, "the test");
        let Some(SecretResponse { api_key, beside }) = shown else { return (None, response, None) };
        let text = api_key.expose_text().expect("text").to_owned();
        let left = format!("{response} {}", Value::Object(beside.clone().unwrap_or_default()));
        assert!(!left.contains(&text), "{left}");
        assert!(!format!("{api_key:?}").contains(&text));
        (Some(text), response, beside)
    }

    #[test]
    fn every_name_is_found_plain_and_nested() {
        let writings =
            ["api_token", "apiToken", "api_key", "apiKey", "ApiKey", "api-key", "API_KEY", "api_access_token"];
        for name in writings.into_iter().chain(["apiAccessToken", "token", "secret", "value", "key"]) {
            let (key, left, beside) = taken(json!({ "id": UUID, name: "canary" }));
            assert_eq!((key.as_deref(), beside), (Some("canary"), None), "{name}");
            assert_eq!(left, json!({ "id": UUID }), "{name}");
            for inner in ["token", "value", "secret", "api_key", "key"] {
                let (key, left, beside) = taken(json!({ "id": UUID, name: { "id": "t", inner: "canary" } }));
                assert_eq!(key.as_deref(), Some("canary"), "{name}.{inner}");
                assert_eq!(left, json!({ "id": UUID }), "{name}.{inner}");
                assert_eq!(Value::from(beside.expect("the token")), json!({ "id": "t" }));
            }
        }
        let (key, left, beside) = taken(json!({ "id": 1, "api_tokens": [{ "id": 2, "token": "canary" }] }));
        assert_eq!((key.as_deref(), left), (Some("canary"), json!({ "id": 1 })));
        assert_eq!(Value::from(beside.expect("the token")), json!({ "id": 2 }));
    }

    #[test]
    fn usual_shape_is_found_under_any_name() {
        let (key, left, _) = taken(json!({ "id": UUID, "credential": { "material": USUAL }, "token": "t-1" }));
        assert_eq!(key.as_deref(), Some(USUAL));
        assert_eq!(left, json!({ "id": UUID, "credential": null }));
        // With two of them, the name decides, and the second key is removed.
        let other = USUAL.replace('a', "b");
        let (key, left, _) = taken(json!({ "token": USUAL, "key": other, "id": 1 }));
        assert_eq!((key.as_deref(), left), (Some(USUAL), json!({ "id": 1 })));
    }

    #[test]
    fn text_that_cannot_be_a_key_is_not_taken_for_one() {
        for text in ["********", "undefined", "<your key>", "a key", "{\"token\":1}", "\u{fc}", "/run/secrets/key"] {
            let response = json!({ "id": 1, "token": text, "name": "n" });
            assert_eq!(taken(response.clone()).0, None, "{text}");
            let (field, fault) = unusable(&response).expect("it is there");
            assert!(field == "token" && fault.starts_with("invalid API key") && !fault.contains(text), "{fault}");
        }
        assert_eq!(taken(json!({ "token": "********", "api_key": "canary" })).0.as_deref(), Some("canary"));
        let (key, left, _) = taken(json!({ "token": " canary\r\n\0" }));
        assert_eq!((key.as_deref(), left), (Some("canary"), json!({})), "what surrounds it would be stored with it");
    }

    #[test]
    fn token_id_is_not_its_key() {
        let (key, left, _) = taken(json!({ "api_token": UUID, "secret": "canary" }));
        assert_eq!((key.as_deref(), left), (Some("canary"), json!({ "api_token": UUID })));
        let (key, ..) = taken(json!({ "id": 1, "api_key": UUID }));
        assert_eq!(key.as_deref(), Some(UUID), "used only if there is nothing else");
    }

    #[test]
    fn duplicate_key_is_removed_everywhere() {
        let (key, left, _) = taken(json!({
            "token": "canary", "apiKey": "canary", "header": "x-api-key: canary", "deep": [{ "er": "canary" }],
        }));
        assert_eq!(key.as_deref(), Some("canary"));
        assert_eq!(left, json!({ "header": REDACTED, "deep": [{ "er": REDACTED }] }));
    }

    #[test]
    fn value_that_is_not_text_is_not_a_key() {
        for response in [
            json!({}),
            json!([]),
            json!("canary"),
            json!({ "id": 1, "name": "x" }),
            json!({ "token": "" }),
            json!({ "token": " " }),
            json!({ "token": null, "api_key": 7, "secret": true }),
            json!({ "token": { "id": "t" } }),
            json!({ "tokens": [{ "token": "a" }, { "token": "b" }] }),
            json!({ "a": { "token": "canary" } }),
        ] {
            let (key, left, _) = taken(response.clone());
            assert_eq!((key, left), (None, response));
        }
    }

    #[test]
    fn response_in_an_envelope_is_unwrapped() {
        let inner = |mut response: Value| unwrapped(&mut response).cloned().map(Value::from);
        assert_eq!(inner(json!({ "user": { "id": 1 }, "x": 2 })), Some(json!({ "id": 1 })));
        assert_eq!(inner(json!({ "id": 3, "user": { "id": 1 } })), Some(json!({ "id": 3, "user": { "id": 1 } })));
        assert_eq!(inner(json!({ "x": 2 })), Some(json!({ "x": 2 })));
        assert_eq!(inner(json!([1])), None);
        let (key, left, beside) = taken(json!({ "data": { "id": 1, "token": "canary" } }));
        assert_eq!((key.as_deref(), left, beside), (Some("canary"), json!({ "data": { "id": 1 } }), None));
        let (_, left, beside) = taken(json!({ "user": { "id": 1 }, "api_token": { "id": 2, "token": "canary" } }));
        assert_eq!((left, beside.map(Value::from)), (json!({ "user": { "id": 1 } }), Some(json!({ "id": 2 }))));
    }

    #[test]
    fn response_text_is_wiped_unless_shared() {
        let body = Bytes::from(b"canary".to_vec());
        let address = body.as_ptr();
        let wiped = overwritten(body).expect("not shared");
        assert_eq!((wiped.as_ptr(), &*wiped), (address, &[0; 6][..]), "the same memory, not a copy");
        let body = Bytes::from(b"shared".to_vec());
        let reader = body.clone();
        assert!(overwritten(body).is_none());
        assert_eq!(&*reader, b"shared", "shared bytes are unchanged");
    }
}
