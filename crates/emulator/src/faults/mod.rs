//! Faults on demand: what goes wrong, with which calls, how often, and before or after the work is done.
//!
//! A fault is plain data. `armed.rs` keeps those that are armed and decides which calls meet one, `act.rs` does what they say, and the
//! listener (`listener.rs`) asks both.

mod act;
mod armed;

use std::time::Duration;

use http::{Method, StatusCode};

pub(crate) use self::act::{act, holds_secret};
pub(crate) use self::armed::Faults;
pub use self::armed::{FaultId, FaultState};
use crate::error_shape::ErrorShape;
use crate::observation::HostKind;
use crate::retry_after::RetryAfter;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// The call waits so long, in real time, and goes on.
    Delay(Duration),
    /// The call waits until the fault is released or removed, and goes on.
    Hold,
    /// The connection is reset, without an answer to any call on it.
    Reset,
    /// So many bytes of the body are sent, and then the connection (over HTTP/2 the stream) ends, though the head promised more.
    Cut {
        /// Bytes that are sent.
        after: usize,
    },
    /// 429 with this `Retry-After`.
    TooManyRequests(RetryAfter),
    /// 503 with this `Retry-After`, as during maintenance.
    Unavailable(RetryAfter),
    /// A page for people, such as a firewall before the platform sends with 403 or 503.
    HtmlPage(StatusCode),
    /// An error of this status in this shape. (An answer that is no error by its status is left to whoever asks for it.)
    Error {
        /// The status.
        status: StatusCode,
        /// The shape of its body.
        shape: ErrorShape,
    },
    /// The `Date` of the answer is so many seconds off the emulator's clock, ahead or behind.
    WrongDate {
        /// Ahead, if positive.
        seconds: i64,
    },
    /// A secret that is shown once is missing from the answer that should show it. The thing it belongs to is made.
    WithoutSecret,
}

/// Whether a fault comes before or after the work of its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Nothing is done.
    BeforeWork,
    /// Everything is done, and the caller cannot know.
    AfterWork,
}

/// How often a fault comes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Times {
    /// With every call that it is for.
    Every,
    /// With the next so many.
    Next(u64),
    /// With this share of them, between 0 and 1, drawn from a generator of this seed: the same calls meet it each time.
    Chance {
        /// Below 0 is never, above 1 always; what is no number is never.
        probability: f64,
        /// The generator's seed.
        seed: u64,
    },
}

/// A fault and the calls that meet it: by default all of them, each time.
///
/// Several can be armed at once. A call meets those that are for it in the order in which they were armed, up to the first one
/// that settles its answer; delays and wrong dates settle nothing.
///
/// ```
/// use digicert_one_emulator::{Emulator, EmulatorOptions, Fault, HostKind};
///
/// let emulator = Emulator::start_blocking(EmulatorOptions::default())?;
/// // The next user is made, and nobody hears of it.
/// let lost = Fault::reset().after_work().method(http::Method::POST).path("/account/api/v1/user").next(1);
/// let id = emulator.control().fault(lost);
/// // A tenth of all calls to the clientauth host is cut short.
/// emulator.control().fault(Fault::cut(20).host(HostKind::ClientAuth).chance(0.1, 7));
/// emulator.control().remove_fault(id);
/// # Ok::<_, digicert_one_emulator::EmulatorError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// The beginning of the paths that it is for; empty: all.
    pub path: String,
    /// The method that it is for.
    pub method: Option<Method>,
    /// The listener that it is for.
    pub host: Option<HostKind>,
    /// How often it comes.
    pub times: Times,
    /// Before or after the work. What alters an answer comes after it in any case.
    pub moment: Moment,
}

/// What faults are chosen by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallFacts<'a> {
    pub(crate) host: HostKind,
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
}

