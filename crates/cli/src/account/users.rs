//! `d1 service-user list|show|disable|enable`.

use std::fmt::Write as _;

use digicert_one::account::AccountExt as _;
use digicert_one::account::User;

use super::confirm::Target;
use super::{document, print, user_id};
use crate::arguments::{ConnectionOptions, DisableUserOptions, OneUserOptions};
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;
use crate::table::{Table, shown};

/// Prints the service users.
pub(crate) async fn list(options: &ConnectionOptions, output: Output) -> Result<(), Failure> {
    let client = connection::client(options, &output).await?;
    let users = client.account().users().service().all().await?;
    let mut table = Table::new(["ID", "NAME", "STATUS", "ENDS", "ROLES"]);
    for user in &users {
        let roles = if user.roles.is_empty() { None } else { Some(user.roles.join(" ")) };
        table.row([Some(user.id.to_string()), user.friendly_name.clone(), status(user), ends(user), roles]);
    }
    print(&table, &users, output)
}

/// Prints one.
pub(crate) async fn show(options: &OneUserOptions, output: Output) -> Result<(), Failure> {
    let client = connection::client(&options.connection, &output).await?;
    let users = client.account().users();
    let user = match user_id(&client, &options.user).await? {
        Some(id) => users.get(&id).await?,
        None => users.me().await?,
    };
    output.text(&text(&user))?;
    document("user", &user, output)
}

/// Enables one.
pub(crate) async fn enable(options: &OneUserOptions, output: Output) -> Result<(), Failure> {
    let client = connection::client(&options.connection, &output).await?;
    let users = client.account().users();
    let id = match user_id(&client, &options.user).await? {
        Some(id) => id,
        None => users.me().await?.id,
    };
    switched(&users.enable(&id).await?, true, output)
}

/// Disables one.
pub(crate) async fn disable(options: &DisableUserOptions, output: Output) -> Result<(), Failure> {
    let (one, confirm) = (&options.one, &options.confirm);
    confirm.check("disable")?;
    let client = connection::client(&one.connection, &output).await?;
    let users = client.account().users();
    let (id, me) = (user_id(&client, &one.user).await?, users.me().await?);
    let (id, name) = match id {
        Some(id) if id != me.id => {
            // Only for the question: whether there is one, the call itself finds out.
            let name = users.get(&id).await.ok().and_then(|user| user.friendly_name);
            (id, name)
        }
        _ => (me.id.clone(), me.friendly_name.clone()),
    };
    Target::user(&me, "disable", id.as_str(), name).confirm(confirm).await?;
    switched(&users.disable(&id).await?, false, output)
}

fn switched(user: &User, enabled: bool, output: Output) -> Result<(), Failure> {
    output.text(&format!("{}: {}", name(user), status(user).unwrap_or_else(|| asked_for(enabled))))?;
    document("user", user, output)
}

/// The requested state, where the response does not contain the new one.
pub(super) fn asked_for(enabled: bool) -> String {
    if enabled { "enabled" } else { "disabled" }.to_owned()
}

fn text(user: &User) -> String {
    let mut text = name(user);
    let mut line = |label: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = write!(text, "\n  {label:<12} {}", shown(&value));
        }
    };
    line("id", Some(user.id.to_string()));
    line("type", user.user_type.as_ref().map(|one| one.as_str().to_owned()));
    line("status", status(user));
    line("ends", ends(user));
    line("email", user.email.clone());
    line("description", user.description.clone().filter(|words| !words.is_empty()));
    line("roles", Some(user.roles.join(" ")).filter(|roles| !roles.is_empty()));
    line("accounts", Some(joined(&user.accounts)).filter(|accounts| !accounts.is_empty()));
    for application in &user.applications {
        let name = application.name.as_deref().unwrap_or("an application");
        line("may", Some(format!("{} ({name})", application.permissions.join(" "))));
    }
    for certificate in &user.client_auth_certificates {
        let nickname = certificate.nickname.as_deref().unwrap_or_default();
        let ends = certificate.end_date.map(|end| format!(" ends {end}")).unwrap_or_default();
        line("certificate", Some(format!("{} {nickname}{ends}", certificate.id)));
    }
    text
}

fn joined<T: ToString>(ids: &[T]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn name(user: &User) -> String {
    let name = user.friendly_name.as_deref().or(user.email.as_deref());
    shown(name.unwrap_or_else(|| user.id.as_str()))
}

fn status(user: &User) -> Option<String> {
    user.status.as_ref().map(|status| status.as_str().to_owned())
}

fn ends(user: &User) -> Option<String> {
    user.end_date.map(|end| end.to_string())
}
