//! A DigiCert ONE in memory, as far as needed: users, API tokens and client certificates with states and end
//! dates, behind a transport. It does not know the workflows; tests inspect it, and make it fail.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_core::{
    Capabilities, Clock, ConnectionFacts, Connector, ConnectorInfo, Delivery, EndDate, Exchange, ManualClock,
    ResponseBody, Transport, TransportConfig, TransportError, TransportErrorKind,
};
use digicert_one_testbed::{Pki, Purpose, RequestSpec, Validity};
use http::{Method, Request, Response};
use pem_rfc7468::LineEnding;
use serde_json::{Map, Value, json};

/// What happens to a call instead of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It never arrives.
    Refused,
    /// It is processed, but its response is lost.
    ResponseLost,
    /// An error with this status, without any effect.
    Status(u16),
    /// It is processed, but the response lacks the secret.
    NotShown,
    /// It is processed, but each object of the response has this text in this field.
    Says(&'static str, &'static str),
}

type Faults = Box<dyn FnMut(&Method, &str) -> Option<Fault> + Send>;

#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) end_date: Option<EndDate>,
    pub(crate) active: bool,
    created_by: String,
    created_at: SystemTime,
}

#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) name: String,
    pub(crate) end_date: Option<EndDate>,
    pub(crate) enabled: bool,
    pub(crate) secret: String,
    created_at: SystemTime,
}

#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) name: String,
    pub(crate) end_date: Option<EndDate>,
    pub(crate) enabled: bool,
    pub(crate) leaf: Vec<u8>,
}

/// The state of the platform, and its configured behaviour.
pub(crate) struct World {
    pub(crate) users: Vec<User>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) certificates: Vec<Certificate>,
    /// Method and path of every call that arrived.
    pub(crate) calls: Vec<(String, String)>,
    pub(crate) faults: Option<Faults>,
    /// An older platform: one token per user.
    pub(crate) one_token: bool,
    /// Tokens cannot be deleted.
    pub(crate) no_delete: bool,
    /// Issues a certificate for another key than that of the request.
    pub(crate) foreign_key: bool,
    /// The `Date` of responses, if not the current time.
    pub(crate) date: Option<SystemTime>,
    count: u32,
}

#[derive(Clone)]
pub(crate) struct Platform {
    world: Arc<Mutex<World>>,
    clock: ManualClock,
}

impl Platform {
    pub(crate) fn new(clock: &ManualClock) -> Self {
        let world = World {
            users: Vec::new(),
            tokens: Vec::new(),
            certificates: Vec::new(),
            calls: Vec::new(),
            faults: None,
            one_token: false,
            no_delete: false,
            foreign_key: false,
            date: None,
            count: 0,
        };
        Self { world: Arc::new(Mutex::new(world)), clock: clock.clone() }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an initial user with an API key.
    pub(crate) fn has(&self, name: &str, end_date: Option<&str>) -> (String, String) {
        let end_date = end_date.map(|end_date| end_date.parse().expect("a day"));
        let now = self.clock.now() - Duration::from_secs(30 * 24 * 60 * 60);
        let mut world = self.world();
        let id = world.fresh("u");
        let user = User {
            id: id.clone(),
            name: name.to_owned(),
            end_date,
            active: true,
            created_by: "x".to_owned(),
            created_at: now,
        };
        world.users.push(user);
        let token = world.add_token(&id, "first".to_owned(), None, now);
        (id, token.secret)
    }

    /// Fails calls as this function decides.
    pub(crate) fn failing(&self, faults: impl FnMut(&Method, &str) -> Option<Fault> + Send + 'static) {
        self.world().faults = Some(Box::new(faults));
    }

    /// Fails the next call with this method and beginning of its path.
    pub(crate) fn failing_once(&self, method: Method, path: &'static str, fault: Fault) {
        let mut left = Some(fault);
        self.failing(move |found, at| if *found == method && at.starts_with(path) { left.take() } else { None });
    }

    pub(crate) fn works(&self) {
        self.world().faults = None;
    }
}

impl World {
    fn fresh(&mut self, kind: &str) -> String {
        self.count += 1;
        format!("{kind}{}", self.count)
    }

