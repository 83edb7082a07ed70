//! A web service that calls DigiCert ONE: one shared client, a health check that knows when the credential expires, and a shutdown
//! that lets calls in flight finish.
//!
//! Set `DC_BASE` and `DC_API_KEY` (`d1 env` shows what is found), then: `cargo run -p digicert-one-examples --bin axum-service`
#![allow(clippy::print_stdout, reason = "a program speaks through its output")]

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use digicert_one::DigiCertOne;
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let one = digicert_one::from_env()?;
    let router = Router::new().route("/users", get(users)).route("/healthz", get(health)).with_state(one.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, router)
        .with_graceful_shutdown(async {
            let _ = tokio::signal::ctrl_c().await;
        })
        .await?;
    let left = one.shut_down(Duration::from_secs(10)).await;
    println!("{left} calls were still in flight");
    Ok(())
}

/// The users of the account. An error keeps its code, so that the caller of this service can look it up.
async fn users(State(one): State<DigiCertOne>) -> Result<Json<Value>, (StatusCode, Json<Value>)> {
    let refused = |error: digicert_one::Error| {
        let body =
            json!({"code": error.code().as_str(), "retryable": error.is_retryable(), "message": error.to_string()});
        (StatusCode::BAD_GATEWAY, Json(body))
    };
    let response = one.get("/account/api/v1/user").send().await.map_err(refused)?;
    Ok(Json(response.json().await.map_err(refused)?))
}

/// Unhealthy without a usable credential. Sends nothing to the platform, so it can be asked often.
async fn health(State(one): State<DigiCertOne>) -> (StatusCode, Json<Value>) {
    match one.expiry().await {
        Ok(expiry) => (StatusCode::OK, Json(json!({"expires": expiry.map(|expiry| format!("{expiry:?}"))}))),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"code": error.code().as_str()}))),
    }
}
