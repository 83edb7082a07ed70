//! `d1 token list|disable|enable|delete`.

use digicert_one::account::{TokenId, UserId};
use serde_json::json;

use super::table::Table;
use super::users::asked_for;
use super::{document, print, user_id, yes};
use crate::arguments::{OfUserOptions, OneOptions};
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;

/// Prints the tokens of a user.
pub(crate) async fn list(options: &OfUserOptions, output: Output) -> Result<(), Failure> {
    let client = connection::client(&options.connection, &output).await?;
    let owner = user_id(&client, &options.user).await?.unwrap_or_else(UserId::me);
    let tokens = client.account().tokens().list(&owner).all().await?;
    let mut table = Table::new(["ID", "NAME", "ENABLED", "STATUS", "ENDS"]);
    for token in &tokens {
        let status = token.status.as_ref().map(|status| status.as_str().to_owned());
        let ends = token.end_date.map(|end| end.to_string());
        table.row([Some(token.id.to_string()), token.name.clone(), token.is_enabled().map(yes), status, ends]);
    }
    print(&table, &tokens, output)
}

/// Enables or disables one.
pub(crate) async fn set_enabled(options: &OneOptions, enabled: bool, output: Output) -> Result<(), Failure> {
    let client = connection::client(&options.connection, &output).await?;
    let (tokens, id) = (client.account().tokens(), TokenId::new(&options.id));
    let token = if enabled { tokens.enable(&id).await? } else { tokens.disable(&id).await? };
    let now = token.status.as_ref().map_or_else(|| asked_for(enabled), |status| status.as_str().to_owned());
    output.text(&format!("{}: {now}", token.id))?;
    document("token", &token, output)
}

/// Deletes one.
pub(crate) async fn delete(options: &OneOptions, output: Output) -> Result<(), Failure> {
    let client = connection::client(&options.connection, &output).await?;
    client.account().tokens().delete(&TokenId::new(&options.id)).await?;
    output.text(&format!("{}: deleted", options.id))?;
    output.document(&json!({ "deleted": options.id }))
}
