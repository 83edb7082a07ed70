//! `d1 call` and `d1 whoami`: one real call.

use std::collections::HashMap;
use std::future::Future;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use digicert_one::core::{Code, Diagnosis, Mode, printable_line};
use digicert_one::{Client, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::arguments::{CallOptions, ConnectionOptions, Data};
use crate::connection;
use crate::error_response::ErrorResponse;
use crate::failure::Failure;
use crate::output::{Output, diagnosis_json};

/// The longest body of a request: it is held in memory.
const LONGEST_DATA: u64 = 256 * 1024 * 1024;

/// Makes one call and prints the body of the response.
pub(crate) async fn call(options: &CallOptions, output: &Output) -> Result<(), Failure> {
    let (content_type, data) = options.body().await?;
    let client = connection::client(&options.connection, output).await?;
    let method: Method =
        options.method.to_ascii_uppercase().parse().map_err(|error| Failure::Internal(Box::new(error)))?;
    let mut request = client.request(method, options.path.clone());
    for header in options.header.iter().filter(|header| header.name != CONTENT_TYPE) {
        request = request.header(header.name.as_str(), &header.value);
    }
    if let Some(data) = data {
        request = request.body(content_type, data);
    }
    output.progress(&format!("calling {}", options.path));
    let limit = connection::limit(&options.connection);
    let (head, headers, encoding, refusal, bytes) = within(limit, async {
        // With its headers, an error response is shown before the error.
        let response = if options.include { request.send_relayed().await? } else { request.send().await? };
        let (mut head, encoding) = (head(&client, &response, output), response.content_encoding().map(str::to_owned));
        let headers = options.include.then(|| Headers::of(&response));
        if let Some(headers) = &headers {
            head["headers"] = headers.document();
        }
        let refusal = ErrorResponse::of(&response);
        let body = match output.filters_bodies() && refusal.is_none() {
            true => filterable(response).await?,
            false => {
                let (head, body) = response.collected().await?;
                if refusal.is_none() {
                    let instead = if is_page(&head.headers, &body) {
                        head.foreign_body(&body).filter(|error| error.code() == Code::GW_03)
                    } else {
                        // A resource may have errors of its own.
                        head.error_document(&body)
                            .filter(|_| !has_id(&serde_json::from_slice(&body).unwrap_or_default()))
                    };
                    if let Some(error) = instead {
                        warn_of(error.diagnosis(), output);
                    }
                }
                body
            }
        };
        Ok((head, headers, encoding, refusal, body))
    })
    .await?;
    if let Some(encoding) = encoding {
        output.warning(&format!(
            "the body has the content encoding {}, which was not asked for, and is given as it came",
            printable_line(&encoding)
        ));
        if !output.is_json() && output.is_terminal() {
            return Err(Failure::Usage(
                "the body is encoded, so it is not shown on a terminal: write it to a file".to_owned(),
            ));
        }
    }
    if output.filters_bodies() {
        return match refusal {
            // A filter is for the bodies of successful responses.
            Some(refusal) => Err(refusal.into()),
            None if bytes.is_empty() => Ok(()),
            None => output.select(&bytes).map(drop),
        };
    }
    if output.is_json() {
        let document = ResponseDocument { head, body: Body::of(&bytes) };
        return match refusal {
            Some(refusal) => {
                Err(refusal.with_document(&document).map_err(|error| Failure::Internal(error.into()))?.into())
            }
            None => output.document(&document),
        };
    }
    if let Some(headers) = &headers {
        output.text(&headers.text())?;
    }
    output.bytes(&bytes)?;
    refusal.map_or(Ok(()), |refusal| Err(refusal.into()))
}

/// Warns of a web page or an error document with the status of a success, which is printed all the same: it may be a sign-in page, that of
/// a web filter, or the refusal of a gateway.
fn warn_of(diagnosis: &Diagnosis, output: &Output) {
    let summary = diagnosis.summary.trim_end_matches('.');
    output.warning(&format!("{} {summary}: {}", diagnosis.code, diagnosis.cause));
}

/// Whether the content type or the beginning of the body is that of a web page.
fn is_page(headers: &HeaderMap, body: &[u8]) -> bool {
    let is_html = |kind: &HeaderValue| kind.to_str().is_ok_and(|kind| kind.to_ascii_lowercase().contains("html"));
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    let begin = body[..body.len().min(14)].to_ascii_lowercase();
    headers.get(CONTENT_TYPE).is_some_and(is_html)
        || [&b"<!doctype html"[..], b"<html"].iter().any(|tag| begin.starts_with(tag))
}

/// The body for a filter: JSON in UTF-8, or nothing, which gives nothing. Anything else is the error of the response and not of the
/// filter.
async fn filterable(response: Response) -> Result<Bytes, Failure> {
    let (head, body) = response.json_parts().await?;
    if body.trim_ascii().is_empty() {
        return Ok(Bytes::new());
    }
    head.json::<Box<RawValue>>(&body)?;
    Ok(body)
}

impl CallOptions {
    /// The body of the request and its type.
    async fn body(&self) -> Result<(&str, Option<Vec<u8>>), Failure> {
        let given = self.header.iter().find(|header| header.name == CONTENT_TYPE).map(|header| &*header.value);
        let data = match &self.data {
            Some(Data::Literal(text)) if given.is_none() && serde_json::from_str::<IgnoredAny>(text).is_err() => {
                return Err(Failure::Usage(
                    "--data: this text is not JSON; write @FILE for the content of a file, or give the type of the text, as in \
                     -H 'Content-Type: text/plain'"
                        .to_owned(),
                ));
            }
            Some(Data::Literal(text)) => Some(text.clone().into_bytes()),
            Some(Data::File(path)) => Some(data(path.clone()).await?),
            Some(Data::Input) => Some(data("-".into()).await?),
            None => None,
        };
        Ok((given.unwrap_or("application/json"), data))
    }
}

/// Status line and headers, as they came.
struct Headers {
    status: String,
    headers: Vec<(String, String)>,
}

impl Headers {
    fn of(response: &Response) -> Self {
        let headers = response.headers().iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        Self { status: format!("{:?} {}", response.version(), response.status()), headers: headers.collect() }
    }

    fn text(&self) -> String {
        let lines = self.headers.iter().map(|(name, value)| format!("{name}: {}\n", printable_line(value)));
        format!("{}\n{}", self.status, lines.collect::<String>())
    }

    fn document(&self) -> Value {
        Value::Array(self.headers.iter().map(|(name, value)| json!([name, value])).collect())
    }
}

/// The head of a response, and what came with it.
#[derive(Serialize)]
struct ResponseDocument<T> {
    #[serde(flatten)]
    head: Value,
    #[serde(flatten)]
    body: T,
}

/// A body as it was sent: JSON stays the JSON that it is, to the byte.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Body<'a> {
    Json { body: &'a RawValue },
    Text { body: &'a str },
    Bytes { body_base64: String },
}

impl<'a> Body<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        // RFC 8259 section 8.1: a byte order mark may be ignored.
        let json = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match (serde_json::from_slice(json), std::str::from_utf8(bytes)) {
            (Ok(body), _) => Self::Json { body },
            (_, Ok(body)) => Self::Text { body },
            _ => Self::Bytes { body_base64: BASE64.encode(bytes) },
        }
    }
}

