//! Builds a plan from the state found. The steps are those of `drive.rs`, in the same order.

use digicert_one_core::EndDate;

use super::plan::PlannedStep;
use super::preflight::{Preflight, preflight};
use super::runner::check;
use super::state::State;
use super::{IssueError, IssueErrorKind, Plan, Renewal, Task, TaskStep, Workflows, name};

const USER: &str = "/account/api/v1/user";
const TOKEN: &str = "/account/api/v1/api-access-token";
const CERTIFICATE: &str = "/account/api/v1/client-auth-certificate";

impl Workflows {
    /// Returns what the task would do now. Sends only GET requests and writes nothing.
    ///
    /// # Errors
    /// Returns an error if the task is invalid, or the caller cannot be identified.
    pub async fn plan(&self, task: &Task) -> Result<Plan, IssueError> {
        plan(self, task).await
    }
}

async fn plan(flows: &Workflows, task: &Task) -> Result<Plan, IssueError> {
    let kind = task.kind();
    check(task)?;
    let path = flows.state_path();
    let read = blocking::unblock(move || State::read(&path)).await;
    let (state, _) = read.map_err(|error| {
        let message = format!("failed to read {}", flows.state_path().display());
        IssueError::new(IssueErrorKind::Journal, TaskStep::OpenJournal, message).caused_by(error).of(kind)
    })?;
    let found = preflight(&flows.client, task, &state, None).await;
    let mut found = found.map_err(|error| error.not_begun().of(kind))?;
    let mut notes = std::mem::take(&mut found.notes);
    notes.push("the places for the secret are checked when it is run, not now".to_owned());
    let steps = if found.not_due.is_some() { Vec::new() } else { steps(flows, task, &found) };
    Ok(Plan {
        task: kind,
        owner: found.owner.as_ref().map(|owner| owner.id.clone()),
        owner_ends: found.owner.as_ref().and_then(|owner| owner.end_date),
        name: planned_name(task, &found),
        end_date: found.end_date,
        store: flows.store.name(),
        last_resort: flows.store.last_resort_name(),
        not_due: found.not_due,
        steps,
        notes,
    })
}

fn planned_name(task: &Task, found: &Preflight) -> String {
    match task {
        Task::CreateServiceUser(task) => task.friendly_name.clone(),
        _ => format!("{}-DATE-RANDOM", name::legal(&found.name_prefix)),
    }
}

fn steps(flows: &Workflows, task: &Task, found: &Preflight) -> Vec<(String, Option<String>)> {
    let step = |what: &str| PlannedStep::new(what);
    let name = planned_name(task, found);
    let mut steps = vec![PlannedStep::new(format!("acquire the lock {}", flows.lock.display()))];
    steps.push(PlannedStep::new(match flows.store.last_resort_name() {
        Some(last) => format!("check that {} and, as the last resort, {last} can store a secret", flows.store.name()),
        None => format!("check that {} can store a secret (no last resort is configured)", flows.store.name()),
    }));
    steps.push(PlannedStep::new(format!(
        "record in the journal {} what is about to be created",
        flows.journal.display()
    )));
    let until = found.end_date.map_or_else(|| "without an end date".to_owned(), |end: EndDate| format!("until {end}"));
    let renewal = match task {
        Task::CreateServiceUser(_) => {
            steps.push(
                PlannedStep::new(format!("create the service user {name:?} {until}")).calling(format!("POST {USER}")),
            );
            None
        }
        Task::CreateToken(_) => {
            steps.push(
                PlannedStep::new(format!("create the API token {name:?} {until}")).calling(format!("POST {TOKEN}")),
            );
            None
        }
        Task::RotateToken(task) => {
            steps.push(
                PlannedStep::new(format!("create the API token {name:?} {until}")).calling(format!("POST {TOKEN}")),
            );
            Some(&task.renewal)
        }
        Task::RequestCertificate(task) => {
            certificate(&mut steps, task.key, &name, &until);
            None
        }
        Task::RotateCertificate(task) => {
            certificate(&mut steps, task.key, &name, &until);
            Some(&task.renewal)
        }
    };
    steps.push(PlannedStep::new(format!("store the secret in {}, and read it back", flows.store.name())));
    steps.push(step("verify the new credential with a call").calling(format!("GET {USER}/me")));
    if let Some(renewal) = renewal {
        retirement(&mut steps, flows, task, renewal, found);
    }
    steps.push(step("record in the journal that it is done, and release the lock"));
    steps.into_iter().map(|step| (step.what, step.call)).collect()
}

fn certificate(steps: &mut Vec<PlannedStep>, key: impl std::fmt::Display, name: &str, until: &str) {
    steps.push(PlannedStep::new(format!("generate a private key ({key}) here, and store it next to the journal")));
    let made = PlannedStep::new(format!("request the client certificate {name:?} {until} for it"));
    steps.push(made.calling(format!("POST {CERTIFICATE}")));
}

fn retirement(steps: &mut Vec<PlannedStep>, flows: &Workflows, task: &Task, renewal: &Renewal, found: &Preflight) {
    let step = |what: &str| PlannedStep::new(what);
    for consumer in &flows.consumers {
        steps.push(PlannedStep::new(format!("notify {} of it, and wait until that is done", consumer.name())));
    }
    if renewal.keep_previous {
        return;
    }
    if !renewal.grace.is_zero() {
        steps.push(PlannedStep::new(format!("wait {} seconds for other consumers", renewal.grace.as_secs())));
    }
    let previous = found.previous.as_deref();
    let disable = match previous {
        Some(id) => PlannedStep::new(format!("disable the previous one, {id}")),
        None => step("disable the previous one, if its name identifies it"),
    };
    let id = previous.unwrap_or("ID");
    if task.kind().is_certificate() {
        steps.push(disable.calling(format!("PUT {CERTIFICATE}/{id}/enable")));
        return;
    }
    steps.push(disable.calling(format!("PUT {TOKEN}/{id}")));
    if let Some(after) = renewal.delete_after {
        let when = if after.is_zero() { "at once".to_owned() } else { format!("{} seconds later", after.as_secs()) };
        steps.push(
            PlannedStep::new(format!("delete it {when}, when a task runs")).calling(format!("DELETE {TOKEN}/{id}")),
        );
    }
}
