//! Faults on demand: what fails, for which calls, how often, and before or after the work is done.
//!
//! Plain data, and its JSON. `faults.rs` decides which calls meet a fault, `fault_effect.rs` applies it.

use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::error_shape::ErrorShape;
use crate::observation::HostKind;
use crate::retry_after::RetryAfter;
use crate::words::{Fields, words};

/// The kind of fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FaultKind {
    /// The call waits so long, in real time, and continues.
    Delay {
        /// How long.
        milliseconds: u64,
    },
    /// The call waits until the fault is released or removed, and continues.
    Hold,
    /// The connection is reset, without a response to any call on it.
    Reset,
    /// Sends this many bytes of the body, then closes the connection (over HTTP/2 the stream), although the
    /// head announced more.
    Cut {
        /// Bytes that are sent.
        bytes: usize,
    },
    /// 429 with this `Retry-After`.
    TooManyRequests(RetryAfter),
    /// 503 with this `Retry-After`, as during maintenance.
    Unavailable(RetryAfter),
    /// An HTML page, such as a firewall before the platform sends with 403 or 503.
    HtmlPage {
        /// The status.
        #[serde(serialize_with = "status_code")]
        status: StatusCode,
    },
    /// An error with this status in this shape. (A status that is not an error is sent unchanged.)
    Error {
        /// The status.
        #[serde(serialize_with = "status_code")]
        status: StatusCode,
        /// The shape of its body.
        shape: ErrorShape,
    },
    /// The `Date` of the response differs by this many seconds from the emulator's clock, ahead or behind.
    WrongDate {
        /// Ahead, if positive.
        seconds: i64,
    },
    /// A secret that is shown once is missing from the response that should show it. The thing it belongs to is created.
    WithoutSecret,
}

words! { "moment",
    /// Whether a fault happens before or after the work of its call.
    pub enum Moment {
        /// Nothing is done.
        BeforeWork = "before-work",
        /// Everything is done, but the caller cannot know.
        AfterWork = "after-work",
    }
}

/// How often a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Times {
    /// With every call that it is for.
    Every,
    /// With the next calls.
    Next {
        /// How many.
        times: u64,
    },
    /// With a share of the calls, drawn from a generator: the same calls meet it each time.
    Chance {
        /// The probability, between 0 and 1. Below 0 is never, above 1 always; NaN is never.
        chance: f64,
        /// The generator's seed.
        seed: u64,
    },
}

/// A fault and the calls that meet it: by default all of them, each time.
///
/// Several can be armed at once. A call meets its faults in the order in which they were armed, up to the
/// first one that determines its response; delays and wrong dates do not.
///
/// ```
/// use digicert_one_emulator::{Emulator, EmulatorOptions, Fault, HostKind};
///
/// let emulator = Emulator::start_blocking(EmulatorOptions::default())?;
/// // The next user is created, but its caller never gets the response.
/// let lost = Fault::reset().after_work().method(http::Method::POST).path("/account/api/v1/user").next(1);
/// let id = emulator.control().fault(lost);
/// // A tenth of all responses on the clientauth host is truncated.
/// emulator.control().fault(Fault::cut(20).host(HostKind::ClientAuth).chance(0.1, 7));
/// emulator.control().remove_fault(id);
/// # Ok::<_, digicert_one_emulator::EmulatorError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Fault {
    /// The kind of fault.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// The beginning of the paths that it is for; empty: all.
    pub path: String,
    /// The method that it is for.
    #[serde(serialize_with = "method_name")]
    pub method: Option<Method>,
    /// The listener that it is for.
    pub host: Option<HostKind>,
    /// How often it happens.
    #[serde(flatten)]
    pub times: Times,
    /// Before or after the work. Changes of the response happen after it in any case.
    pub moment: Moment,
}

/// The text is not a fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidFault(pub(crate) String);

