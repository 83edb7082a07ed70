//! `d1 service-user create`, `d1 token create|rotate`, `d1 cert request|rotate` and `d1 resume`: options become a task, and the task
//! runs until it ends or a signal stops it. What the steps are is the library's business; here they are shown.

mod failed;
mod password;
mod render;
mod resume_line;
mod secret_store;
mod watch;

use std::future::Future;
use std::time::{Duration, SystemTime};

use digicert_one::account::{Id, NewServiceUser};
use digicert_one::core::EndDate;
use digicert_one::provisioning::{
    CreateToken, EndDatePolicy, IssueError, IssueErrorKind, RequestCertificate, RotateCertificate, RotateToken, Task,
    Workflows,
};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::json;

use self::watch::TaskWatch;
use crate::account::user_id;
use crate::arguments::{
    ConnectionOptions, CreateTokenOptions, CreateUserOptions, MakeOptions, RenewalOptions, RequestOptions,
    ResumeOptions, RotateCertOptions, RotateTokenOptions, SecretStoreOptions,
};
use crate::connection;
use crate::failure::Failure;
#[cfg(feature = "redis")]
use crate::fleet_rotation::FleetRotation;
use crate::output::Output;
use crate::signal::Signal;
use crate::signals::Signals;

pub(crate) use self::failed::{
    InterruptedTask, Issue, diagnosis, error as error_json, interrupted as interrupted_json,
};

/// How long the current step may take after a signal. What is interrupted then is in the journal.
const LAST_STEP: Duration = Duration::from_secs(2);

/// Makes a service user.
pub(crate) async fn create_user(options: &CreateUserOptions, output: Output, signals: &Signals) -> Result<(), Failure> {
    let mut user = NewServiceUser::new(&options.name).accounts(options.account.iter().map(String::as_str));
    user.roles.clone_from(&options.role);
    user.email.clone_from(&options.email);
    user.description.clone_from(&options.description);
    user.end_date = match options.ends.ends() {
        EndDatePolicy::On(day) => Some(day),
        EndDatePolicy::AfterDays(days) => Some(day_after(days)?),
        _ => None,
    };
    let prepared = prepare(&options.make, false, false, output, signals).await?;
    prepared.make(user.into(), options.make.dry_run).await
}

/// Makes an API token.
pub(crate) async fn create_token(
    options: &CreateTokenOptions,
    output: Output,
    signals: &Signals,
) -> Result<(), Failure> {
    mention_name(&options.name, output);
    let prepared = prepare(&options.make, false, false, output, signals).await?;
    let mut task = CreateToken::new(&options.name).end_date(options.ends.ends());
    task.owner = signals.unless_received(user_id(&prepared.client, &options.user)).await?;
    prepared.make(task.into(), options.make.dry_run).await
}

/// Replaces the API token in use.
pub(crate) async fn rotate_token(
    options: &RotateTokenOptions,
    output: Output,
    signals: &Signals,
) -> Result<(), Failure> {
    options.renewal.name.iter().for_each(|name| mention_name(name, output));
    let prepared = prepare(&options.make, false, true, output, signals).await?;
    let mut task = RotateToken::new().end_date(options.ends.ends());
    task.owner = signals.unless_received(user_id(&prepared.client, &options.user)).await?;
    task.name_prefix.clone_from(&options.renewal.name);
    task.previous = options.renewal.previous.as_deref().map(Id::new);
    renewal(&mut task.renewal, &options.renewal);
    task.renewal.delete_after = options.delete_previous_after;
    prepared.make(task.into(), options.make.dry_run).await
}

/// Gets a client certificate.
pub(crate) async fn request(options: &RequestOptions, output: Output, signals: &Signals) -> Result<(), Failure> {
    mention_name(&options.name, output);
    let prepared = prepare(&options.make, true, false, output, signals).await?;
    let mut task = RequestCertificate::new(&options.name).end_date(options.ends.ends()).key(options.key.key_type);
    task.common_name.clone_from(&options.key.common_name);
    prepared.make(task.into(), options.make.dry_run).await
}

/// Replaces the client certificate in use.
pub(crate) async fn rotate_certificate(
    options: &RotateCertOptions,
    output: Output,
    signals: &Signals,
) -> Result<(), Failure> {
    options.renewal.name.iter().for_each(|name| mention_name(name, output));
    let prepared = prepare(&options.make, true, true, output, signals).await?;
    let mut task = RotateCertificate::new().end_date(options.ends.ends()).key(options.key.key_type);
    task.common_name.clone_from(&options.key.common_name);
    task.name_prefix.clone_from(&options.renewal.name);
    task.previous = options.renewal.previous.as_deref().map(Id::new);
    renewal(&mut task.renewal, &options.renewal);
    prepared.make(task.into(), options.make.dry_run).await
}

/// Warns if the name of a token or certificate will differ from the one that was typed.
fn mention_name(name: &str, output: Output) {
    let is_legal = |one: char| one.is_ascii_alphanumeric() || matches!(one, ' ' | '-' | '_');
    if !name.chars().all(is_legal) {
        output.warning(&"the platform permits letters (a-z), digits, blanks, - and _ in names: the others become -");
    }
}

