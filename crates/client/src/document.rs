//! Error documents in JSON, in the forms of the platform's services and of the frameworks that they use. Every entry of a list is read,
//! and messages are found under all names that were seen.

use serde_json::{Map, Value};

/// Names of a message, best first. All names stand here in lower case and without signs: `Message`, `errorMessage` and `error_message`
/// are those of one service or another.
const MESSAGES: [&str; 14] = [
    "message",
    "faultstring",
    "detail",
    "errordescription",
    "errormessage",
    "description",
    "msg",
    "text",
    "moreinformation",
    "httpmessage",
    "reason",
    "details",
    "title",
    "error",
];
const CODES: [&str; 4] = ["code", "errorcode", "status", "reason"];
const FIELDS: [&str; 6] = ["field", "param", "parameter", "property", "pointer", "loc"];
/// Names of fields that hold further entries.
const LISTS: [&str; 8] =
    ["errors", "error", "fault", "detail", "details", "violations", "invalidparams", "fielderrors"];
/// The most entries that are read.
const MOST: usize = 6;

/// One entry of an error document.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) field: Option<String>,
}

/// The content of an error document.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) field: Option<String>,
    /// The other entries, each in one text.
    pub(crate) more: Vec<String>,
}

impl Document {
    /// Reads a body; `None` if it has neither a code nor a message.
    pub(crate) fn read(body: &Value) -> Option<Self> {
        // A text alone is not a document: a gateway may send a JSON string.
        if body.is_string() {
            return None;
        }
        let mut entries = Vec::new();
        gather(body, &mut entries);
        let mut entries = entries.into_iter();
        let first = entries.next()?;
        let mut document = Self { code: first.code, message: first.message, field: first.field, more: Vec::new() };
        for entry in entries {
            document.code = document.code.or_else(|| entry.code.clone());
            match (&document.message, entry) {
                (None, Entry { message: message @ Some(_), field, .. }) => {
                    document.message = message;
                    document.field = document.field.or(field);
                }
                (_, entry) => {
                    let text = entry.text();
                    let known = [&document.code, &document.message].into_iter().flatten().any(|known| *known == text);
                    if !known && !text.is_empty() && !document.more.contains(&text) {
                        document.more.push(text);
                    }
                }
            }
        }
        Some(document)
    }
}

/// Whether a body is certainly an error document, whatever its status: nothing else has these fields.
pub(crate) fn reports_error(body: &Value) -> bool {
    let Value::Object(object) = body else { return false };
    let holds = |name: &str| match field(object, name) {
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(fields)) => !fields.is_empty(),
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(Value::Bool(is)) => *is,
        _ => false,
    };
    if ["errors", "error", "fault", "faultstring"].into_iter().any(holds)
        || ["success", "ok"].into_iter().any(|name| field(object, name) == Some(&Value::Bool(false)))
    {
        return true;
    }
    // An object with an id is a resource.
    if has_id(object) {
        return false;
    }
    let failed = |text: &str| ["error", "failed", "failure", "fail"].iter().any(|word| text.eq_ignore_ascii_case(word));
    let is_status = |name: &str| match field(object, name) {
        Some(Value::Number(number)) => number.as_u64().is_some_and(|number| (400..600).contains(&number)),
        Some(Value::String(text)) => text.parse().is_ok_and(|number: u16| (400..600).contains(&number)),
        _ => false,
    };
    text_of(object, "status").is_some_and(|status| failed(&status))
        || (has_message(object) && ["status", "statuscode", "code"].into_iter().any(is_status))
}

/// Whether a body that is not what was expected looks like an error document: a code and a message are enough.
pub(crate) fn looks_like_error(body: &Value) -> bool {
    let coded = |object: &Map<String, Value>| CODES.iter().any(|name| code(name, object).is_some());
    reports_error(body)
        || body.as_object().is_some_and(|object| !has_id(object) && has_message(object) && coded(object))
}

fn has_id(object: &Map<String, Value>) -> bool {
    ["id", "user_id", "token_id", "certificate_id"].iter().any(|name| object.contains_key(*name))
}

/// Whether an object is a resource, sent along with an error status: it has an id, or a name, and no message.
fn is_resource(object: &Map<String, Value>) -> bool {
    (has_id(object) || object.contains_key("name")) && !has_message(object)
}

fn has_message(object: &Map<String, Value>) -> bool {
    // The other names of a message are also those of a description.
    MESSAGES[..5].iter().chain(&["msg", "title"]).any(|name| text_of(object, name).is_some())
}