    pub(crate) fn add_token(&mut self, user: &str, name: String, end_date: Option<EndDate>, now: SystemTime) -> Token {
        let id = self.fresh("t");
        // The shape of a DigiCert ONE key, unique.
        let secret = format!("01{:024x}_{:064x}", self.count, u64::from(self.count) * 7919);
        let token = Token { id, user: user.to_owned(), name, end_date, enabled: true, secret, created_at: now };
        self.tokens.push(token.clone());
        token
    }

    pub(crate) fn made_at(&mut self, token: &str, time: SystemTime) {
        self.tokens.iter_mut().find(|one| one.id == token).expect("there").created_at = time;
    }

    /// Returns the enabled tokens of a user.
    pub(crate) fn enabled(&self, user: &str) -> Vec<Token> {
        self.tokens.iter().filter(|token| token.user == user && token.enabled).cloned().collect()
    }

    pub(crate) fn enabled_certificates(&self, user: &str) -> Vec<Certificate> {
        self.certificates.iter().filter(|one| one.user == user && one.enabled).cloned().collect()
    }

    /// Returns the calls other than GET.
    pub(crate) fn changes(&self) -> Vec<(String, String)> {
        self.calls.iter().filter(|(method, _)| method != "GET").cloned().collect()
    }

    fn lives(&self, user: &str, end_date: Option<EndDate>, now: SystemTime) -> bool {
        let over = |end: Option<EndDate>| end.is_some_and(|end| end.last_second() < now);
        let owner = self.users.iter().find(|one| one.id == user);
        owner.is_some_and(|owner| owner.active && !over(owner.end_date)) && !over(end_date)
    }

    fn caller(&self, key: Option<&str>, leaf: Option<&[u8]>, now: SystemTime) -> Option<String> {
        let by_key = self.tokens.iter().find(|token| token.enabled && Some(token.secret.as_str()) == key);
        let by_leaf = self.certificates.iter().find(|one| one.enabled && Some(one.leaf.as_slice()) == leaf);
        let (user, end_date) = match (by_key, by_leaf) {
            (Some(token), _) => (&token.user, token.end_date),
            (None, Some(one)) => (&one.user, one.end_date),
            (None, None) => return None,
        };
        self.lives(user, end_date, now).then(|| user.clone())
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Platform")
    }
}

impl Connector for Platform {
    fn info(&self) -> ConnectorInfo {
        ConnectorInfo::new("a platform in memory", "none", "none")
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::all()
    }

