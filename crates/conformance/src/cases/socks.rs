//! PROXY, continued: SOCKS proxies (RFC 1928), which resolve the name and may want a user and a password (RFC 1929).

use digicert_one_core::{Capability, Delivery, Proxy};
use digicert_one_testbed::{FrontOptions, RawOptions, RawServer, Recording, Step};

use crate::cases::time::total_limit;
use crate::world::{HOST, World, front, get, untouched, up};

pub(crate) async fn proxy_10_a_socks_proxy_resolves_the_name_or_is_refused(world: World) {
    // The address of its reply has any of three types, of which the name has any length (RFC 1928 section 6).
    let v6 = [&[5, 0, 0, 4][..], &[0; 18]].concat();
    for reply in [vec![5, 0, 0, 1, 127, 0, 0, 1, 0, 0], b"\x05\0\0\x03\x0aproxy.test\x04\x38".to_vec(), v6] {
        socks(&world, reply).await;
    }
}

async fn socks(world: &World, reply: Vec<u8>) {
    // Its greeting gets a response without a password request; then comes the request, with a name (type 3)
    // or an address (RFC 1928).
    let what = format!("a reply of {reply:?}");
    let origin = front(FrontOptions::default());
    let heard = Recording::default();
    let name = [&[3, u8::try_from(HOST.len()).expect("a short name")][..], HOST.as_bytes()].concat();
    let target = [&name[..], &origin.port().to_be_bytes()].concat();
    let script = vec![
        Step::ReadUntil(heard.clone(), b"\x05"[..].into()),
        Step::write(vec![5, 0]),
        Step::ReadUntil(heard.clone(), target.into()),
        Step::write(reply),
        Step::Tunnel(origin.addr()),
    ];
    let proxy = up(RawServer::start(RawOptions::plain([script])));
    let config =
        total_limit(world).with_proxy(Proxy::parse(&format!("socks5h://{}", proxy.addr())).expect("an address"));
    if world.lacks(Capability::SocksProxy, &config) {
        untouched(&proxy, "nothing is to come here").await;
        untouched(&origin, "nothing is to come here").await;
        return;
    }
    let answered = world.transport(&config).send(get(origin.url(HOST))).await;
    let heard = heard.bytes();
    assert!(heard.windows(name.len()).any(|part| part == name), "the proxy was not given the name: {heard:?}");
    answered.unwrap_or_else(|error| panic!("not answered through the tunnel, {what}: {error:?}"));
    assert_eq!(origin.ledger().requests().len(), 1, "{what}");
}

pub(crate) async fn proxy_24_a_socks_proxy_is_shown_its_user_and_password(world: World) {
    const GRANTED: [u8; 10] = [5, 0, 0, 1, 127, 0, 0, 1, 0, 0];
    let long = "p".repeat(255);
    for (given, user, password) in
        [("us%40er:p%40ss%3Aw%C3%B6rd", "us@er", "p@ss:w\u{f6}rd"), (&*format!("user:{long}"), "user", &*long)]
    {
        let origin = front(FrontOptions::default());
        let [greeted, shown, asked]: [Recording; 3] = std::array::from_fn(|_| Recording::default());
        let part = |text: &str| [&[u8::try_from(text.len()).expect("a short text")][..], text.as_bytes()].concat();
        let credentials = [&[1][..], &part(user), &part(password)].concat();
        let script = vec![
            // The greeting ends with its methods, of which 2 is a user with a password.
            Step::ReadUntil(greeted.clone(), b"\x02"[..].into()),
            Step::write(vec![5, 2]),
            Step::ReadUntil(shown.clone(), credentials.clone().into()),
            Step::write(vec![1, 0]),
            Step::ReadUntil(asked.clone(), origin.port().to_be_bytes().to_vec().into()),
            Step::write(GRANTED.to_vec()),
            Step::Tunnel(origin.addr()),
        ];
        let proxy = up(RawServer::start(RawOptions::plain([script])));
        let proxy = Proxy::parse(&format!("socks5h://{given}@{}", proxy.addr())).expect("an address");
        let config = total_limit(&world).with_proxy(proxy);
        if world.lacks(Capability::SocksProxy, &config) {
            untouched(&origin, "nothing is to come here").await;
            return;
        }
        let outcome = match world.connector.connect(&config) {
            Ok(transport) => transport.send(get(origin.url(HOST))).await,
            // A library that has none of this says so, and nothing is left out in silence.
            Err(refusal) => {
                assert_eq!(refusal.delivery(), Delivery::NotSent, "{refusal:?}");
                continue;
            }
        };
        let (seen, is_shown) = (shown.bytes(), shown.bytes().starts_with(&credentials));
        assert!(is_shown, "the proxy was not shown user and password, but {} bytes: {outcome:?}", seen.len());
        outcome.unwrap_or_else(|error| panic!("not answered through the tunnel: {error:?}"));
        assert_eq!(origin.ledger().requests().len(), 1);
    }
}