impl FaultKind {
    /// The name that is written in JSON, and in [`Observation::faults`](crate::Observation::faults).
    pub fn name(&self) -> &'static str {
        match self {
            FaultKind::Delay { .. } => "delay",
            FaultKind::Hold => "hold",
            FaultKind::Reset => "reset",
            FaultKind::Cut { .. } => "cut",
            FaultKind::TooManyRequests(_) => "too-many-requests",
            FaultKind::Unavailable(_) => "unavailable",
            FaultKind::HtmlPage { .. } => "html-page",
            FaultKind::Error { .. } => "error",
            FaultKind::WrongDate { .. } => "wrong-date",
            FaultKind::WithoutSecret => "without-secret",
        }
    }

    /// Returns whether no other fault can follow it.
    pub(crate) fn settles(&self) -> bool {
        use FaultKind::{Delay, Hold, WithoutSecret, WrongDate};
        !matches!(self, Delay { .. } | Hold | WrongDate { .. } | WithoutSecret)
    }

    /// Whether it needs a response to work on.
    fn alters(&self) -> bool {
        matches!(self, FaultKind::Cut { .. } | FaultKind::WrongDate { .. } | FaultKind::WithoutSecret)
    }

    fn take(fields: &mut Fields) -> Result<Self, String> {
        Ok(match fields.need::<String>("kind")?.as_str() {
            "delay" => FaultKind::Delay { milliseconds: fields.need("milliseconds")? },
            "hold" => FaultKind::Hold,
            "reset" => FaultKind::Reset,
            "cut" => FaultKind::Cut { bytes: fields.need("bytes")? },
            "too-many-requests" => FaultKind::TooManyRequests(RetryAfter::take(fields)?),
            "unavailable" => FaultKind::Unavailable(RetryAfter::take(fields)?),
            "html-page" => FaultKind::HtmlPage { status: take_status(fields)? },
            "error" => FaultKind::Error { status: take_status(fields)?, shape: fields.need("shape")? },
            "wrong-date" => FaultKind::WrongDate { seconds: fields.need("seconds")? },
            "without-secret" => FaultKind::WithoutSecret,
            _ => {
                return Err(
                    "kind is one of delay, hold, reset, cut, too-many-requests, unavailable, html-page, error, \
                            wrong-date, without-secret"
                        .to_owned(),
                );
            }
        })
    }
}

