//! `d1 demo`: the emulator in this process, then real TLS calls on every transport in every mode, then three instructive
//! failures on each. It ends with 0 only if each call went as described.

pub(crate) mod midnight;
mod story;
mod table;

use std::time::Instant;

use digicert_one_emulator::Emulator;
use serde_json::{Value, json};

use self::story::{Stage, StoryOutcome};
use crate::failure::Failure;
use crate::output::{Output, diagnosis_json};

/// Plays the whole story.
pub(crate) async fn run(output: &Output) -> Result<(), Failure> {
    let start = Instant::now();
    let stage = Stage::new(Emulator::start().await?);
    output.text(&format!(
        "A local DigiCert ONE is up: platform {}, clientauth {}.\n",
        stage.emulator().platform_url(),
        stage.emulator().client_auth_url()
    ))?;

    let mut successes = Vec::new();
    for connector in digicert_one::transport::all() {
        output.progress(&format!("calling over {} ...", connector.info().name));
        for story in story::successes() {
            successes.push(stage.play(&connector, story).await?);
        }
    }
    output.text(&table::of_calls(&successes))?;

    let mut failures = Vec::new();
    for story in story::failures() {
        let mut group = Vec::new();
        for connector in digicert_one::transport::all() {
            group.push(stage.play(&connector, story).await?);
        }
        output.text(&table::of_failure(story.title, &group))?;
        failures.extend(group);
    }

    let good = successes.iter().filter(|outcome| outcome.as_described()).count();
    let diagnosed = failures.iter().filter(|outcome| outcome.as_described()).count();
    output.document(&json!({
        "successes": successes.iter().map(outcome_json).collect::<Vec<_>>(),
        "failures": failures.iter().map(outcome_json).collect::<Vec<_>>(),
        "as_described": good + diagnosed,
        "of": successes.len() + failures.len(),
    }))?;
    output.text(&format!(
        "{good} of {} calls succeeded and {diagnosed} of {} failures were diagnosed as they should be ({:.1} s).",
        successes.len(),
        failures.len(),
        start.elapsed().as_secs_f32()
    ))?;
    if good + diagnosed == successes.len() + failures.len() {
        return Ok(());
    }
    let wrong = successes.iter().chain(&failures).filter(|outcome| !outcome.as_described());
    let list = wrong.map(|outcome| format!("{} {}", outcome.connector.name, outcome.story.title)).collect::<Vec<_>>();
    Err(Failure::Demo(format!("not as described: {}", list.join(", "))))
}

fn outcome_json(outcome: &StoryOutcome) -> Value {
    json!({
        "transport": outcome.connector.name,
        "http_library": outcome.connector.http_library,
        "tls_engine": outcome.connector.tls_engine,
        "story": outcome.story.title,
        "mode": outcome.story.mode.to_string(),
        "origin": outcome.origin,
        "http": outcome.http,
        "tls": outcome.tls,
        "status": outcome.status,
        "platform_saw": outcome.seen,
        "milliseconds": outcome.time.as_secs_f64() * 1000.0,
        "diagnosis": outcome.diagnosis.as_ref().map(diagnosis_json),
        "as_described": outcome.as_described(),
    })
}
