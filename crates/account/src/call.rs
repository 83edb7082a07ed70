//! The basic operations of all resources: read, change, create, delete. Paths are built here.

use digicert_one_client::{
    Client, Error, ErrorKind, OrphanedResource, Path, RequestBuilder, ResourceKind, json_mismatch,
};
use digicert_one_core::{Code, Diagnosis};
use http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::check::{self, InvalidField};
use crate::fields;
use crate::{Status, shown_once};

/// Returns `/account/api/v1/` plus these segments, each encoded.
pub(crate) fn path(segments: &[&str]) -> Path {
    ["account", "api", "v1"].iter().chain(segments).fold(Path::root(), |path, segment| path.segment(segment))
}

/// Reads the object at this path.
pub(crate) async fn read<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, Error> {
    request.send().await?.object().await
}

/// Changes an object; returns its new state if the response shows it.
pub(crate) async fn change<T: DeserializeOwned>(request: RequestBuilder) -> Result<Option<T>, Error> {
    let (head, body) = request.send().await?.json_parts().await?;
    if head.status == StatusCode::NO_CONTENT || body.trim_ascii().is_empty() {
        return Ok(None);
    }
    if let Some(error) = head.error_document(&body) {
        return Err(error);
    }
    match serde_json::from_slice(&body) {
        Ok(object) => Ok(Some(object)),
        // The response need not contain the object.
        Err(_) if head.status == StatusCode::ACCEPTED && head.likely_error_document(&body).is_none() => Ok(None),
        Err(error) => {
            let error = undecoded(head.status, body.len(), &error);
            Err(head.likely_error_document(&body).unwrap_or(error).after_attempts(head.attempts))
        }
    }
}

/// Makes a call whose response may be empty; returns the status and any JSON of the response. A web page or
/// an error document is an error, whatever its status.
pub(crate) async fn act(request: RequestBuilder) -> Result<(StatusCode, Option<Value>), Error> {
    let response = request.send().await?;
    let is_page = response.is_web_page();
    let (head, body) = response.json_parts().await?;
    if let Some(error) = head.error_document(&body) {
        return Err(error);
    }
    let begin = body.trim_ascii_start().first();
    match serde_json::from_slice(&body) {
        Ok(object) => Ok((head.status, Some(object))),
        Err(error) if begin.is_some() && (is_page || matches!(begin, Some(b'{' | b'['))) => {
            Err(undecoded(head.status, body.len(), &error).after_attempts(head.attempts))
        }
        Err(_) => Ok((head.status, None)),
    }
}