/// Finishes an interrupted task.
pub(crate) async fn resume(options: &ResumeOptions, output: Output, signals: &Signals) -> Result<(), Failure> {
    let journal = secret_store::journal(&options.store, None)?;
    // A missing journal mostly means a path that differs from that of the command.
    if let Err(source) = std::fs::symlink_metadata(&journal) {
        return Err(Failure::File { action: "read the journal", path: journal, source });
    }
    let prepared =
        prepare_with(&options.store, &options.connection, journal, Vec::new(), true, output, signals).await?;
    match prepared.until_interrupted(prepared.flows.resume()).await? {
        Some(report) => render::report(&report, output),
        None => {
            output.text("nothing to resume: no command was interrupted")?;
            output.document(&json!({ "outcome": "nothing-to-resume" }))
        }
    }
}

fn renewal(to: &mut digicert_one::provisioning::Renewal, options: &RenewalOptions) {
    to.expires_within = options.renew_before;
    to.newer_than = options.min_age;
    to.grace = options.grace;
    to.keep_previous = options.keep_previous;
}

/// A service user's end date is a day, and today is UTC's.
fn day_after(days: u32) -> Result<EndDate, Failure> {
    let beyond = || Failure::Usage("--ends-in leads beyond all dates: give fewer days".to_owned());
    let now = Timestamp::try_from(SystemTime::now()).map_err(|_| beyond())?;
    let today = TimeZone::UTC.to_datetime(now).date();
    let span = Span::new().try_days(days).map_err(|_| beyond())?;
    let day = today.checked_add(span).map_err(|_| beyond())?;
    day.to_string().parse().map_err(|_| beyond())
}

/// Everything that a task runs with.
struct Prepared {
    client: digicert_one::Client,
    flows: Workflows,
    watch: TaskWatch,
    /// How `d1 resume` is to be called.
    resume: String,
    output: Output,
    signals: Signals,
}

async fn prepare(
    options: &MakeOptions,
    certificate: bool,
    replaces: bool,
    output: Output,
    signals: &Signals,
) -> Result<Prepared, Failure> {
    let journal = secret_store::journal(&options.store, Some(certificate))?;
    let free = if replaces { Vec::new() } else { secret_store::files(&options.store, certificate) };
    prepare_with(&options.store, &options.connection, journal, free, false, output, signals).await
}

async fn prepare_with(
    store: &SecretStoreOptions,
    options: &ConnectionOptions,
    journal: std::path::PathBuf,
    free: Vec<std::path::PathBuf>,
    resuming: bool,
    output: Output,
    signals: &Signals,
) -> Result<Prepared, Failure> {
    let preparing = async {
        let chosen = secret_store::of(store, resuming, output).await?;
        Ok::<_, Failure>((chosen, connection::client_of_fleet(options, &output).await?))
    };
    let (chosen, (client, redis)) = signals.unless_received(preparing).await?;
    let watch = TaskWatch::new(output, resuming, free);
    let resume = resume_line::of(store, options, &journal);
    let mut flows = Workflows::new(client.clone(), chosen, journal).lock_timeout(store.lock_wait).progress({
        let watch = watch.clone();
        move |event| watch.at(event)
    });
    if let Some(lock) = &store.lock {
        flows = flows.lock(lock);
    }
    match redis {
        #[cfg(feature = "redis")]
        Some(redis) => {
            let fleet = FleetRotation::new(client.clone(), redis, store.lock_name.clone());
            flows = flows.consumer(fleet.announcement(output)).shared_lock(fleet);
        }
        #[cfg(not(feature = "redis"))]
        Some(never) => match never {},
        None if store.lock_name.is_some() => {
            return Err(Failure::Usage(
                "--lock-name is for a lock in Redis: give --limiter URL, or a profile with a limiter".to_owned(),
            ));
        }
        None => {}
    }
    Ok(Prepared { client, flows, watch, resume, output, signals: signals.clone() })
}

/// A new credential replaces nothing.
fn refuse(taken: Option<std::path::PathBuf>) -> Result<(), Failure> {
    taken.map_or(Ok(()), |path| Err(Failure::Taken(path)))
}

impl Prepared {
    async fn make(&self, task: Task, dry_run: bool) -> Result<(), Failure> {
        if dry_run {
            refuse(self.watch.occupied())?;
            let plan = self.until_interrupted(self.flows.plan(&task)).await?;
            return render::plan(&plan, self.output);
        }
        let report = self.until_interrupted(self.flows.run(task)).await;
        refuse(self.watch.taken())?;
        render::report(&report?, self.output)
    }

    /// At a signal the step that is under way may end, unless it only waits; nothing is begun after it.
    async fn until_interrupted<T>(&self, work: impl Future<Output = Result<T, IssueError>>) -> Result<T, Failure> {
        let failed = |error| Failure::Issue(Issue { error, resume: self.resume.clone() });
        let mut work = std::pin::pin!(work);
        let signal = tokio::select! {
            outcome = &mut work => return outcome.map_err(failed),
            signal = self.signals.first() => signal,
        };
        self.watch.stop();
        let last = if self.watch.only_waits() { Duration::ZERO } else { LAST_STEP };
        let outcome = tokio::select! {
            outcome = &mut work => Some(outcome),
            _ = self.signals.second() => None,
            () = tokio::time::sleep(last) => None,
        };
        match outcome {
            Some(Err(error)) if error.kind() == IssueErrorKind::Stopped => Err(self.interrupted(signal, Some(error))),
            Some(outcome) => outcome.map_err(failed),
            None => Err(self.interrupted(signal, None)),
        }
    }

    fn interrupted(&self, signal: Signal, error: Option<IssueError>) -> Failure {
        let resume = self.watch.begun().then(|| self.resume.clone());
        Failure::TaskInterrupted(InterruptedTask { step: self.watch.step(), resume, signal, error })
    }
}
