//! `d1 token list|disable|enable|delete`.

use digicert_one::account::{ApiToken, Id};
use digicert_one::{Client, account::AccountExt as _};
use serde_json::json;

use super::confirm::Target;
use super::users::asked_for;
use super::{document, print, user_id, yes};
use crate::arguments::{OfUserOptions, OneOptions, RemoveOptions};
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;
use crate::table::Table;

/// Prints the tokens of a user.
pub(crate) async fn list(options: &OfUserOptions, output: Output) -> Result<(), Failure> {
    let client = connection::client(&options.connection, &output).await?;
    let owner = user_id(&client, &options.user).await?.unwrap_or_else(Id::me);
    let tokens = client.account().tokens().list(&owner).all().await?;
    let mut table = Table::new(["ID", "NAME", "ENABLED", "STATUS", "ENDS"]);
    for token in &tokens {
        let status = token.status.as_ref().map(|status| status.as_str().to_owned());
        let ends = token.end_date.map(|end| end.to_string());
        table.row([Some(token.id.to_string()), token.name.clone(), token.is_enabled().map(yes), status, ends]);
    }
    print(&table, &tokens, output)
}

/// Enables one.
pub(crate) async fn enable(options: &OneOptions, output: Output) -> Result<(), Failure> {
    let client = connection::client(&options.connection, &output).await?;
    let token = client.account().tokens().enable(&Id::new(&options.id)).await?;
    switched(&token, true, output)
}

/// Disables one.
pub(crate) async fn disable(options: &RemoveOptions, output: Output) -> Result<(), Failure> {
    let client = confirmed(options, "disable", output).await?;
    let token = client.account().tokens().disable(&Id::new(&options.one.id)).await?;
    switched(&token, false, output)
}

/// A client, when it is sure that this is meant.
async fn confirmed(options: &RemoveOptions, action: &'static str, output: Output) -> Result<Client, Failure> {
    options.confirm.check(action)?;
    let client = connection::client(&options.one.connection, &output).await?;
    Target::token(&client, action, &options.one.id).await?.confirm(&options.confirm).await?;
    Ok(client)
}

fn switched(token: &ApiToken, enabled: bool, output: Output) -> Result<(), Failure> {
    let now = token.status.as_ref().map_or_else(|| asked_for(enabled), |status| status.as_str().to_owned());
    output.text(&format!("{}: {now}", token.id))?;
    document("token", token, output)
}

/// Deletes one.
pub(crate) async fn delete(options: &RemoveOptions, output: Output) -> Result<(), Failure> {
    let client = confirmed(options, "delete", output).await?;
    let id = &options.one.id;
    client.account().tokens().delete(&Id::new(id)).await?;
    output.text(&format!("{id}: deleted"))?;
    output.document(&json!({ "deleted": id }))
}
