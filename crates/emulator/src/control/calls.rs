//! The calls of the control API. Each is a line of the table below, which `GET /` prints.

use std::time::{Duration, SystemTime};

use http::StatusCode;
use serde_json::{Value, json};

use super::handle::Control;
use super::request::{ControlRequest, Problem};
use super::users::Subject;
use crate::error_shape::ErrorShape;
use crate::fault::Fault;
use crate::faults::FaultId;
use crate::last_day::rfc3339;
use crate::limits::{Maintenance, RateLimit};
use crate::retry_after::RetryAfter;

type ControlResult = Result<Value, Problem>;

pub(super) struct ControlCall {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    about: &'static str,
    pub(super) run: fn(&Control, &ControlRequest<'_>) -> ControlResult,
}

macro_rules! calls {
    (|$control:ident, $request:ident| $($method:ident $path:literal $about:literal => $run:expr;)+) => {
        #[allow(unused_variables, reason = "not every call needs the request")]
        pub(super) const CALLS: &[ControlCall] = &[$(
            ControlCall { method: stringify!($method), path: $path, about: $about, run: |$control, $request| $run },
        )+];
    };
}

calls! { |control, request|
    GET "/" "this list" => Ok(list());
    GET "/state" "everything that is steered, and who exists; no secrets" => Ok(control.state());
    GET "/observed" "what was observed of each request" => Ok(json!(*control.store.observed()));
    DELETE "/observed" "forgets them" => { control.forget_observed(); done() };
    GET "/clock" "the emulator's time" => clock(control);
    POST "/clock" "sets it: now (RFC 3339) or advance_seconds, and fixed: true|false" => set_clock(control, request);
    DELETE "/clock" "back to the time it was started with" => { control.clock().reset(); clock(control) };
    GET "/faults" "the armed faults" => Ok(json!(control.faults()));
    POST "/faults" "arms one: kind, and path, method, host, times, chance, seed, moment, ..." =>
        Ok(json!({ "id": control.fault(Fault::read(request.fields()?)?) }));
    DELETE "/faults" "removes them all" => { control.clear_faults(); done() };
    DELETE "/faults/{id}" "removes one" => with_fault(request, |id| control.remove_fault(id));
    POST "/faults/{id}/release" "releases what it holds" => with_fault(request, |id| control.release_fault(id));
    POST "/limits" "limits calls: calls, window_seconds, retry_after_form" => { control.limit(request.body::<RateLimit>()?); done() };
    DELETE "/limits" "lifts the limit" => { control.limit(None); done() };
    POST "/maintenance" "begins: retry_after_seconds, retry_after_form, ending_in_seconds" => begin_maintenance(control, request);
    DELETE "/maintenance" "ends it" => { control.maintenance(None); done() };
    POST "/error-shapes" "sets one: path, shape" => set_error_shape(control, request);
    DELETE "/error-shapes" "leaves them to the products again" => { control.native_error_shapes(); done() };
    POST "/server-certificate" "a new one: ends (RFC 3339) or ends_in_seconds" => end_server_certificate(control, request);
    DELETE "/server-certificate" "one that is valid for a year" => { control.renew_server_certificate()?; done() };
    POST "/users/{name}/disable" "disables a service user, by name or id" =>
        { control.set_enabled(request.variable(0), Subject::User, false)?; done() };
    POST "/users/{name}/enable" "enables it" => { control.set_enabled(request.variable(0), Subject::User, true)?; done() };
    POST "/users/{name}/end-date" "sets its end_date (YYYY-MM-DD or null)" => set_user_end_date(control, request);
    POST "/users/{name}/tokens/{id}" "sets enabled and end_date of an API token, by id or place" =>
        set_credential(control, request, Subject::Token(request.variable(1)));
    POST "/users/{name}/certificates/{id}" "the same of a client certificate" =>
        set_credential(control, request, Subject::Certificate(request.variable(1)));
    POST "/reset" "everything as it was at the start" => { control.reset()?; done() };
    POST "/save" "writes the state file now" => Ok(json!({ "file": control.save()?.display().to_string() }));
}

fn done() -> ControlResult {
    Ok(json!({ "ok": true }))
}

fn list() -> Value {
    let line = |call: &ControlCall| json!({ "method": call.method, "path": call.path, "about": call.about });
    CALLS.iter().map(line).collect()
}

fn clock(control: &Control) -> ControlResult {
    Ok(json!({ "now": rfc3339(control.clock().now()), "fixed": control.clock().is_fixed() }))
}

fn set_clock(control: &Control, request: &ControlRequest<'_>) -> ControlResult {
    let mut fields = request.fields()?;
    let now = fields.take::<String>("now")?.map(|text| moment("now", &text)).transpose()?;
    let (by, fixed) = (fields.take("advance_seconds")?, fields.take("fixed")?);
    fields.none_left("the clock")?;
    if now.is_some() && by.is_some() {
        return Err("give now or advance_seconds, not both".into());
    }
    let own = control.clock();
    own.advance(Duration::from_secs(by.unwrap_or(0)));
    if now.is_some() || fixed.is_some() {
        let moment = now.unwrap_or_else(|| own.now());
        if fixed.unwrap_or_else(|| own.is_fixed()) { own.fix(moment) } else { own.set(moment) }
    }
    clock(control)
}

fn with_fault(request: &ControlRequest<'_>, change: impl FnOnce(FaultId) -> bool) -> ControlResult {
    match request.variable(0).parse().map(FaultId) {
        Ok(id) if change(id) => done(),
        _ => Err(Problem::new(StatusCode::NOT_FOUND, "unknown fault id; GET /faults lists them")),
    }
}

fn begin_maintenance(control: &Control, request: &ControlRequest<'_>) -> ControlResult {
    let mut fields = request.fields()?;
    let mut maintenance = Maintenance::new(RetryAfter::take(&mut fields)?);
    maintenance.ending_in = fields.take("ending_in_seconds")?.map(Duration::from_secs);
    fields.none_left("maintenance")?;
    control.maintenance(maintenance);
    done()
}

fn set_error_shape(control: &Control, request: &ControlRequest<'_>) -> ControlResult {
    let mut fields = request.fields()?;
    let (path, shape): (String, ErrorShape) = (fields.need("path")?, fields.need("shape")?);
    fields.none_left("an error shape")?;
    control.error_shape(path, shape);
    done()
}

fn end_server_certificate(control: &Control, request: &ControlRequest<'_>) -> ControlResult {
    /// The latest date written to X.509 certificates here: the end of the year 9999.
    const LAST: Duration = Duration::from_secs(253_402_300_799);
    let mut fields = request.fields()?;
    let given = (fields.take::<String>("ends")?, fields.take::<i64>("ends_in_seconds")?);
    fields.none_left("a server certificate")?;
    let end = match given {
        (Some(text), None) => moment("ends", &text)?,
        (None, Some(seconds)) => {
            let (now, by) = (SystemTime::now(), Duration::from_secs(seconds.unsigned_abs()));
            let moment = if seconds < 0 { now.checked_sub(by) } else { now.checked_add(by) };
            moment.ok_or("ends_in_seconds is out of range")?
        }
        _ => return Err("give ends or ends_in_seconds".into()),
    };
    if !end.duration_since(SystemTime::UNIX_EPOCH).is_ok_and(|since| since <= LAST) {
        return Err("a certificate ends between the years 1970 and 9999".into());
    }
    control.end_server_certificate(end)?;
    Ok(json!({ "ends": rfc3339(end) }))
}

fn set_user_end_date(control: &Control, request: &ControlRequest<'_>) -> ControlResult {
    let mut fields = request.fields()?;
    let end_date = fields.given("end_date")?.ok_or("end_date is missing")?;
    fields.none_left("an end date")?;
    control.set_end_date(request.variable(0), Subject::User, end_date)?;
    done()
}

fn set_credential(control: &Control, request: &ControlRequest<'_>, subject: Subject<'_>) -> ControlResult {
    let mut fields = request.fields()?;
    // Both are read before either is set.
    let (enabled, end_date) = (fields.take("enabled")?, fields.given("end_date")?);
    fields.none_left("a token or certificate")?;
    if enabled.is_none() && end_date.is_none() {
        return Err("give enabled, end_date, or both".into());
    }
    let user = request.variable(0);
    end_date.map_or(Ok(()), |end_date| control.set_end_date(user, subject, end_date))?;
    enabled.map_or(Ok(()), |enabled| control.set_enabled(user, subject, enabled))?;
    done()
}

fn moment(field: &str, text: &str) -> Result<SystemTime, String> {
    let parsed = text.parse::<jiff::Timestamp>().ok().and_then(|moment| SystemTime::try_from(moment).ok());
    parsed.ok_or_else(|| format!("{field} is written as in 2026-12-31T23:59:59Z"))
}