/// Who the platform takes the caller for, as it was sent.
#[derive(Serialize)]
struct Me<'a> {
    user: &'a RawValue,
}

/// A user as it was sent: an object with an id that reports no error.
pub(crate) struct Sent(Box<RawValue>);

impl Sent {
    /// The fields that this program can hold.
    pub(crate) fn fields(&self) -> Value {
        reading(&self.0)
    }
}

impl<'de> Deserialize<'de> for Sent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let sent = Box::<RawValue>::deserialize(deserializer)?;
        let me = reading(&sent);
        let has_id = has_id(&me);
        let is_error = ["errors", "error"].iter().any(|name| match &me[name] {
            Value::Array(items) => !items.is_empty(),
            Value::Object(fields) => !fields.is_empty(),
            _ => false,
        });
        if has_id && !is_error { Ok(Self(sent)) } else { Err(D::Error::missing_field("id")) }
    }
}

/// Whether this is an object with an id.
fn has_id(object: &Value) -> bool {
    ["id", "user_id"].iter().any(|name| match &object[name] {
        Value::String(id) => !id.trim().is_empty(),
        Value::Number(_) => true,
        _ => false,
    })
}

/// Asks who the platform takes the caller for.
pub(crate) async fn whoami(options: &ConnectionOptions, output: &Output) -> Result<(), Failure> {
    let client = connection::client(options, output).await?;
    output.progress("asking /account/api/v1/user/me");
    let (mode, head, sent) = within(connection::limit(options), async {
        let response = client.get("/account/api/v1/user/me").send().await?;
        let (mode, head) = (response.mode(), head(&client, &response, output));
        let Sent(user) = response.json().await?;
        Ok((mode, head, user))
    })
    .await?;
    let me = reading(&sent);
    let field = |name: &str| match &me[name] {
        Value::String(text) => printable_line(text).to_string(),
        Value::Number(number) => number.to_string(),
        _ => "(unknown)".to_owned(),
    };
    let permissions = me["applications"].as_array().map_or(0, |applications| {
        applications.iter().filter_map(|application| application["permissions"].as_array()).map(Vec::len).sum::<usize>()
    });
    output.text(&format!(
        "{}\n  id           {}\n  type         {}\n  status       {}\n  permissions  {permissions}\n  credential   {} at {}{}\n  transport    {}",
        field("friendly_name"),
        if me["id"].is_null() { field("user_id") } else { field("id") },
        field("user_type"),
        field("status"),
        connection::name_of(mode),
        head["host"].as_str().unwrap_or_default(),
        remark(&head["client_certificate"]),
        head["transport"].as_str().unwrap_or_default(),
    ))?;
    output.document(&ResponseDocument { head, body: Me { user: &sent } })
}

