//! JSON as the control API takes and gives it. Fields that it does not know are refused, or a slip of the pen would be a fault that
//! never comes.

use std::str::FromStr;
use std::time::{Duration, SystemTime};

use http::{Method, StatusCode};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::http::Problem;
use crate::end_date::EndDate;
use crate::error_shape::ErrorShape;
use crate::faults::{Fault, FaultKind, FaultState, Moment, Times};
use crate::limits::{Maintenance, RateLimit};
use crate::observation::{HostKind, Observation};
use crate::retry_after::{RetryAfter, RetryAfterForm};

/// A fault: its kind, what belongs to the kind, and which calls it is for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultForm {
    kind: String,
    path: Option<String>,
    method: Option<String>,
    host: Option<String>,
    times: Option<u64>,
    chance: Option<f64>,
    seed: Option<u64>,
    moment: Option<String>,
    milliseconds: Option<u64>,
    bytes: Option<usize>,
    retry_after_seconds: Option<u64>,
    retry_after_form: Option<String>,
    status: Option<u16>,
    shape: Option<String>,
    seconds: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClockForm {
    now: Option<String>,
    pub(super) advance_seconds: Option<u64>,
    pub(super) fixed: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RateLimitForm {
    calls: usize,
    window_seconds: u64,
    retry_after_form: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MaintenanceForm {
    retry_after_seconds: Option<u64>,
    retry_after_form: Option<String>,
    ending_in_seconds: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorShapeForm {
    pub(super) path: String,
    pub(super) shape: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServerCertificateForm {
    ends: Option<String>,
    ends_in_seconds: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndDateForm {
    #[serde(deserialize_with = "present")]
    end_date: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EnabledForm {
    pub(super) enabled: Option<bool>,
    /// There and null, there and a date, or not there.
    #[serde(default, deserialize_with = "there")]
    end_date: Option<Option<String>>,
}

/// The text is no fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidFault(String);

/// The JSON that `POST /faults` of the control API takes, or a kind alone where nothing belongs to it.
///
/// ```
/// use digicert_one_emulator::Fault;
///
/// assert_eq!("reset".parse::<Fault>()?, Fault::reset());
/// let cut: Fault = r#"{"kind": "cut", "bytes": 20, "path": "/account", "times": 1}"#.parse()?;
/// assert_eq!(cut, Fault::cut(20).path("/account").next(1));
/// # Ok::<_, digicert_one_emulator::InvalidFault>(())
/// ```
impl FromStr for Fault {
    type Err = InvalidFault;

    fn from_str(text: &str) -> Result<Self, InvalidFault> {
        let form = match text.trim_start().starts_with('{') {
            true => serde_json::from_str(text),
            false => serde_json::from_value(json!({ "kind": text })),
        };
        let form: FaultForm = form.map_err(|error| InvalidFault(error.to_string()))?;
        form.into_fault().map_err(|problem| InvalidFault(problem.message))
    }
}

impl FaultForm {
    pub(super) fn into_fault(mut self) -> Result<Fault, Problem> {
        let kind = self.take_kind()?;
        if let Some(field) = self.left_over() {
            return Err(Problem::invalid(format!("{field} is not of the kind {}", self.kind)));
        }
        let mut fault = Fault::new(kind);
        fault.path = self.path.unwrap_or_default();
        let method = self.method.map(|name| Method::from_bytes(name.as_bytes())).transpose();
        fault.method = method.map_err(|_| Problem::invalid("method is no HTTP method"))?;
        fault.host = self.host.as_deref().map(host).transpose()?;
        fault.times = match (self.times, self.chance) {
            (Some(_), Some(_)) => return Err(Problem::invalid("give times or chance, not both")),
            (Some(calls), None) => Times::Next(calls),
            (None, Some(probability)) if (0.0..=1.0).contains(&probability) => {
                Times::Chance { probability, seed: self.seed.take().unwrap_or(0) }
            }
            (None, Some(_)) => return Err(Problem::invalid("chance lies between 0 and 1")),
            (None, None) => Times::Every,
        };
        if self.seed.is_some() {
            return Err(Problem::invalid("seed goes with chance"));
        }
        match self.moment.as_deref() {
            None => {}
            Some("before-work") if fault.moment == Moment::BeforeWork => {}
            Some("before-work") => return Err(Problem::invalid("a fault of this kind comes after the work")),
            Some("after-work") => fault.moment = Moment::AfterWork,
            Some(_) => return Err(Problem::invalid("moment is before-work or after-work")),
        }
        Ok(fault)
    }

    fn take_kind(&mut self) -> Result<FaultKind, Problem> {
        let missing = |field| Problem::invalid(format!("{field} is missing"));
        Ok(match self.kind.as_str() {
            "delay" => FaultKind::Delay(Duration::from_millis(
                self.milliseconds.take().ok_or_else(|| missing("milliseconds"))?,
            )),
            "hold" => FaultKind::Hold,
            "reset" => FaultKind::Reset,
            "cut" => FaultKind::Cut { after: self.bytes.take().ok_or_else(|| missing("bytes"))? },
            "too-many-requests" => FaultKind::TooManyRequests(self.take_retry_after()?),
            "unavailable" => FaultKind::Unavailable(self.take_retry_after()?),
            "html-page" => FaultKind::HtmlPage(self.take_status()?.ok_or_else(|| missing("status"))?),
            "error" => FaultKind::Error {
                status: self.take_status()?.ok_or_else(|| missing("status"))?,
                shape: self.take_shape()?,
            },
            "wrong-date" => FaultKind::WrongDate { seconds: self.seconds.take().ok_or_else(|| missing("seconds"))? },
            "without-secret" => FaultKind::WithoutSecret,
            _ => {
                return Err(Problem::invalid(
                    "kind is one of delay, hold, reset, cut, too-many-requests, unavailable, html-page, error, \
                     wrong-date, without-secret",
                ));
            }
        })
    }

    fn take_retry_after(&mut self) -> Result<RetryAfter, Problem> {
        retry_after(self.retry_after_seconds.take(), self.retry_after_form.take().as_deref())
    }

    fn take_status(&mut self) -> Result<Option<StatusCode>, Problem> {
        let status = self.status.take().map(StatusCode::from_u16).transpose().ok();
        match status {
            // What comes before the answer proper is not for a handler to send.
            Some(Some(status)) if status.is_informational() => Err(Problem::invalid("status lies between 200 and 599")),
            Some(status) => Ok(status),
            None => Err(Problem::invalid("status lies between 200 and 599")),
        }
    }

    fn take_shape(&mut self) -> Result<ErrorShape, Problem> {
        let shape = self.shape.take().ok_or_else(|| Problem::invalid("shape is missing"))?;
        shape.parse().map_err(|error| Problem::invalid(format!("shape: {error}")))
    }

    fn left_over(&self) -> Option<&'static str> {
        let given = [
            ("milliseconds", self.milliseconds.is_some()),
            ("bytes", self.bytes.is_some()),
            ("retry_after_seconds", self.retry_after_seconds.is_some()),
            ("retry_after_form", self.retry_after_form.is_some()),
            ("status", self.status.is_some()),
            ("shape", self.shape.is_some()),
            ("seconds", self.seconds.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(field, _)| field)
    }
}

impl ClockForm {
    pub(super) fn now(&self) -> Result<Option<SystemTime>, Problem> {
        self.now.as_deref().map(|text| moment("now", text)).transpose()
    }
}

impl RateLimitForm {
    pub(super) fn into_limit(self) -> Result<RateLimit, Problem> {
        let form = self.retry_after_form.as_deref().map(form).transpose()?.unwrap_or_default();
        Ok(RateLimit::new(self.calls, Duration::from_secs(self.window_seconds)).retry_after(form))
    }
}

impl MaintenanceForm {
    pub(super) fn into_maintenance(self) -> Result<Maintenance, Problem> {
        let mut maintenance =
            Maintenance::new(retry_after(self.retry_after_seconds, self.retry_after_form.as_deref())?);
        maintenance.ending_in = self.ending_in_seconds.map(Duration::from_secs);
        Ok(maintenance)
    }
}

impl ServerCertificateForm {
    /// The last moment that X.509 dates are written for here: the end of the year 9999 needs no certificate of a test.
    pub(super) fn moment(&self) -> Result<SystemTime, Problem> {
        const LAST: Duration = Duration::from_secs(253_402_300_799);
        let moment = match (&self.ends, self.ends_in_seconds) {
            (Some(text), None) => moment("ends", text)?,
            (None, Some(seconds)) => {
                let (now, by) = (SystemTime::now(), Duration::from_secs(seconds.unsigned_abs()));
                let moment = if seconds < 0 { now.checked_sub(by) } else { now.checked_add(by) };
                moment.ok_or_else(|| Problem::invalid("ends_in_seconds is out of range"))?
            }
            _ => return Err(Problem::invalid("give ends or ends_in_seconds")),
        };
        let within = moment.duration_since(SystemTime::UNIX_EPOCH).is_ok_and(|since| since <= LAST);
        if within { Ok(moment) } else { Err(Problem::invalid("a certificate ends between the years 1970 and 9999")) }
    }
}

impl EndDateForm {
    pub(super) fn end_date(&self) -> Result<Option<EndDate>, Problem> {
        self.end_date.as_deref().map(end_date).transpose()
    }
}

impl EnabledForm {
    pub(super) fn end_date(&self) -> Result<Option<Option<EndDate>>, Problem> {
        self.end_date.as_ref().map(|given| given.as_deref().map(end_date).transpose()).transpose()
    }

    pub(super) fn says_something(&self) -> Result<(), Problem> {
        match (self.enabled, &self.end_date) {
            (None, None) => Err(Problem::invalid("give enabled, end_date, or both")),
            _ => Ok(()),
        }
    }
}

/// An armed fault as it would be armed again, with what has come of it.
pub(super) fn fault_json(state: &FaultState) -> Value {
    let fault = &state.fault;
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set("id", state.id.0.into());
    set("kind", fault.kind.name().into());
    match &fault.kind {
        FaultKind::Delay(duration) => {
            set("milliseconds", u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).into());
        }
        FaultKind::Cut { after } => {
            set("bytes", (*after).into());
        }
        FaultKind::TooManyRequests(wait) | FaultKind::Unavailable(wait) => {
            set("retry_after_seconds", wait.wait().as_secs().into());
            set("retry_after_form", wait.form().name().into());
        }
        FaultKind::HtmlPage(status) => {
            set("status", status.as_u16().into());
        }
        FaultKind::Error { status, shape } => {
            set("status", status.as_u16().into());
            set("shape", shape.name().into());
        }
        FaultKind::WrongDate { seconds } => {
            set("seconds", (*seconds).into());
        }
        FaultKind::Hold | FaultKind::Reset | FaultKind::WithoutSecret => {}
    }
    set("path", fault.path.clone().into());
    set("method", fault.method.as_ref().map(Method::as_str).into());
    set("host", fault.host.map(|host| host.to_string()).into());
    match fault.times {
        Times::Every => {}
        Times::Next(calls) => {
            set("times", calls.into());
        }
        Times::Chance { probability, seed } => {
            set("chance", probability.into());
            set("seed", seed.into());
        }
    }
    set("moment", if fault.moment == Moment::AfterWork { "after-work" } else { "before-work" }.into());
    set("met", state.met.into());
    set("left", state.left.into());
    Value::Object(fields)
}

pub(super) fn observation_json(observation: &Observation) -> Value {
    json!({
        "host": observation.host.to_string(),
        "method": observation.method,
        "path": observation.path,
        "caller": observation.caller,
        "proof": observation.proof.map(|proof| proof.to_string()),
        "api_key_sent": observation.api_key_sent,
        "certificate": observation.certificate,
        "status": observation.status,
        "faults": observation.faults,
    })
}

fn host(text: &str) -> Result<HostKind, Problem> {
    let known = [HostKind::Platform, HostKind::ClientAuth];
    let found = known.into_iter().find(|host| host.to_string() == text);
    found.ok_or_else(|| Problem::invalid("host is platform or clientauth"))
}

fn form(text: &str) -> Result<RetryAfterForm, Problem> {
    let known = [RetryAfterForm::Seconds, RetryAfterForm::Date, RetryAfterForm::Absent];
    let found = known.into_iter().find(|form| form.name() == text);
    found.ok_or_else(|| Problem::invalid("retry_after_form is seconds, date or absent"))
}

fn retry_after(seconds: Option<u64>, name: Option<&str>) -> Result<RetryAfter, Problem> {
    match (seconds, name.map(form).transpose()?) {
        (None, None | Some(RetryAfterForm::Absent)) => Ok(RetryAfter::absent()),
        (None, Some(_)) => Err(Problem::invalid("retry_after_seconds is missing")),
        (Some(seconds), form) => Ok(RetryAfter::new(form.unwrap_or_default(), Duration::from_secs(seconds))),
    }
}

fn moment(field: &str, text: &str) -> Result<SystemTime, Problem> {
    let parsed = text.parse::<jiff::Timestamp>().ok().and_then(|moment| SystemTime::try_from(moment).ok());
    parsed.ok_or_else(|| Problem::invalid(format!("{field} is written as in 2026-12-31T23:59:59Z")))
}

fn end_date(text: &str) -> Result<EndDate, Problem> {
    text.parse().map_err(|error| Problem::invalid(format!("end_date: {error}")))
}

/// Must be there, though it may be null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(deserializer)
}

fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
