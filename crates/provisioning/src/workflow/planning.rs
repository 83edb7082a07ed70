//! Putting a plan together from what was found. The steps are those of `drive.rs`, in its order.

use digicert_one_core::EndDate;

use super::drive::check;
use super::state::State;
use super::survey::{Survey, survey};
use super::{IssueError, IssueErrorKind, Plan, PlannedStep, Renewal, Task, WorkStep, Workflows, name};

const USER: &str = "/account/api/v1/user";
const TOKEN: &str = "/account/api/v1/api-access-token";
const CERTIFICATE: &str = "/account/api/v1/client-auth-certificate";

impl Workflows {
    /// What the task would do now. Sends GETs only and writes nothing.
    ///
    /// # Errors
    /// The task is not valid, or who is calling cannot be told.
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
        let message = format!("{} cannot be read", flows.state_path().display());
        IssueError::new(IssueErrorKind::Journal, WorkStep::OpenJournal, message).caused_by(error).of(kind)
    })?;
    let found = survey(&flows.client, task, &state, None).await;
    let mut found = found.map_err(|error| error.then(super::Next::Again).of(kind))?;
    let mut notes = std::mem::take(&mut found.notes);
    notes.push("the places for the secret are proved when it is run, not now".to_owned());
    let steps = if found.not_due.is_some() { Vec::new() } else { steps(flows, task, &found) };
    Ok(Plan {
        task: kind,
        owner: found.owner.as_ref().map(|owner| owner.id.clone()),
        owner_ends: found.owner.as_ref().and_then(|owner| owner.end_date),
        name: planned_name(task, &found),
        ends: found.ends,
        sink: flows.keeping.name(),
        last_resort: flows.keeping.last_resort_name(),
        not_due: found.not_due,
        steps,
        notes,
    })
}

fn planned_name(task: &Task, found: &Survey) -> String {
    match task {
        Task::CreateServiceUser(task) => task.friendly_name.clone(),
        _ => format!("{}-DATE-RANDOM", name::legal(&found.base)),
    }
}

fn steps(flows: &Workflows, task: &Task, found: &Survey) -> Vec<PlannedStep> {
    let step = |what: &str| PlannedStep::new(what);
    let name = planned_name(task, found);
    let mut steps = vec![PlannedStep::new(format!("take the lock {}", flows.lock.display()))];
    steps.push(PlannedStep::new(match flows.keeping.last_resort_name() {
        Some(last) => format!("prove that {} and, as the last resort, {last} can keep a secret", flows.keeping.name()),
        None => format!("prove that {} can keep a secret (there is no last resort)", flows.keeping.name()),
    }));
    steps
        .push(PlannedStep::new(format!("write into the journal {} what is about to be made", flows.journal.display())));
    let until = found.ends.map_or_else(|| "without an end".to_owned(), |end: EndDate| format!("until {end}"));
    let renewal = match task {
        Task::CreateServiceUser(_) => {
            steps.push(
                PlannedStep::new(format!("make the service user {name:?} {until}")).calling(format!("POST {USER}")),
            );
            None
        }
        Task::CreateToken(_) => {
            steps.push(
                PlannedStep::new(format!("make the API token {name:?} {until}")).calling(format!("POST {TOKEN}")),
            );
            None
        }
        Task::RotateToken(task) => {
            steps.push(
                PlannedStep::new(format!("make the API token {name:?} {until}")).calling(format!("POST {TOKEN}")),
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
    steps.push(PlannedStep::new(format!("keep the secret in {}, and read it back", flows.keeping.name())));
    steps.push(step("prove it by a call as the new one").calling(format!("GET {USER}/me")));
    if let Some(renewal) = renewal {
        retirement(&mut steps, flows, task, renewal, found);
    }
    steps.push(step("write into the journal that it is done, and give the lock back"));
    steps
}

fn certificate(steps: &mut Vec<PlannedStep>, key: impl std::fmt::Display, name: &str, until: &str) {
    steps.push(PlannedStep::new(format!("make a private key ({key}) here, and keep it beside the journal")));
    let made = PlannedStep::new(format!("request the client certificate {name:?} {until} for it"));
    steps.push(made.calling(format!("POST {CERTIFICATE}")));
}

fn retirement(steps: &mut Vec<PlannedStep>, flows: &Workflows, task: &Task, renewal: &Renewal, found: &Survey) {
    let step = |what: &str| PlannedStep::new(what);
    for switch in &flows.switches {
        steps.push(PlannedStep::new(format!(
            "have {} use it, and wait until nothing uses the one before",
            switch.name()
        )));
    }
    if renewal.leave_old {
        return;
    }
    if !renewal.grace.is_zero() {
        steps.push(PlannedStep::new(format!("wait {} seconds for those who watch elsewhere", renewal.grace.as_secs())));
    }
    let old = found.old.as_deref();
    let disable = match old {
        Some(id) => PlannedStep::new(format!("disable the one before, {id}")),
        None => step("disable the one before, if its name tells which one it is"),
    };
    let id = old.unwrap_or("ID");
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
