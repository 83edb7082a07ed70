//! Plans and reports of tasks as JSON and as text. Nothing in them is secret: the library sees to that.

use digicert_one::provisioning::{Plan, PreviousCredential, Report};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::Output;

/// Prints what a task would do.
pub(super) fn plan(plan: &Plan, output: Output) -> Result<(), Failure> {
    output.text(&plan.to_string())?;
    let steps: Vec<Value> = plan.steps.iter().map(|(what, call)| json!({ "what": what, "call": call })).collect();
    output.document(&json!({
        "task": plan.task.as_str(),
        "outcome": "planned",
        "owner": plan.owner.as_ref().map(ToString::to_string),
        "owner_ends": plan.owner_ends.map(|end| end.to_string()),
        "name": plan.name,
        "ends": plan.end_date.map(|end| end.to_string()),
        "place": plan.store,
        "last_resort": plan.last_resort,
        "not_due": plan.not_due,
        "steps": steps,
        "notes": plan.notes,
    }))
}

/// Prints what a task came to.
pub(super) fn report(report: &Report, output: Output) -> Result<(), Failure> {
    output.text(&report.to_string())?;
    let state = report.previous.as_str();
    let previous = match &report.previous {
        PreviousCredential::Disabled(id) | PreviousCredential::Deleted(id) => json!({ "state": state, "id": id }),
        PreviousCredential::Left { id, why } => json!({ "state": state, "id": id, "why": why }),
        _ => Value::Null,
    };
    output.document(&json!({
        "task": report.task.as_str(),
        "outcome": report.outcome.as_str(),
        "owner": report.owner.as_ref().map(ToString::to_string),
        "id": report.id,
        "name": report.name,
        "ends": report.end_date.map(|end| end.to_string()),
        "stored": report.stored.as_ref().map(|stored| json!({ "place": stored.place, "read_back": stored.read_back })),
        "previous": previous,
        "notes": report.notes,
    }))
}
