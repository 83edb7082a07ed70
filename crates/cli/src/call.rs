//! `d1 call` and `d1 whoami`: one real call.

use std::future::Future;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use digicert_one::core::Mode;
use digicert_one::{Client, Response};
use http::Method;
use serde_json::{Value, json};

use crate::arguments::{CallOptions, ConnectionOptions};
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;

/// Makes one call and prints the body of its answer.
pub(crate) async fn call(options: &CallOptions, output: &Output) -> Result<(), Failure> {
    let client = connection::client(&options.connection, output).await?;
    let method: Method =
        options.method.to_ascii_uppercase().parse().map_err(|error| Failure::Internal(Box::new(error)))?;
    let mut request = client.request(method, options.path.as_str());
    if let Some(path) = &options.data {
        request = request.body("application/json", read(path)?);
    }
    output.progress(&format!("calling {}", options.path));
    let limit = connection::limit(&options.connection);
    let (mut document, bytes) = within(limit, async {
        let response = request.send().await?;
        let document = head(&client, &response);
        Ok((document, response.bytes().await?))
    })
    .await?;
    if !output.is_json() {
        return output.bytes(&bytes);
    }
    document["body"] =
        serde_json::from_slice(&bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into()));
    output.document(&document)
}

/// Asks who the platform takes the caller for.
pub(crate) async fn whoami(options: &ConnectionOptions, output: &Output) -> Result<(), Failure> {
    let client = connection::client(options, output).await?;
    output.progress("asking /account/api/v1/user/me");
    let (mut document, me) = within(connection::limit(options), async {
        let response = client.get("/account/api/v1/user/me").send().await?;
        let document = head(&client, &response);
        Ok((document, response.json::<Value>().await?))
    })
    .await?;
    let field = |name: &str| me[name].as_str().unwrap_or("(not told)").to_owned();
    let permissions = me["applications"].as_array().map_or(0, |applications| {
        applications.iter().filter_map(|application| application["permissions"].as_array()).map(Vec::len).sum::<usize>()
    });
    output.text(&format!(
        "{}\n  id           {}\n  type         {}\n  status       {}\n  permissions  {permissions}\n  proof        {} at {}\n  transport    {}",
        field("friendly_name"),
        field("id"),
        field("user_type"),
        field("status"),
        document["mode"].as_str().unwrap_or_default(),
        document["host"].as_str().unwrap_or_default(),
        document["transport"].as_str().unwrap_or_default(),
    ))?;
    document["user"] = me;
    output.document(&document)
}

/// The whole call, its body included: the client's own deadline ends with the head of the response.
async fn within<T>(limit: Duration, call: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    // The client's own error says more where both would end the call.
    match tokio::time::timeout(limit + Duration::from_millis(100), call).await {
        Ok(done) => done,
        Err(_) => Err(Failure::TooLate(limit)),
    }
}

fn head(client: &Client, response: &Response) -> Value {
    let mode: Mode = response.mode();
    json!({
        "status": response.status().as_u16(),
        "host": response.host(),
        "mode": mode.to_string(),
        "http": format!("{:?}", response.version()),
        "tls": response.facts().tls_version.map(|version| version.to_string()),
        "transport": client.connector_info().name,
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |source| Failure::File { action: "read", path: path.to_owned(), source };
    if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map_err(failed)?;
        return Ok(bytes);
    }
    std::fs::read(path).map_err(failed)
}
