//! Resources on the platform: users, tokens, certificates, accounts, roles, the audit log. One call or one list each; with `--json` the
//! objects are as the platform wrote them. Commands that make a secret are in `workflow`.

pub(crate) mod certificates;
mod confirm;
pub(crate) mod tokens;
pub(crate) mod users;

use std::collections::BTreeMap;

use digicert_one::account::{AuditEntry, Id, User};
use digicert_one::{Client, Position, account::AccountExt as _};
use serde::Serialize;
use serde_json::value::to_raw_value;

use crate::arguments::{AuditLogOptions, ConnectionOptions, RoleOptions};
use crate::connection;
use crate::failure::{Failure, Given};
use crate::output::Output;
use crate::table::Table;

/// Prints the accounts.
pub(crate) async fn accounts(options: &ConnectionOptions, output: Output) -> Result<(), Failure> {
    let client = connection::client(options, &output).await?;
    let accounts = client.account().accounts().all().await?;
    let mut table = Table::new(["ID", "NAME", "ACTIVE", "FROM", "TO"]);
    for account in &accounts {
        let day = |name| account.service_period.as_ref()?.get(name)?.as_str().map(str::to_owned);
        let [from, to] = ["from", "to"].map(day);
        table.row([Some(account.id.to_string()), account.name.clone(), account.active.map(yes), from, to]);
    }
    print(&table, &accounts, output)
}

/// Prints the roles of an application.
pub(crate) async fn roles(options: &RoleOptions, output: Output) -> Result<(), Failure> {
    let client = connection::client(&options.connection, &output).await?;
    let roles = client.account().roles(&options.application).all().await?;
    let mut table = Table::new(["ID", "NAME", "PERMISSIONS"]);
    for role in &roles {
        table.row([Some(role.id.clone()), role.name.clone(), Some(role.permissions.join(" "))]);
    }
    print(&table, &roles, output)
}

/// Prints the audit log, and the position at which the next run continues.
pub(crate) async fn audit_log(options: &AuditLogOptions, output: Output) -> Result<(), Failure> {
    let client = connection::client(&options.connection, &output).await?;
    let mut list = client.account().audit_log();
    for (name, value) in &options.filter {
        list = list.filter(name, value);
    }
    if let Some(position) = &options.start_at {
        list = list.start_at(position.clone());
    }
    let page = u32::try_from(options.limit.min(100)).unwrap_or(100);
    let (mut items, mut entries, mut broken) = (list.page_size(page).items(), Vec::new(), None);
    while (entries.len() as u64) < options.limit {
        match items.next().await {
            Some(Ok(entry)) => entries.push(entry),
            Some(Err(error)) => {
                broken = Some(error);
                break;
            }
            None => break,
        }
    }
    let mut table = Table::new(["TIME", "ACTION", "TYPE", "RESOURCE", "STATUS", "USER"]);
    for entry in &entries {
        let user = entry.user_id.as_ref().map(ToString::to_string);
        let [time, action] = [entry.timestamp.clone(), entry.action.clone()];
        table.row([time, action, entry.resource_type.clone(), entry.resource_id.clone(), entry.status.clone(), user]);
    }
    if let Some(error) = broken {
        let given = match (output.is_json(), entries.is_empty()) {
            (_, true) => Given::Nothing,
            (true, false) => {
                let raw: Result<Vec<_>, _> = entries.iter().map(to_raw_value).collect();
                Given::Items(raw.map_err(|error| Failure::Internal(error.into()))?)
            }
            (false, false) => {
                output.table(&table)?;
                Given::Printed
            }
        };
        return Err(Failure::List { error, position: items.position(), given });
    }
    output.table(&table)?;
    output.progress(&format!("continue with --start-at {}", items.position()));
    output.document(&Log { items: &entries, position: items.position() })
}

/// The id of a user that is given by id or friendly name; nothing for the caller itself.
pub(crate) async fn user_id(client: &Client, user: &str) -> Result<Option<Id<User>>, Failure> {
    if user == Id::me().as_str() {
        return Ok(None);
    }
    if is_id(user) {
        return Ok(Some(Id::new(user)));
    }
    let users = client.account().users().service().all().await?;
    only_one(&users, user).map(Some)
}

/// The only user with this id or friendly name. Names should be unique, but where they are not, the first in a list must not decide whom a
/// command disables.
fn only_one(users: &[User], user: &str) -> Result<Id<User>, Failure> {
    let is_it = |one: &&User| one.friendly_name.as_deref() == Some(user) || one.id.as_str() == user;
    let mut found: Vec<&Id<User>> = users.iter().filter(is_it).map(|one| &one.id).collect();
    found.sort();
    found.dedup();
    match found.as_slice() {
        [] => Err(Failure::NoSuchUser(user.to_owned())),
        [one] => Ok((*one).clone()),
        several => {
            let ids: Vec<_> = several.iter().map(|id| id.as_str()).collect();
            Err(Failure::Usage(format!(
                "several service users are called {user:?}: give the id, one of {}",
                ids.join(", ")
            )))
        }
    }
}

/// Whether it has the form of the platform's ids.
fn is_id(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths = parts.iter().map(|part| part.len());
    lengths.eq([8, 4, 4, 4, 12]) && parts.iter().all(|part| part.bytes().all(|one| one.is_ascii_hexdigit()))
}

fn print<T: Serialize>(table: &Table, items: &[T], output: Output) -> Result<(), Failure> {
    output.table(table)?;
    document("items", items, output)
}

/// The document of one field. Not by way of a `Value`: what the platform sent has to come through as it is.
fn document<T: Serialize + ?Sized>(name: &str, value: &T, output: Output) -> Result<(), Failure> {
    output.document(&BTreeMap::from([(name, value)]))
}

/// A part of the audit log.
#[derive(Serialize)]
struct Log<'a> {
    items: &'a [AuditEntry],
    position: Position,
}

fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_of_several_users_is_not_the_first_of_them() {
        let users: Vec<User> = serde_json::from_value(serde_json::json!([
            { "id": "u-1", "friendly_name": "ci-bot" },
            { "id": "u-2", "friendly_name": "ci-bot" },
            { "id": "u-2", "friendly_name": "ci-bot" },
            { "id": "u-3", "friendly_name": "u-1" },
            { "id": "u-4", "friendly_name": "other" },
            { "id": "u-4", "friendly_name": "other" },
        ]))
        .expect("users");
        for name in ["ci-bot", "u-1"] {
            let failure = only_one(&users, name).expect_err(name);
            assert!(failure.exit_code() == 2 && failure.to_string().contains("u-1"), "{failure}");
        }
        assert_eq!(only_one(&users, "other").expect("one").as_str(), "u-4");
        assert_eq!(only_one(&users, "u-2").expect("its id").as_str(), "u-2");
        assert!(matches!(only_one(&users, "CI-BOT"), Err(Failure::NoSuchUser(_))));
    }

    #[test]
    fn ids_are_distinguished_from_names() {
        assert!(is_id("6b2c1f9e-0d0c-4a57-9d0e-1f3b8c7a2e55"));
        for name in ["ci-bot", "me", "", "6b2c1f9e-0d0c-4a57-9d0e-1f3b8c7a2e5x", "6b2c1f9e0d0c4a579d0e1f3b8c7a2e55"] {
            assert!(!is_id(name), "{name}");
        }
    }
}
