//! SECRET: canaries are planted everywhere, and no output may show one.

use std::fmt::{Debug, Write as _};

use digicert_one_core::{ApiKey, Material, Proxy, causes};
use digicert_one_testbed::{ClientAuth, FrontOptions, KeyEncoding, refused_addr};

use crate::world::{HOST, KEY, World, certificate, front, get, identity};

pub(crate) async fn secret_01_no_public_type_prints_a_secret(world: World) {
    let front = front(FrontOptions::default().client_auth(ClientAuth::Optional));
    let certificate = certificate();
    let identity = identity(&certificate);
    let key = ApiKey::new(KEY).expect("the canary is a key");
    let material = Material::certificate_and_key(identity.clone(), key.clone());
    let config = world.config().with_identity(Some(identity.clone()));
    let proxied =
        world.config().with_proxy(Proxy::Http("http://user:canarypass@127.0.0.1:1".parse().expect("a proxy")));
    let transport = world.transport(&config);
    let client = world.client(front.port(), material.clone());
    let response = client.get("/").send().await.expect("answered");
    let failure = world.client(refused_addr().port(), material.clone()).get("/").send().await.expect_err("refused");
    let mut request = get(front.url(HOST));
    request.headers_mut().insert("x-api-key", key.header_value());

    let mut output = String::new();
    let things: [&dyn Debug; 12] = [
        &world.connector,
        &identity,
        &key,
        &material,
        &config,
        &proxied,
        &transport,
        &client,
        &response,
        &failure,
        &request,
        &client.get("/"),
    ];
    for thing in things {
        write!(output, "{thing:?}\n{thing:#?}\n").expect("writing to a string");
    }
    write!(output, "{failure}").expect("writing to a string");
    for cause in causes(&failure) {
        write!(output, "{cause} {cause:?}").expect("writing to a string");
    }

    let pem = certificate.key_pem(KeyEncoding::Pkcs8).expect("every key has this form");
    let key_line = pem.lines().nth(1).expect("a line of base64");
    let key_bytes = &certificate.pkcs8_der()[40..56];
    let decimal = key_bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let hex: String = key_bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    for canary in [KEY, "canarypass", &KEY[..12], &KEY[KEY.len() - 12..], key_line, &decimal, &hex] {
        assert!(!output.contains(canary), "a secret is printed ({} characters of it): {output}", canary.len());
    }
}
