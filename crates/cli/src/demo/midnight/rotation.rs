//! The rotation of the API key by the SDK's workflow: it creates the next one, stores it, verifies it, has the client switch to it, and only
//! then disables the old one.

use digicert_one::provisioning::{
    EndDatePolicy, PreviousCredential, RotateToken, StoreOptions, TaskOutcome, Workflows, watched_client,
};

use super::stage::{Stage, internal};
use crate::failure::Failure;

/// How many days the next key is asked for.
const DAYS: u32 = 90;

/// Replaces the API key of the stage's client and says what was done, a line for each step.
///
/// Everything that knows how a key is replaced is in this function.
pub(super) async fn rotate(stage: &Stage) -> Result<Vec<String>, Failure> {
    let before = stage.client.generation();
    let workflows = Workflows::new(stage.client.clone(), StoreOptions::directory(stage.place()), stage.journal())
        .consumer(watched_client(stage.client.clone(), stage.credential.clone()));
    let old = stage.emulator.users()[0].api_token_ids().next().unwrap_or_default();
    let report = workflows
        .run(RotateToken::new().previous(old).end_date(EndDatePolicy::AfterDays(DAYS)))
        .await
        .map_err(internal)?;

    let (TaskOutcome::Completed, PreviousCredential::Disabled(_), Some(stored)) =
        (report.outcome, &report.previous, &report.stored)
    else {
        return Err(Failure::Demo(format!("the key was not replaced: {report}")));
    };
    let Some(generation) = stage.client.generation().filter(|now| Some(*now) > before) else {
        return Err(Failure::Demo(format!("the client did not take the new key: {report}")));
    };
    let name = report.name.as_deref().unwrap_or("without a name");
    let ends = report.end_date.map_or_else(|| "no end".to_owned(), |ends| format!("until {ends}"));
    Ok(vec![
        format!("the API token \"{name}\" is created ({ends}), its key is in the {}", stored.place),
        format!("the new key is verified by a call, and in use from here on (generation {generation})"),
        "the old API token is disabled".to_owned(),
    ])
}