impl FaultKind {
    /// The name that is written in JSON, and in [`Observation::faults`](crate::Observation::faults).
    pub fn name(&self) -> &'static str {
        match self {
            FaultKind::Delay(_) => "delay",
            FaultKind::Hold => "hold",
            FaultKind::Reset => "reset",
            FaultKind::Cut { .. } => "cut",
            FaultKind::TooManyRequests(_) => "too-many-requests",
            FaultKind::Unavailable(_) => "unavailable",
            FaultKind::HtmlPage(_) => "html-page",
            FaultKind::Error { .. } => "error",
            FaultKind::WrongDate { .. } => "wrong-date",
            FaultKind::WithoutSecret => "without-secret",
        }
    }

    /// Whether there is nothing left to go wrong after it.
    fn settles(&self) -> bool {
        !matches!(self, FaultKind::Delay(_) | FaultKind::Hold | FaultKind::WrongDate { .. } | FaultKind::WithoutSecret)
    }

    /// Whether it needs an answer to work on.
    fn alters(&self) -> bool {
        matches!(self, FaultKind::Cut { .. } | FaultKind::WrongDate { .. } | FaultKind::WithoutSecret)
    }
}

impl Fault {
    /// Any kind, with every call, before the work.
    pub fn new(kind: FaultKind) -> Self {
        let moment = if kind.alters() { Moment::AfterWork } else { Moment::BeforeWork };
        Fault { kind, path: String::new(), method: None, host: None, times: Times::Every, moment }
    }

    /// [`FaultKind::Delay`].
    pub fn delay(duration: Duration) -> Self {
        Fault::new(FaultKind::Delay(duration))
    }

    /// [`FaultKind::Hold`], until [`Control::release_fault`](crate::Control::release_fault).
    pub fn hold() -> Self {
        Fault::new(FaultKind::Hold)
    }

    /// [`FaultKind::Reset`].
    pub fn reset() -> Self {
        Fault::new(FaultKind::Reset)
    }

    /// [`FaultKind::Cut`] after so many bytes of the body.
    pub fn cut(after: usize) -> Self {
        Fault::new(FaultKind::Cut { after })
    }

    /// [`FaultKind::TooManyRequests`].
    pub fn too_many_requests(retry_after: RetryAfter) -> Self {
        Fault::new(FaultKind::TooManyRequests(retry_after))
    }

    /// [`FaultKind::Unavailable`].
    pub fn unavailable(retry_after: RetryAfter) -> Self {
        Fault::new(FaultKind::Unavailable(retry_after))
    }

    /// [`FaultKind::HtmlPage`].
    pub fn html_page(status: StatusCode) -> Self {
        Fault::new(FaultKind::HtmlPage(status))
    }

    /// [`FaultKind::Error`].
    pub fn error(status: StatusCode, shape: ErrorShape) -> Self {
        Fault::new(FaultKind::Error { status, shape })
    }

    /// [`FaultKind::WrongDate`]: so many seconds ahead, or behind if negative.
    pub fn wrong_date(seconds: i64) -> Self {
        Fault::new(FaultKind::WrongDate { seconds })
    }

    /// [`FaultKind::WithoutSecret`].
    pub fn without_secret() -> Self {
        Fault::new(FaultKind::WithoutSecret)
    }

    /// Only calls whose path begins with this.
    #[must_use]
    pub fn path(mut self, prefix: impl Into<String>) -> Self {
        self.path = prefix.into();
        self
    }

    /// Only calls with this method.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// Only calls to this listener.
    #[must_use]
    pub fn host(mut self, host: HostKind) -> Self {
        self.host = Some(host);
        self
    }

    /// Only the next so many of its calls.
    #[must_use]
    pub fn next(mut self, calls: u64) -> Self {
        self.times = Times::Next(calls);
        self
    }

    /// Only this share of its calls, see [`Times::Chance`].
    #[must_use]
    pub fn chance(mut self, probability: f64, seed: u64) -> Self {
        self.times = Times::Chance { probability, seed };
        self
    }

    /// After the work of the call: what it asked for is done, and the caller cannot know.
    #[must_use]
    pub fn after_work(mut self) -> Self {
        self.moment = Moment::AfterWork;
        self
    }

    fn is_for(&self, call: CallFacts<'_>) -> bool {
        call.path.starts_with(&self.path)
            && self.method.as_ref().is_none_or(|method| method == call.method)
            && self.host.is_none_or(|host| host == call.host)
    }

    fn moment(&self) -> Moment {
        if self.kind.alters() { Moment::AfterWork } else { self.moment }
    }
}