/// Constructors and filters of faults: the documentation, the name with its argument, and the value.
macro_rules! faults {
    (kinds { $($(#[$doc:meta])* $name:ident($($value:ident: $argument:ty),*) = $kind:expr;)+ }
     filters { $($(#[$filter_doc:meta])* $filter:ident($($given:ident: $type:ty),*) $field:ident = $new:expr;)+ }) => {
        impl Fault {
            $($(#[$doc])*
            pub fn $name($($value: $argument),*) -> Self {
                Fault::new($kind)
            })+
            $($(#[$filter_doc])*
            #[must_use]
            pub fn $filter(self, $($given: $type),*) -> Self {
                Fault { $field: $new, ..self }
            })+
        }
    };
}

faults! { kinds {
    /// [`FaultKind::Delay`], in whole milliseconds.
    delay(duration: Duration) = FaultKind::Delay { milliseconds: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX) };
    /// [`FaultKind::Hold`], until [`Control::release_fault`](crate::Control::release_fault).
    hold() = FaultKind::Hold;
    /// [`FaultKind::Reset`].
    reset() = FaultKind::Reset;
    /// [`FaultKind::Cut`] after this many bytes of the body.
    cut(bytes: usize) = FaultKind::Cut { bytes };
    /// [`FaultKind::TooManyRequests`].
    too_many_requests(retry_after: RetryAfter) = FaultKind::TooManyRequests(retry_after);
    /// [`FaultKind::Unavailable`].
    unavailable(retry_after: RetryAfter) = FaultKind::Unavailable(retry_after);
    /// [`FaultKind::HtmlPage`].
    html_page(status: StatusCode) = FaultKind::HtmlPage { status };
    /// [`FaultKind::WrongDate`]: this many seconds ahead, or behind if negative.
    wrong_date(seconds: i64) = FaultKind::WrongDate { seconds };
    /// [`FaultKind::WithoutSecret`].
    without_secret() = FaultKind::WithoutSecret;
    /// [`FaultKind::Error`].
    error(status: StatusCode, shape: ErrorShape) = FaultKind::Error { status, shape };
} filters {
    /// Only calls whose path starts with this.
    path(prefix: impl Into<String>) path = prefix.into();
    /// Only calls with this method.
    method(method: Method) method = Some(method);
    /// Only calls to this listener.
    host(host: HostKind) host = Some(host);
    /// Only the next calls, up to this number.
    next(calls: u64) times = Times::Next { times: calls };
    /// Only a share of its calls, see [`Times::Chance`].
    chance(chance: f64, seed: u64) times = Times::Chance { chance, seed };
    /// After the work of the call: it is done, but the caller cannot know.
    after_work() moment = Moment::AfterWork;
} }

impl Fault {
    /// Any kind, with every call, before the work.
    pub fn new(kind: FaultKind) -> Self {
        let moment = if kind.alters() { Moment::AfterWork } else { Moment::BeforeWork };
        Fault { kind, path: String::new(), method: None, host: None, times: Times::Every, moment }
    }

    pub(crate) fn is_for(&self, host: HostKind, request: &Request<Bytes>) -> bool {
        request.uri().path().starts_with(&self.path)
            && self.method.as_ref().is_none_or(|own| own == request.method())
            && self.host.is_none_or(|own| own == host)
    }

    pub(crate) fn moment(&self) -> Moment {
        if self.kind.alters() { Moment::AfterWork } else { self.moment }
    }

    /// Reads the JSON of `POST /faults`.
    pub(crate) fn read(mut fields: Fields) -> Result<Self, String> {
        let mut fault = Fault::new(FaultKind::take(&mut fields)?);
        fault.path = fields.take("path")?.unwrap_or_default();
        let method = fields.take::<String>("method")?.map(|name| Method::from_bytes(name.as_bytes()));
        fault.method = method.transpose().map_err(|_| "method is not a valid HTTP method")?;
        fault.host = fields.take("host")?;
        let chance = fields.take::<f64>("chance")?;
        fault.times = match (fields.take("times")?, chance) {
            (Some(_), Some(_)) => return Err("give times or chance, not both".to_owned()),
            (Some(times), None) => Times::Next { times },
            (None, Some(chance)) if (0.0..=1.0).contains(&chance) => {
                Times::Chance { chance, seed: fields.take("seed")?.unwrap_or(0) }
            }
            (None, Some(_)) => return Err("chance lies between 0 and 1".to_owned()),
            (None, None) => Times::Every,
        };
        match fields.take("moment")? {
            Some(Moment::BeforeWork) if fault.kind.alters() => {
                return Err("a fault of this kind comes after the work".to_owned());
            }
            given => fault.moment = given.unwrap_or(fault.moment),
        }
        fields.none_left(&format!("a fault of the kind {}, or goes with another one", fault.kind.name()))?;
        Ok(fault)
    }
}

/// The JSON that `POST /faults` of the control API takes, or a kind alone where it needs nothing else.
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
        let fields = match text.trim_start().starts_with('{') {
            true => serde_json::from_str(text).map_err(|error| InvalidFault(error.to_string()))?,
            false => [("kind".to_owned(), Value::from(text))].into_iter().collect(),
        };
        Fault::read(Fields(fields)).map_err(InvalidFault)
    }
}

fn take_status(fields: &mut Fields) -> Result<StatusCode, String> {
    let status = fields.need("status").map(StatusCode::from_u16)?.ok().filter(|status| !status.is_informational());
    status.ok_or_else(|| "status lies between 200 and 599".to_owned())
}

fn status_code<S: Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

fn method_name<S: Serializer>(method: &Option<Method>, serializer: S) -> Result<S::Ok, S::Error> {
    method.as_ref().map(Method::as_str).serialize(serializer)
}