/// Deletes the resource at this path. A retry may find that the first attempt succeeded. If the platform only
/// accepted the call (202), `look` checks whether it is done.
pub(crate) async fn delete(request: RequestBuilder, look: RequestBuilder) -> Result<(), Error> {
    match act(request).await {
        Ok((StatusCode::ACCEPTED, _)) => match look.send().await {
            Err(error) if error.is_not_found() => Ok(()),
            _ => Err(not_proved("deletion")),
        },
        Ok(_) => Ok(()),
        Err(error) if error.is_not_found() && error.may_have_succeeded() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Returns the error for a change that was accepted, and may be done later or never.
pub(crate) fn not_proved(change: &str) -> Error {
    let summary = format!("the {change} was accepted (HTTP 202) but is not confirmed: it is not done yet.");
    let mut diagnosis = Diagnosis::new(Code::AUT_05, summary, "the platform does it later, or not at all");
    diagnosis.remedy = "Read the resource later; retry the call if nothing has changed.".to_owned();
    Error::new(ErrorKind::Decode, diagnosis)
}

/// Checks that a state is the requested one; an unknown state passes.
pub(crate) fn check_state(
    what: ResourceKind,
    asked: bool,
    enabled: Option<bool>,
    status: Option<&Status>,
) -> Result<(), Error> {
    let opposite = if asked { Status::Disabled } else { Status::Active };
    let contradicts = enabled.map_or(status == Some(&opposite), |enabled| enabled != asked);
    if !contradicts {
        return Ok(());
    }
    let (wanted, is) = if asked { ("enabled", "disabled") } else { ("disabled", "enabled") };
    let summary =
        format!("the {what} should be {wanted} but is still {is}, although the platform accepted the change.");
    let mut diagnosis = Diagnosis::new(Code::AUT_05, summary, "the response, or a later reading, shows the old state");
    diagnosis.remedy = format!("Read the {what} later; retry the call if nothing has changed.");
    Err(Error::new(ErrorKind::Decode, diagnosis))
}

/// The response of a create call: an object, and its id, if present.
pub(crate) struct CreateResponse {
    pub(crate) object: Value,
    pub(crate) origin: String,
    orphan: OrphanedResource,
}

/// Creates a resource. Not marked as idempotent, so it is retried only if it certainly was not processed.
/// Each error lists what may have been created anyway.
pub(crate) async fn create(
    client: &Client,
    resource: &'static str,
    body: &(impl Serialize + ?Sized),
    what: ResourceKind,
    name: &str,
) -> Result<CreateResponse, Error> {
    let orphan = OrphanedResource::new(what, name);
    let target = path(&[resource]);
    let origin = format!("the response to POST {}", target.as_str());
    let response = match client.post(target).json(body).send().await {
        Ok(response) => response,
        Err(error) if error.may_have_created() => return Err(error.with_orphan(orphan)),
        Err(error) => return Err(error),
    };
    let (head, body) = response.json_parts().await.map_err(|error| error.with_orphan(orphan.clone()))?;
    let status = head.status;
    let object = serde_json::from_slice::<Value>(&body);
    let length = body.len();
    shown_once::wipe(body);
    let mut object = object.map_err(|error| undecoded(status, length, &error).with_orphan(orphan.clone()))?;
    let id = id_of(&mut object);
    Ok(CreateResponse { object, origin, orphan: orphan.with_id(id) })
}

impl CreateResponse {
    /// Parses the object, from which the secrets shown once were already removed.
    pub(crate) fn into_object<T: DeserializeOwned>(mut self) -> Option<T> {
        let fields = std::mem::take(shown_once::unwrapped(&mut self.object)?);
        serde_json::from_value(Value::Object(fields)).ok()
    }

    /// Returns the error for a response without the secret that is shown once. Wipes the rest of the response.
    pub(crate) fn not_shown(mut self, thing: &str) -> Error {
        let OrphanedResource { kind: what, name, .. } = &self.orphan;
        let summary = format!("{} has no {thing}, so the {what} {name:?} cannot be used.", self.origin);
        let fields = match &self.object {
            Value::Object(fields) if fields.is_empty() => "the response is an empty object".to_owned(),
            Value::Object(fields) => {
                let names: Vec<String> = fields.keys().take(40).map(|name| name.escape_debug().to_string()).collect();
                format!("the response has the fields {}", names.join(", "))
            }
            _ => "expected a JSON object in the response".to_owned(),
        };
        let unusable = shown_once::unusable(&self.object)
            .map(|(field, fault)| format!("the field {} holds no {thing}: {fault}", field.escape_debug()));
        shown_once::wipe_all(&mut self.object);
        let diagnosis = Diagnosis::of(Code::API_05, summary).with_evidence(fields);
        Error::new(ErrorKind::NotShown, unusable.into_iter().fold(diagnosis, Diagnosis::with_evidence))
            .with_orphan(self.orphan)
    }
}

/// Finds the id of a response's object, with or without an envelope.
fn id_of(response: &mut Value) -> Option<String> {
    let object = shown_once::unwrapped(response)?;
    let names = ["id", "user_id", "token_id", "certificate_id"];
    let field = names.iter().find_map(|name| fields::field(object, name))?;
    match object.get(&field)? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

fn undecoded(status: StatusCode, length: usize, error: &serde_json::Error) -> Error {
    let summary = format!("unexpected response (HTTP {}, {length} bytes): not the expected JSON", status.as_u16());
    Error::new(ErrorKind::Decode, Diagnosis::of(Code::AUT_05, summary)).with_source(json_mismatch(error))
}

/// Checks an id that is used in a path.
pub(crate) fn checked<'a>(field: &'static str, id: &'a str) -> Result<&'a str, InvalidField> {
    check::id(field, id).map(|()| id)
}