impl Entry {
    /// The entry as one text.
    fn text(self) -> String {
        let field = self.field.map(|field| format!(" ({field})")).unwrap_or_default();
        match (self.code, self.message) {
            (Some(code), Some(message)) => format!("{code}: {message}{field}"),
            (Some(text), None) | (None, Some(text)) => format!("{text}{field}"),
            (None, None) => String::new(),
        }
    }

    /// Reads an object as an entry.
    fn of(object: &Map<String, Value>) -> Self {
        // OAuth and CSC: {"error":"invalid_request","error_description":"why"}; the word is a code if a description is present.
        let described = field(object, "errordescription").is_some();
        let code = match field(object, "error") {
            Some(Value::String(error)) if described => Some(error.clone()),
            // The status of a resource, such as ACTIVE, is not an error code.
            _ => CODES
                .iter()
                .filter(|name| **name != "status" || !is_resource(object))
                .find_map(|name| code(name, object)),
        };
        let is_other = |text: &String| Some(text) != code.as_ref();
        // An object that is an entry was gathered as one.
        let own = |name: &&str| match field(object, name)? {
            Value::Object(inner) if LISTS.contains(name) && is_named_as_entry(inner) => None,
            value => text(value),
        };
        let message = MESSAGES.iter().filter_map(own).find(is_other);
        let message = match (text_of(object, "title"), message) {
            (Some(title), Some(message)) if title != message => Some(format!("{title}: {message}")),
            (_, message) => message,
        };
        let pointer = field(object, "source").and_then(Value::as_object);
        let field = FIELDS.iter().find_map(|name| text_of(object, name).or_else(|| text_of(pointer?, name)));
        Self { code, message, field }
    }
}

/// The first entries of a value, those of inner lists first. Reading ends with the last one that is used: a body of megabytes
/// may hold a million.
fn gather(value: &Value, entries: &mut Vec<Entry>) {
    if entries.len() >= MOST {
        return;
    }
    match value {
        Value::String(text) if !text.trim().is_empty() => {
            entries.push(Entry { message: Some(text.clone()), ..Entry::default() });
        }
        Value::Array(items) => items.iter().take(MOST).for_each(|item| gather(item, entries)),
        Value::Object(object) => {
            for name in LISTS {
                match field(object, name) {
                    Some(list @ Value::Array(_)) => gather(list, entries),
                    Some(error @ Value::Object(inner)) if name == "error" || is_entry(inner) => gather(error, entries),
                    // ASP.NET and Rails: {"errors":{"name":["is too long"]}}
                    Some(Value::Object(fields)) if name == "errors" => entries.extend(by_field(fields)),
                    Some(text @ Value::String(_)) if name == "errors" => gather(text, entries),
                    _ => {}
                }
            }
            entries.truncate(MOST);
            let own = Entry::of(object);
            let quoted = own.message.as_ref().is_some_and(|own| {
                entries.iter().any(|entry| entry.message.as_ref().is_some_and(|message| own.contains(message.as_str())))
            });
            let own = if quoted { Entry { message: None, ..own } } else { own };
            if entries.len() < MOST && (own.message.is_some() || own.code.is_some()) {
                entries.push(own);
            }
        }
        _ => {}
    }
}

/// Whether an object has fields of an entry. It looks at this object alone: a body may be deep.
fn is_named_as_entry(object: &Map<String, Value>) -> bool {
    MESSAGES.iter().chain(&CODES).any(|name| field(object, name).is_some())
}

/// Whether an object is an entry, or holds entries.
fn is_entry(object: &Map<String, Value>) -> bool {
    let own = Entry::of(object);
    own.message.is_some() || own.code.is_some() || LISTS.iter().any(|name| field(object, name).is_some())
}

fn by_field(fields: &Map<String, Value>) -> impl Iterator<Item = Entry> + '_ {
    fields.iter().take(MOST).filter_map(|(field, value)| {
        Some(Entry { code: None, message: Some(text(value)?), field: Some(field.clone()) })
    })
}

/// A machine code under this name. A number under `status` is the HTTP status, and a reason in words is a message.
fn code(name: &str, object: &Map<String, Value>) -> Option<String> {
    let code = match field(object, name)? {
        Value::String(code) => code.clone(),
        Value::Number(code) if name != "status" => code.to_string(),
        _ => return None,
    };
    let is_number = code.bytes().all(|byte| byte.is_ascii_digit());
    let is_word = !code.contains(char::is_whitespace);
    match name {
        "status" if is_number || !is_word => None,
        "reason" if !is_word => None,
        _ if code.is_empty() => None,
        _ => Some(code),
    }
}

fn text_of(object: &Map<String, Value>, name: &str) -> Option<String> {
    text(field(object, name)?)
}

