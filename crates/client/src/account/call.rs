//! The few calls that all resources are made of: read an object, change one, make one. Paths are put together here.

use digicert_one_core::{Code, Diagnosis};
use http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::check::{self, InvalidField};
use super::fields;
use super::left_behind::{LeftBehind, Made, is_possible};
use super::shown_once;
use crate::mismatch::Mismatch;
use crate::{Client, Error, ErrorKind, Path, RequestBuilder};

/// `/account/api/v1/` and these segments, each encoded.
pub(super) fn path(segments: &[&str]) -> Path {
    ["account", "api", "v1"].iter().chain(segments).fold(Path::root(), |path, segment| path.segment(segment))
}

/// The object at this path.
pub(super) async fn read<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, Error> {
    request.send().await?.json().await
}

/// Changes an object; gives it as it is now, where the answer shows it.
pub(super) async fn change<T: DeserializeOwned>(request: RequestBuilder) -> Result<Option<T>, Error> {
    let response = request.send().await?;
    let status = response.status();
    let body = response.json_bytes().await?;
    if status == StatusCode::NO_CONTENT || body.trim_ascii().is_empty() {
        return Ok(None);
    }
    serde_json::from_slice(&body).map(Some).map_err(|error| undecoded(status, body.len(), &error))
}

/// Deletes what is at this path. Repeated after a failure, the call may find that the first attempt did it.
pub(super) async fn delete(request: RequestBuilder) -> Result<(), Error> {
    match request.send().await {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Code::API_02 && error.is_perhaps_done() => Ok(()),
        Err(error) => Err(error),
    }
}

/// The answer of a create call: an object, and its id, where it tells one.
pub(super) struct Answer {
    pub(super) object: Value,
    pub(super) origin: String,
    left_behind: LeftBehind,
}

/// Makes something. Not marked as idempotent, so it is sent again only if it surely was not processed. Each error says what may
/// have been made nevertheless.
pub(super) async fn create(
    client: &Client,
    resource: &'static str,
    body: &(impl Serialize + ?Sized),
    what: Made,
    name: &str,
) -> Result<Answer, Error> {
    let left_behind = LeftBehind::new(what, name);
    let target = path(&[resource]);
    let origin = format!("the answer to POST {}", target.as_str());
    let response = match client.post(target).json(body).send().await {
        Ok(response) => response,
        Err(error) if is_possible(&error) => return Err(error.leaving(left_behind)),
        Err(error) => return Err(error),
    };
    let status = response.status();
    let body = response.json_bytes().await.map_err(|error| error.leaving(left_behind.clone()))?;
    let object = serde_json::from_slice::<Value>(&body);
    let length = body.len();
    shown_once::wipe(body);
    let mut object = object.map_err(|error| undecoded(status, length, &error).leaving(left_behind.clone()))?;
    let id = id_of(&mut object);
    Ok(Answer { object, origin, left_behind: left_behind.known_as(id) })
}

impl Answer {
    /// The object, if it can be read as one; what was shown once is already out of it.
    pub(super) fn into_object<T: DeserializeOwned>(mut self) -> Option<T> {
        let fields = std::mem::take(shown_once::unwrapped(&mut self.object)?);
        serde_json::from_value(Value::Object(fields)).ok()
    }

    /// The error of an answer that does not show what it shows once. Wipes what is left of it.
    pub(super) fn not_shown(mut self, thing: &str) -> Error {
        let LeftBehind { what, name, .. } = &self.left_behind;
        let summary = format!("{} shows no {thing}, so the {what} {name:?} cannot be used.", self.origin);
        let fields = match &self.object {
            Value::Object(fields) if fields.is_empty() => "the answer is an empty object".to_owned(),
            Value::Object(fields) => {
                let names: Vec<String> = fields.keys().take(40).map(|name| name.escape_debug().to_string()).collect();
                format!("the answer has the fields {}", names.join(", "))
            }
            _ => "the answer is no object".to_owned(),
        };
        shown_once::wipe_all(&mut self.object);
        Error::new(ErrorKind::NotShown, Diagnosis::of(Code::API_05, summary).with_evidence(fields))
            .leaving(self.left_behind)
    }
}

/// The id of what an answer is about, in an envelope or not.
fn id_of(answer: &mut Value) -> Option<String> {
    let object = shown_once::unwrapped(answer)?;
    let names = ["id", "user_id", "token_id", "certificate_id"];
    let field = names.iter().find_map(|name| fields::field(object, name))?;
    match object.get(&field)? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

fn undecoded(status: StatusCode, length: usize, error: &serde_json::Error) -> Error {
    let summary = format!("the answer (HTTP {}, {length} bytes) is not the expected JSON", status.as_u16());
    Error::new(ErrorKind::Decode, Diagnosis::of(Code::AUT_05, summary)).with_source(Mismatch::new(error))
}

/// Checks the id that stands in a path.
pub(super) fn checked<'a>(field: &'static str, id: &'a str) -> Result<&'a str, InvalidField> {
    check::id(field, id).map(|()| id)
}
