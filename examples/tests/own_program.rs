//! How a program's own tests use the emulator: one line starts a DigiCert ONE, another makes a client of it.

use digicert_one::{ApiKey, DigiCertOne, Instance, TrustRoots};
use digicert_one_emulator::Emulator;

/// The function under test, as a program would have it.
async fn count_of_service_users(one: &DigiCertOne) -> Result<usize, digicert_one::Error> {
    let mut users = one.pages("/account/api/v1/user?user_type=service").items::<serde_json::Value>();
    let mut count = 0;
    while let Some(user) = users.next().await {
        user?;
        count += 1;
    }
    Ok(count)
}

#[tokio::test]
async fn own_function_counts_the_users_of_the_emulator() -> Result<(), Box<dyn std::error::Error>> {
    let emulator = Emulator::start().await?;
    let one = digicert_one::builder()
        .instance(Instance::pair(&emulator.platform_url(), &emulator.client_auth_url())?)
        .trust(TrustRoots::Only(vec![emulator.ca_der().to_vec().into()]))
        .api_key(ApiKey::new(emulator.users()[0].api_key())?)
        .build()?;
    assert_eq!(count_of_service_users(&one).await?, emulator.users().len());
    Ok(())
}