/// The fields of an object for people; what this program cannot hold (a lone surrogate, a number of 400 digits) is left out.
fn reading(sent: &RawValue) -> Value {
    let fields: HashMap<String, &RawValue> = serde_json::from_str(sent.get()).unwrap_or_default();
    let read = |(name, value): (String, &RawValue)| Some((name, serde_json::from_str::<Value>(value.get()).ok()?));
    Value::Object(fields.into_iter().filter_map(read).collect())
}

/// The whole call, its body included: the client's own deadline ends with the head of the response.
async fn within<T>(limit: Duration, call: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    // The client's own error says more where both would end the call.
    match tokio::time::timeout(limit + Duration::from_millis(100), call).await {
        Ok(done) => done,
        Err(_) => Err(Failure::TooLate(limit)),
    }
}

/// A note on the client certificate; empty where it was sent, or there was none.
fn remark(certificate: &Value) -> &'static str {
    match certificate.as_str() {
        Some("not asked for") => " (the client certificate was not asked for and not sent)",
        Some("not sent") => " (the client certificate was not sent)",
        Some("unknown") => " (this transport does not show whether the client certificate was sent)",
        _ => "",
    }
}

/// Facts of the connection about the client certificate; empty where the call has none.
fn certificate(response: &Response) -> Option<&'static str> {
    let facts = response.facts();
    let has_one = matches!(response.mode(), Mode::Certificate | Mode::Both);
    has_one.then_some(match (facts.identity_requested, facts.identity_sent) {
        (_, Some(true)) => "sent",
        (Some(false), _) => "not asked for",
        (_, Some(false)) => "not sent",
        (_, None) => "unknown",
    })
}

fn head(client: &Client, response: &Response, output: &Output) -> Value {
    if let Some(warning) = response.warning() {
        output.warning(warning);
    }
    let mode: Mode = response.mode();
    json!({
        "client_certificate": certificate(response),
        "warning": response.warning().map(diagnosis_json),
        "status": response.status().as_u16(),
        "host": response.host(),
        "mode": mode.to_string(),
        "http": format!("{:?}", response.version()),
        "tls": response.facts().tls_version.map(|version| version.to_string()),
        "transport": client.connector_info().name,
    })
}