/// The field of this name, whatever its case and signs; one that has the name as it stands comes first.
fn field<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let is_it = |other: &str| {
        let letters = other.bytes().filter(u8::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase());
        letters.eq(name.bytes())
    };
    object.get(name).or_else(|| object.iter().find(|(other, _)| is_it(other)).map(|(_, value)| value))
}

/// The text of a value: a string, the strings of a list, or of an object by language the English or the first one.
fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().take(MOST).filter_map(Value::as_str).collect::<Vec<_>>().join("; ")
        }
        Value::Object(object) => {
            let english = object.iter().find(|(language, _)| language.to_ascii_lowercase().starts_with("en"));
            english.map(|(_, value)| value).into_iter().chain(object.values()).find_map(Value::as_str)?.to_owned()
        }
        _ => return None,
    };
    (!text.trim().is_empty()).then_some(text)
}

/// Whether a body has the form of the platform's own error documents: `{"errors":[{..}]}` or `{"error":{..}}`, and that of CSC,
/// `{"error":"..","error_description":".."}`. All other forms are also those of frameworks and gateways.
pub(crate) fn is_own_form(body: &Value) -> bool {
    let described = ["error_description", "errorDescription"].iter().any(|name| body.get(name).is_some());
    matches!((body.get("errors"), body.get("error")), (Some(Value::Array(_)), _) | (_, Some(Value::Object(_))))
        || (described && body.get("error").is_some_and(Value::is_string))
}

/// The API gateway that writes error documents of this form, if only a gateway does.
pub(crate) fn gateway(body: &Value) -> Option<&'static str> {
    let object = body.as_object()?;
    let is_subscription = || object.get("message")?.as_str().map(|text| text.contains("subscription key"));
    match object.len() {
        1 if object.get("fault").is_some_and(|fault| fault.get("faultstring").is_some()) => Some("Apigee"),
        _ if object.get("cloudflare_error") == Some(&Value::Bool(true)) => Some("Cloudflare"),
        2 if object.contains_key("statusCode") && is_subscription() == Some(true) => Some("Azure API Management"),
        _ => None,
    }
}

