//! `d1 cert list|disable|enable`.

use digicert_one::{account::AccountExt as _, account::Id};
use serde_json::json;

use super::confirm::Target;
use super::users::asked_for;
use super::{print, user_id, yes};
use crate::arguments::{OfUserOptions, OneOptions, RemoveOptions};
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;
use crate::table::Table;

/// Prints the client certificates of a user.
pub(crate) async fn list(options: &OfUserOptions, output: Output) -> Result<(), Failure> {
    let client = connection::client(&options.connection, &output).await?;
    let certificates = client.account().certificates();
    let certificates = match user_id(&client, &options.user).await? {
        Some(owner) => certificates.of(&owner).await?,
        None => certificates.list().await?,
    };
    let mut table = Table::new(["ID", "NICKNAME", "ENABLED", "STATUS", "ENDS", "SERIAL"]);
    for one in &certificates {
        let status = one.status.as_ref().map(|status| status.as_str().to_owned());
        let (id, ends) = (Some(one.id.to_string()), one.end_date.map(|end| end.to_string()));
        let [nickname, serial] = [one.nickname.clone(), one.serial_number.clone()];
        table.row([id, nickname, one.is_enabled().map(yes), status, ends, serial]);
    }
    print(&table, &certificates, output)
}

/// Enables one.
pub(crate) async fn enable(options: &OneOptions, output: Output) -> Result<(), Failure> {
    let client = connection::client(&options.connection, &output).await?;
    client.account().certificates().enable(&Id::new(&options.id)).await?;
    switched(options, true, output)
}

/// Disables one.
pub(crate) async fn disable(options: &RemoveOptions, output: Output) -> Result<(), Failure> {
    let (one, confirm) = (&options.one, &options.confirm);
    confirm.check("disable")?;
    let client = connection::client(&one.connection, &output).await?;
    let id = Id::new(&one.id);
    Target::certificate(&client, "disable", &id).await?.confirm(confirm).await?;
    client.account().certificates().disable(&id).await?;
    switched(one, false, output)
}

fn switched(options: &OneOptions, enabled: bool, output: Output) -> Result<(), Failure> {
    output.text(&format!("{}: {}", options.id, asked_for(enabled)))?;
    output.document(&json!({ "id": options.id, "enabled": enabled }))
}