/// Reads on a thread of its own: standard input and pipes may wait, and a signal ends the command meanwhile.
async fn data(path: PathBuf) -> Result<Vec<u8>, Failure> {
    let reading = tokio::task::spawn_blocking(move || read(&path, LONGEST_DATA));
    reading.await.map_err(|error| Failure::Internal(error.into()))?
}

fn read(path: &Path, longest: u64) -> Result<Vec<u8>, Failure> {
    let failed = |source| Failure::File { action: "read", path: path.to_owned(), source };
    let mut source: Box<dyn Read> = match path.as_os_str() == "-" {
        true => Box::new(std::io::stdin()),
        false => Box::new(std::fs::File::open(path).map_err(failed)?),
    };
    let mut bytes = Vec::new();
    source.by_ref().take(longest + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > longest {
        let text = format!("it is longer than {} MiB", longest / (1024 * 1024));
        return Err(failed(std::io::Error::new(std::io::ErrorKind::InvalidInput, text)));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(body: &[u8]) -> String {
        serde_json::to_string(&ResponseDocument { head: json!({ "status": 200 }), body: Body::of(body) })
            .expect("a document")
    }

    #[test]
    fn json_body_is_printed_as_it_was_sent() {
        for body in [
            r#"{"b":12345678901234567890123,"a":1.10,"b":-0.0,"c":1E400}"#,
            r#"["J\ud83d","\u0041\/","\u001b[2J"]"#,
            r#"{ "\udead" : [ 1 ,2 ] }"#,
            "null",
            "1.0",
        ] {
            assert_eq!(printed(body.as_bytes()), format!(r#"{{"status":200,"body":{body}}}"#));
            assert_eq!(printed(format!("\r\n {body} ").as_bytes()), printed(body.as_bytes()));
        }
    }

    #[test]
    fn json_body_behind_a_byte_order_mark_is_json() {
        assert_eq!(printed("\u{feff}{\"a\":1}".as_bytes()), r#"{"status":200,"body":{"a":1}}"#);
    }

    #[test]
    fn user_has_an_id_that_is_a_text_or_a_number() {
        for body in [r#"{"id":"a"}"#, r#"{"id":7,"errors":[]}"#, r#"{"user_id":"a"}"#] {
            assert!(serde_json::from_str::<Sent>(body).is_ok(), "{body}");
        }
        for body in ["{}", "[]", "null", "\"x\"", r#"{"id":""}"#, r#"{"id":null}"#, r#"{"id":"a","errors":[{}]}"#] {
            assert!(serde_json::from_str::<Sent>(body).is_err(), "{body}");
        }
    }

    #[test]
    fn data_file_is_read_byte_for_byte() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        for bytes in [&b"\xef\xbb\xbf{}\r\n"[..], b"\xff\xfe{\0}\0", b"\xfe\xff\0{\0}", b"{\0}\0", b" \n"] {
            std::fs::write(file.path(), bytes).expect("written");
            assert_eq!(read(file.path(), 7).expect("read"), bytes);
        }
        std::fs::write(file.path(), "12345678").expect("written");
        assert!(read(file.path(), 7).is_err(), "a byte too many");
    }

    #[test]
    fn other_body_is_a_text_or_base64() {
        assert_eq!(printed(b"a \"b\"\n"), r#"{"status":200,"body":"a \"b\"\n"}"#);
        assert_eq!(printed(b""), r#"{"status":200,"body":""}"#);
        assert_eq!(printed(b"PK\x03\x04\xff\xfe\x00"), r#"{"status":200,"body_base64":"UEsDBP/+AA=="}"#);
        assert_eq!(printed(b"[\"\xff\"]"), r#"{"status":200,"body_base64":"WyL/Il0="}"#);
    }

    #[test]
    fn user_with_an_unreadable_field_is_shown_without_it() {
        let sent: Box<RawValue> =
            serde_json::from_str(r#"{"friendly_name":"J\ud83d","id":"7","n":1e999}"#).expect("JSON");
        assert_eq!(reading(&sent), json!({ "id": "7" }));
    }
}