    fn connect(&self, config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        let leaf = config.identity().map(|identity| identity.chain()[0].to_vec());
        Ok(Arc::new(Line { platform: self.clone(), leaf }))
    }
}

struct Line {
    platform: Platform,
    leaf: Option<Vec<u8>>,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}

#[async_trait]
impl Transport for Line {
    async fn send(&self, request: Request<Bytes>) -> Result<Exchange, TransportError> {
        let now = self.platform.clock.now();
        let mut world = self.platform.world();
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let fault = world.faults.as_mut().and_then(|faults| faults(&method, &path));
        if fault == Some(Fault::Refused) {
            return Err(TransportError::new(TransportErrorKind::Refused, Delivery::NotSent));
        }
        world.calls.push((method.to_string(), path.clone()));
        let (status, mut body) = match fault {
            Some(Fault::Status(status)) => {
                (status, json!({ "errors": [{ "code": "trouble", "message": "as configured" }] }))
            }
            _ => response(&mut world, &request, self.leaf.as_deref(), now),
        };
        match fault {
            Some(Fault::ResponseLost) => {
                return Err(TransportError::new(TransportErrorKind::Interrupted, Delivery::Unknown));
            }
            Some(Fault::NotShown) => {
                for name in ["api_token", "token", "certificate", "chain"] {
                    body.as_object_mut().expect("an object").remove(name);
                }
            }
            Some(Fault::Says(field, text)) => {
                let objects = match &mut body {
                    Value::Array(items) => items.iter_mut().collect(),
                    object => vec![object],
                };
                for object in objects {
                    object[field] = text.into();
                    // The state is in this word alone.
                    if field == "status" {
                        object.as_object_mut().expect("an object").remove("enabled");
                    }
                }
            }
            _ => {}
        }
        let date = httpdate::fmt_http_date(world.date.unwrap_or(now));
        let body = if status == 204 { String::new() } else { body.to_string() };
        let response = Response::builder().status(status).header("date", date).body(ResponseBody::full(body));
        Ok(Exchange::new(response.expect("a response"), ConnectionFacts::unknown()))
    }
}

type Reply = (u16, Value);

fn refusal(status: u16, code: &str, message: &str) -> Reply {
    (status, json!({ "errors": [{ "code": code, "message": message }] }))
}

fn response(world: &mut World, request: &Request<Bytes>, leaf: Option<&[u8]>, now: SystemTime) -> Reply {
    let key = request.headers().get("x-api-key").map(|key| key.to_str().expect("text"));
    let Some(caller) = world.caller(key, leaf, now) else { return refusal(401, "unauthorized", "who are you") };
    let path = request.uri().path().strip_prefix("/account/api/v1/").expect("Account Manager").to_owned();
    let body: Map<String, Value> = serde_json::from_slice(request.body()).unwrap_or_default();
    let me = |id: &str| if id == "me" { caller.clone() } else { id.to_owned() };
    let parts: Vec<&str> = path.split('/').collect();
    match (request.method().as_str(), parts.as_slice()) {
        ("GET", ["user"]) => (200, world.users.iter().map(|user| shown_user(world, user)).collect()),
        ("GET", ["user", id]) => {
            let id = me(id);
            match world.users.iter().find(|user| user.id == id) {
                Some(user) => (200, shown_user(world, user)),
                None => refusal(404, "resource_not_found", "no such user"),
            }
        }
        ("POST", ["user"]) => create_user(world, &body, &caller, now),
        ("DELETE", ["user", id]) => {
            world.users.retain(|user| user.id != *id);
            world.tokens.retain(|token| token.user != *id);
            (204, Value::Null)
        }
        ("GET", ["api-access-token"]) => {
            let query = request.uri().query().unwrap_or_default();
            let user = me(query.split('&').find_map(|pair| pair.strip_prefix("user_id=")).expect("a user"));
            (200, world.tokens.iter().filter(|token| token.user == user).map(shown_token).collect())
        }
        ("POST", ["api-access-token"]) => {
            let user = body.get("user_id").and_then(Value::as_str).unwrap_or(&caller).to_owned();
            if world.one_token && world.tokens.iter().any(|token| token.user == user) {
                return refusal(409, "token_limit_reached", "one token for each user");
            }
            let name = text(&body, "name");
            if world.tokens.iter().any(|token| token.name == name) {
                return refusal(409, "duplicate_error", "Nickname is taken");
            }
            let token = world.add_token(&user, name, day(&body), now);
            let mut shown = shown_token(&token);
            shown["token"] = token.secret.into();
            (201, shown)
        }
        (method, ["api-access-token", id]) => change_token(world, method, id, &body),
        ("POST", ["client-auth-certificate"]) => certify(world, &body, &caller, now),
        ("PUT", ["client-auth-certificate", id, "enable"]) => {
            let enabled = body.get("enabled").and_then(Value::as_bool).expect("said");
            match world.certificates.iter_mut().find(|one| one.id == *id) {
                Some(one) => {
                    one.enabled = enabled;
                    (200, shown_certificate(one))
                }
                None => refusal(404, "resource_not_found", "no such certificate"),
            }
        }
        (method, _) => panic!("unexpected call {method} {path}"),
    }
}

fn create_user(world: &mut World, body: &Map<String, Value>, caller: &str, now: SystemTime) -> Reply {
    let name = text(body, "friendly_name");
    if world.users.iter().any(|user| user.name == name) {
        return refusal(409, "duplicate_error", "Nickname is taken");
    }
    let id = world.fresh("u");
    let user = User {
        id: id.clone(),
        name,
        end_date: day(body),
        active: true,
        created_by: caller.to_owned(),
        created_at: now,
    };
    world.users.push(user.clone());
    let token = world.add_token(&id, format!("{} key", user.name), None, now);
    let mut shown = shown_user(world, &user);
    shown["api_token"] = shown_token(&token);
    shown["api_token"]["token"] = token.secret.into();
    (201, shown)
}

fn change_token(world: &mut World, method: &str, id: &str, body: &Map<String, Value>) -> Reply {
    let Some(at) = world.tokens.iter().position(|token| token.id == id) else {
        return refusal(404, "resource_not_found", "no such token");
    };
    match method {
        "DELETE" if world.no_delete => refusal(403, "access_denied", "deletion is not allowed"),
        "DELETE" => {
            world.tokens.remove(at);
            (204, Value::Null)
        }
        "PUT" => {
            let token = &mut world.tokens[at];
            token.enabled = body.get("enabled").and_then(Value::as_bool).unwrap_or(token.enabled);
            (200, shown_token(token))
        }
        _ => (200, shown_token(&world.tokens[at])),
    }
}

fn certify(world: &mut World, body: &Map<String, Value>, caller: &str, now: SystemTime) -> Reply {
    let day = Duration::from_secs(24 * 60 * 60);
    let end_date = self::day(body);
    let last = end_date.map_or(now + 365 * day, EndDate::last_second);
    let seconds = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
    let [from, to] = [now - day, last].map(|time| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds(time)));
    let spec = RequestSpec {
        common_name: "service user".to_owned(),
        validity: Validity::Between(from, to),
        purpose: Purpose::ClientAuth,
    };
    let mut csr = text(body, "csr");
    if world.foreign_key {
        let other = digicert_one_identity::NewKey::generate(digicert_one_identity::KeyAlgorithm::P256);
        csr = other.expect("a key").csr_pem("other").expect("a request");
    }
    let chain = Pki::shared().sign_request(&csr, &spec).expect("a good request");
    let pem = |der: &Vec<u8>| pem_rfc7468::encode_string("CERTIFICATE", LineEnding::LF, der).expect("PEM");
    let pems: Vec<String> = chain.iter().map(pem).collect();
    let id = world.fresh("c");
    let leaf = chain[0].clone();
    let one = Certificate { id, user: caller.to_owned(), name: text(body, "nickname"), end_date, enabled: true, leaf };
    let mut shown = shown_certificate(&one);
    shown["certificate"] = pems[0].clone().into();
    shown["chain"] = pems[1..].iter().cloned().collect();
    world.certificates.push(one);
    (201, shown)
}