/// Whether a body holds text beside a code, so that an excerpt is useful.
pub(crate) fn has_other_words(body: &Value) -> bool {
    const ACCOMPANIMENT: [&str; 8] =
        ["timestamp", "path", "instance", "type", "request_id", "requestId", "traceId", "trace_id"];
    match body {
        Value::String(text) => text.contains(' '),
        Value::Array(items) => items.iter().any(has_other_words),
        Value::Object(object) => object.iter().any(|(name, value)| {
            !ACCOMPANIMENT.contains(&name.as_str()) && !CODES.contains(&name.as_str()) && has_other_words(value)
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> (Option<String>, Option<String>, Vec<String>) {
        let document = Document::read(body).unwrap_or_else(|| panic!("{body}"));
        (document.code, document.message, document.more)
    }

    #[test]
    fn error_document_under_success_is_reported_from_a_thing() {
        for body in [
            json!({ "errors": [{ "code": "a", "message": "b" }] }),
            json!({ "id": "1", "errors": [{ "message": "b" }] }),
            json!({ "error": "invalid" }),
            json!({ "code": 401, "message": "b" }),
            json!({ "status": "error", "message": "b" }),
            json!({ "status": "500", "title": "b" }),
            json!({ "success": false }),
        ] {
            assert!(reports_error(&body) && looks_like_error(&body), "{body}");
        }
        for body in [
            json!({ "id": "1", "status": "FAILED", "message": "b" }),
            json!({ "id": "1", "errors": [], "error": null }),
            json!({ "code": 200, "message": "done" }),
            json!({ "code": "deleted", "message": "done" }),
            json!({ "status": "ACTIVE", "description": "a host" }),
            json!([]),
            json!("error"),
        ] {
            assert!(!reports_error(&body), "{body}");
        }
        assert!(looks_like_error(&json!({ "code": "no_access", "message": "b" })));
        assert!(!looks_like_error(&json!({ "status": "ACTIVE", "description": "a host" })));
    }

    #[test]
    fn status_of_a_resource_is_no_code() {
        for body in [json!({ "id": "1", "status": "ACTIVE" }), json!({ "name": "a", "status": "DISABLED" })] {
            assert!(Document::read(&body).is_none_or(|document| document.code.is_none()), "{body}");
        }
        for body in [json!({ "id": "1", "status": "QUOTA", "message": "b" }), json!({ "status": "NOT_FOUND" })] {
            assert!(Document::read(&body).is_some_and(|document| document.code.is_some()), "{body}");
        }
    }

    #[test]
    fn code_inside_a_detail_is_found() {
        let fault =
            json!({"fault": {"faultstring": "Invalid ApiKey", "detail": {"errorcode": "oauth.v2.InvalidApiKey"}}});
        assert_eq!(
            read(&fault),
            (Some("oauth.v2.InvalidApiKey".to_owned()), Some("Invalid ApiKey".to_owned()), vec![])
        );
        assert!(!is_own_form(&json!({"Errors": [{"Message": "b"}]})), "the platform's names have this case only");
    }

    #[test]
    fn text_is_found_in_every_shape() {
        let shapes = [
            json!({"errors": ["Seat limit reached"]}),
            json!({"errors": "Seat limit reached"}),
            json!({"errors": [{"status": "400", "detail": "Seat limit reached"}]}),
            json!({"errors": [{"error": "Seat limit reached"}]}),
            json!({"errors": [{"errors": [{"message": "Seat limit reached"}]}]}),
            json!({"errors": {"seats": ["Seat limit reached"]}}),
            json!({"errors": {"message": "Seat limit reached"}}),
            json!({"error": {"reason": "quota", "detail": "Seat limit reached"}}),
            json!({"error": {"reason": "Seat limit reached"}}),
            json!({"error": {"errors": [{"code": "x", "message": "Seat limit reached"}]}}),
            json!({"error": {"message": ["Seat limit reached"]}}),
            json!({"error": "Seat limit reached"}),
            json!({"error": ["Seat limit reached"]}),
            json!({"code": "x", "message": {"de": "Voll", "en": "Seat limit reached"}}),
            json!({"code": "x", "message": {"text": "Seat limit reached"}}),
            json!({"title": "Seat limit reached", "status": 400, "type": "about:blank"}),
            json!({"reason": "Seat limit reached"}),
            json!({"errorMessage": "Seat limit reached", "errorCode": 7}),
            json!({"Message": "Seat limit reached"}),
            json!({"ErrorCode": "quota", "ErrorMessage": "Seat limit reached"}),
            json!({"Error": {"Code": "quota", "Message": "Seat limit reached"}}),
            json!({"Errors": [{"Message": "Seat limit reached"}]}),
            json!({"httpCode": "400", "httpMessage": "Bad Request", "moreInformation": "Seat limit reached"}),
            json!({"fault": {"faultstring": "Seat limit reached", "detail": {"errorcode": "quota"}}}),
            json!({"detail": [{"loc": ["body", "seats"], "msg": "Seat limit reached", "type": "value_error"}]}),
            json!([{"code": "x", "message": "Seat limit reached"}]),
            json!(["Seat limit reached"]),
            json!({"error": {"code": "x", "details": [{"message": "Seat limit reached"}]}}),
            json!({"error": {"code": "x", "details": "Seat limit reached"}}),
        ];
        for shape in shapes {
            assert_eq!(read(&shape).1.as_deref(), Some("Seat limit reached"), "{shape}");
        }
    }

    #[test]
    fn all_entries_are_kept_and_none_twice() {
        let body = json!({"errors": [{"code": "a", "message": "first"}, {"code": "b", "message": "second", "field": "f"}, "third"]});
        let (code, message, more) = read(&body);
        assert_eq!((code.as_deref(), message.as_deref()), (Some("a"), Some("first")));
        assert_eq!(more, ["b: second (f)", "third"]);
        let body = json!({"message": "Validation failed", "code": "v", "errors": ["too long", "too long"]});
        let (code, message, more) = read(&body);
        assert_eq!((code.as_deref(), message.as_deref()), (Some("v"), Some("too long")));
        assert_eq!(more, ["v: Validation failed"]);
        let many = json!({"errors": (0..100).map(|number| number.to_string() + " is wrong").collect::<Vec<_>>()});
        assert_eq!(read(&many).2.len(), MOST - 1);
        let title = json!({"title": "Invalid", "detail": "Seat limit reached"});
        assert_eq!(read(&title).1.as_deref(), Some("Invalid: Seat limit reached"));
    }

    #[test]
    fn no_more_entries_are_gathered_than_are_used() {
        let mut tree = json!("No");
        for _ in 0..5 {
            tree = json!(vec![tree; MOST]);
        }
        let mut entries = Vec::new();
        gather(&tree, &mut entries);
        assert_eq!(entries.len(), MOST, "each object would compare its text with all of them");
    }

    #[test]
    fn empty_document_is_not_an_error_document() {
        for body in [
            json!({}),
            json!([]),
            json!({"errors": []}),
            json!({"status": 403}),
            json!({"x": "y"}),
            json!(7),
            json!("Forbidden"),
        ] {
            assert_eq!(Document::read(&body), None, "{body}");
        }
        assert!(has_other_words(&json!({"code": "x", "hint": "Seat limit reached"})));
        assert!(!has_other_words(&json!({"errors": [{"code": "x", "timestamp": "2026-01-01 10:00"}]})));
    }
}
