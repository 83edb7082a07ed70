//! The calls of the control API. Each is a line of the table below, which `GET /` prints.

use std::time::Duration;

use serde_json::{Value, json};

use super::Control;
use super::forms::{
    ClockForm, EnabledForm, EndDateForm, ErrorShapeForm, FaultForm, MaintenanceForm, RateLimitForm,
    ServerCertificateForm, fault_json, observation_json,
};
use super::http::{Ask, Problem};
use crate::end_date::rfc3339;
use crate::faults::FaultId;

/// One call.
pub(super) struct Call {
    pub(super) method: &'static str,
    /// Segments in braces stand for any single one.
    pub(super) path: &'static str,
    about: &'static str,
    pub(super) run: fn(&Control, &Ask<'_>) -> Result<Value, Problem>,
}

const fn call(
    method: &'static str,
    path: &'static str,
    about: &'static str,
    run: fn(&Control, &Ask<'_>) -> Result<Value, Problem>,
) -> Call {
    Call { method, path, about, run }
}

pub(super) const CALLS: &[Call] = &[
    call("GET", "/", "this list", list),
    call("GET", "/state", "everything that is steered, and who exists; no secrets", |control, _| Ok(control.state())),
    call("GET", "/observed", "what was made of each request", observed),
    call("DELETE", "/observed", "forgets them", forget_observed),
    call("GET", "/clock", "the emulator's time", |control, _| Ok(clock_json(control))),
    call("POST", "/clock", "sets it: now (RFC 3339) or advance_seconds, and fixed: true|false", set_clock),
    call("DELETE", "/clock", "back to the time it was started with", reset_clock),
    call("GET", "/faults", "the armed faults", faults),
    call("POST", "/faults", "arms one: kind, and path, method, host, times, chance, seed, moment, ...", arm_fault),
    call("DELETE", "/faults", "removes them all", clear_faults),
    call("DELETE", "/faults/{id}", "removes one", remove_fault),
    call("POST", "/faults/{id}/release", "lets go on what it holds", release_fault),
    call("POST", "/limits", "limits calls: calls, window_seconds, retry_after_form", set_limit),
    call("DELETE", "/limits", "lifts the limit", lift_limit),
    call("POST", "/maintenance", "begins: retry_after_seconds, retry_after_form, ending_in_seconds", begin_maintenance),
    call("DELETE", "/maintenance", "ends it", end_maintenance),
    call("POST", "/error-shapes", "sets one: path, shape", set_error_shape),
    call("DELETE", "/error-shapes", "leaves them to the products again", native_error_shapes),
    call("POST", "/server-certificate", "a new one: ends (RFC 3339) or ends_in_seconds", end_server_certificate),
    call("DELETE", "/server-certificate", "one that is valid for a year", renew_server_certificate),
    call("POST", "/users/{name}/disable", "disables a service user, by name or id", |c, a| set_active(c, a, false)),
    call("POST", "/users/{name}/enable", "enables it", |c, a| set_active(c, a, true)),
    call("POST", "/users/{name}/end-date", "sets its end_date (YYYY-MM-DD or null)", set_user_end_date),
    call("POST", "/users/{name}/tokens/{id}", "sets enabled and end_date of an API token, by id or place", set_token),
    call("POST", "/users/{name}/certificates/{id}", "the same of a client certificate", set_certificate),
    call("POST", "/reset", "everything as it was at the start", reset),
    call("POST", "/save", "writes the state file now", save),
];

fn list(_: &Control, _: &Ask<'_>) -> Result<Value, Problem> {
    let line = |call: &Call| json!({ "method": call.method, "path": call.path, "about": call.about });
    Ok(CALLS.iter().map(line).collect())
}

fn done() -> Result<Value, Problem> {
    Ok(json!({ "ok": true }))
}

fn observed(control: &Control, _: &Ask<'_>) -> Result<Value, Problem> {
    Ok(control.observed().iter().map(observation_json).collect())
}

fn forget_observed(control: &Control, _: &Ask<'_>) -> Result<Value, Problem> {
    control.forget_observed();
    done()
}

fn clock_json(control: &Control) -> Value {
    json!({ "now": rfc3339(control.now()), "fixed": control.time_is_fixed() })
}

fn set_clock(control: &Control, ask: &Ask<'_>) -> Result<Value, Problem> {
    let form: ClockForm = ask.body()?;
    match (form.now()?, form.advance_seconds) {
        (Some(_), Some(_)) => return Err(Problem::invalid("give now or advance_seconds, not both")),
        (Some(moment), None) => match form.fixed.unwrap_or_else(|| control.time_is_fixed()) {
            true => control.fix_time(moment),
            false => control.set_time(moment),
        },
        (None, by) => {
            control.advance(Duration::from_secs(by.unwrap_or(0)));
            match form.fixed {
                Some(true) => control.fix_time(control.now()),
                Some(false) => control.set_time(control.now()),
                None => {}
            }
        }
    }
    Ok(clock_json(control))
}

fn reset_clock(control: &Control, _: &Ask<'_>) -> Result<Value, Problem> {
    control.reset_time();
    Ok(clock_json(control))
}

fn faults(control: &Control, _: &Ask<'_>) -> Result<Value, Problem> {
    Ok(control.faults().iter().map(fault_json).collect())
}

fn arm_fault(control: &Control, ask: &Ask<'_>) -> Result<Value, Problem> {
    let fault = ask.body::<FaultForm>()?.into_fault()?;
    Ok(json!({ "id": control.fault(fault).0 }))
}

fn clear_faults(control: &Control, _: &Ask<'_>) -> Result<Value, Problem> {
    control.clear_faults();
    done()
}

fn remove_fault(control: &Control, ask: &Ask<'_>) -> Result<Value, Problem> {
    let id = fault_id(ask)?;
    if control.remove_fault(id) { done() } else { Err(no_such_fault()) }
}

fn release_fault(control: &Control, ask: &Ask<'_>) -> Result<Value, Problem> {
    let id = fault_id(ask)?;
    if control.release_fault(id) { done() } else { Err(no_such_fault()) }
}

fn fault_id(ask: &Ask<'_>) -> Result<FaultId, Problem> {
    ask.variable(0).parse().map(FaultId).map_err(|_| no_such_fault())
}

fn no_such_fault() -> Problem {
    Problem::new(http::StatusCode::NOT_FOUND, "there is no fault with this id; GET /faults lists them")
}

fn set_limit(control: &Control, ask: &Ask<'_>) -> Result<Value, Problem> {
    control.limit(ask.body::<RateLimitForm>()?.into_limit()?);
    done()
}

fn lift_limit(control: &Control, _: &Ask<'_>) -> Result<Value, Problem> {
    control.no_limit();
    done()
}

fn begin_maintenance(control: &Control, ask: &Ask<'_>) -> Result<Value, Problem> {
    control.maintenance(ask.body::<MaintenanceForm>()?.into_maintenance()?);
    done()
}

fn end_maintenance(control: &Control, _: &Ask<'_>) -> Result<Value, Problem> {
    control.no_maintenance();
    done()
}

fn set_error_shape(control: &Control, ask: &Ask<'_>) -> Result<Value, Problem> {
    let form: ErrorShapeForm = ask.body()?;
    let shape = form.shape.parse().map_err(|error| Problem::invalid(format!("shape: {error}")))?;
    control.error_shape(form.path, shape);
    done()
}

fn native_error_shapes(control: &Control, _: &Ask<'_>) -> Result<Value, Problem> {
    control.native_error_shapes();
    done()
}

fn end_server_certificate(control: &Control, ask: &Ask<'_>) -> Result<Value, Problem> {
    let moment = ask.body::<ServerCertificateForm>()?.moment()?;
    control.end_server_certificate(moment)?;
    Ok(json!({ "ends": rfc3339(moment) }))
}

fn renew_server_certificate(control: &Control, _: &Ask<'_>) -> Result<Value, Problem> {
    control.renew_server_certificate()?;
    done()
}

fn set_active(control: &Control, ask: &Ask<'_>, active: bool) -> Result<Value, Problem> {
    control.set_user_active(ask.variable(0), active)?;
    done()
}

fn set_user_end_date(control: &Control, ask: &Ask<'_>) -> Result<Value, Problem> {
    let form: EndDateForm = ask.body()?;
    control.set_user_end_date(ask.variable(0), form.end_date()?)?;
    done()
}

fn set_token(control: &Control, ask: &Ask<'_>) -> Result<Value, Problem> {
    let form: EnabledForm = ask.body()?;
    // Both are read before either is set.
    let (end_date, enabled) = (form.end_date()?, form.enabled);
    if let Some(end_date) = end_date {
        control.set_token_end_date(ask.variable(0), ask.variable(1), end_date)?;
    }
    if let Some(enabled) = enabled {
        control.set_token_enabled(ask.variable(0), ask.variable(1), enabled)?;
    }
    form.says_something()?;
    done()
}

fn set_certificate(control: &Control, ask: &Ask<'_>) -> Result<Value, Problem> {
    let form: EnabledForm = ask.body()?;
    let (end_date, enabled) = (form.end_date()?, form.enabled);
    if let Some(end_date) = end_date {
        control.set_certificate_end_date(ask.variable(0), ask.variable(1), end_date)?;
    }
    if let Some(enabled) = enabled {
        control.set_certificate_enabled(ask.variable(0), ask.variable(1), enabled)?;
    }
    form.says_something()?;
    done()
}

fn reset(control: &Control, _: &Ask<'_>) -> Result<Value, Problem> {
    control.reset()?;
    done()
}

fn save(control: &Control, _: &Ask<'_>) -> Result<Value, Problem> {
    let path = control.save()?;
    Ok(json!({ "file": path.display().to_string() }))
}

#[cfg(test)]
mod tests {
    use super::CALLS;
    use crate::faults::Fault;

    const PAGE: &str = include_str!("../../../../docs/emulator.md");

    fn spans() -> impl Iterator<Item = &'static str> {
        PAGE.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
    }

    #[test]
    fn the_page_on_the_emulator_names_every_call_and_counts_them() {
        for call in CALLS {
            let name = format!("{} {}", call.method, call.path);
            assert!(spans().any(|span| span == name), "{name} is missing in docs/emulator.md");
        }
        assert!(PAGE.contains(&format!("lists its {} calls", CALLS.len())), "there are {} calls", CALLS.len());
    }

    #[test]
    fn the_faults_on_the_page_can_be_armed_and_are_all_kinds() {
        let texts = spans().filter(|span| span.starts_with("{\"kind\""));
        let mut kinds: Vec<_> = texts.map(|text| text.parse::<Fault>().expect(text).kind.name()).collect();
        kinds.sort_unstable();
        let all = "cut delay error hold html-page reset too-many-requests unavailable without-secret wrong-date";
        assert_eq!(kinds, all.split(' ').collect::<Vec<_>>());
    }
}