fn text(body: &Map<String, Value>, name: &str) -> String {
    body.get(name).and_then(Value::as_str).expect(name).to_owned()
}

fn day(body: &Map<String, Value>) -> Option<EndDate> {
    body.get("end_date").and_then(Value::as_str).map(|day| day.parse().expect("a day"))
}

fn status(enabled: bool) -> &'static str {
    if enabled { "ACTIVE" } else { "DISABLED" }
}

fn shown_end(end: Option<EndDate>) -> Value {
    end.map_or(Value::Null, |end| end.to_string()[..10].into())
}

fn instant(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).expect("a time").to_string()
}

fn shown_user(world: &World, user: &User) -> Value {
    let certificates: Value =
        world.certificates.iter().filter(|one| one.user == user.id).map(shown_certificate).collect();
    json!({
        "id": user.id, "friendly_name": user.name, "user_type": "service", "status": status(user.active),
        "end_date": shown_end(user.end_date), "created_by": user.created_by, "created_at": instant(user.created_at),
        "client_auth_certificates": certificates,
    })
}

fn shown_token(token: &Token) -> Value {
    json!({
        "id": token.id, "name": token.name, "user_id": token.user, "end_date": shown_end(token.end_date),
        "enabled": token.enabled, "status": status(token.enabled), "created_at": instant(token.created_at),
    })
}

fn shown_certificate(one: &Certificate) -> Value {
    json!({
        "id": one.id, "nickname": one.name, "end_date": shown_end(one.end_date), "enabled": one.enabled,
        "status": status(one.enabled),
    })
}
