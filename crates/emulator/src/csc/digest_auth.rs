//! HTTP Digest (RFC 7616) as a server does it: challenges with fresh nonces, and the check of a response.
//!
//! SHA-256 and MD5, `qop=auth`; the session variants, `auth-int` and hashed user names are not offered. A
//! nonce counts its uses: a repeated response is stale, so that captured responses cannot be replayed.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use data_encoding::HEXLOWER;
use http_auth::parser::ChallengeParser;
use md5::Md5;
use sha2::{Digest, Sha256};

use super::code_store::Shelf;

pub(super) const REALM: &str = "csc";

/// The nonces that were issued, each with the highest count seen.
#[derive(Default)]
pub(super) struct Nonces(Shelf<u32>);

/// A response to a challenge, taken apart.
pub(super) struct DigestResponse<'a> {
    fields: HashMap<String, String>,
    method: &'a str,
    target: &'a str,
    nonce_count: u32,
    hash: fn(&str) -> String,
}

/// The outcome of the check of a response.
pub(super) enum Verdict {
    Right,
    /// The password is right, the nonce is not (any more).
    Stale,
    Wrong,
}

impl Nonces {
    /// The challenges, the stronger first, as values of `WWW-Authenticate`.
    pub(super) fn challenges(&mut self, stale: bool, lifetime: Duration, now: SystemTime) -> [String; 2] {
        let nonce = self.0.put(0, now + lifetime, now);
        let stale = if stale { ", stale=true" } else { "" };
        ["SHA-256", "MD5"].map(|algorithm| {
            format!(
                "Digest realm=\"{REALM}\", qop=\"auth\", algorithm={algorithm}, nonce=\"{nonce}\", charset=UTF-8{stale}"
            )
        })
    }

    /// Returns whether the response was made with this password, for a nonce of ours, for the first time.
    pub(super) fn check(&mut self, response: &DigestResponse<'_>, password: &str, now: SystemTime) -> Verdict {
        if !response.made_with(password) {
            return Verdict::Wrong;
        }
        match self.0.get_mut(response.field("nonce")) {
            Some((used, end)) if now < *end && response.nonce_count > *used => {
                *used = response.nonce_count;
                Verdict::Right
            }
            _ => Verdict::Stale,
        }
    }
}

impl<'a> DigestResponse<'a> {
    /// Parses the parameters of `Digest`. `None` if this is not a response to our challenges.
    pub(super) fn parse(parameters: &str, method: &'a str, target: &'a str) -> Option<Self> {
        let fields = fields(parameters)?;
        let hash = match fields.get("algorithm").map(|name| name.to_ascii_uppercase()).as_deref() {
            Some("SHA-256") => sha256,
            // RFC 7616 §3.4: left out, it is MD5.
            None | Some("MD5") => md5,
            Some(_) => return None,
        };
        let count = fields.get("nc").filter(|count| count.len() == 8)?;
        let nonce_count = u32::from_str_radix(count, 16).ok()?;
        let present = ["username", "realm", "nonce", "uri", "response", "cnonce"];
        let whole = present.iter().all(|name| fields.contains_key(*name))
            && fields.get("qop").is_some_and(|qop| qop == "auth")
            && fields["realm"] == REALM
            && fields["uri"] == target;
        whole.then_some(DigestResponse { fields, method, target, nonce_count, hash })
    }

    pub(super) fn username(&self) -> &str {
        self.field("username")
    }

    fn made_with(&self, password: &str) -> bool {
        let hash = self.hash;
        let secret = hash(&format!("{}:{REALM}:{password}", self.username()));
        let request = hash(&format!("{}:{}", self.method, self.target));
        let [nonce, count, client_nonce] = ["nonce", "nc", "cnonce"].map(|name| self.field(name));
        hash(&format!("{secret}:{nonce}:{count}:{client_nonce}:auth:{request}")) == self.field("response")
    }

    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

fn sha256(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text))
}

fn md5(text: &str) -> String {
    HEXLOWER.encode(&Md5::digest(text))
}

/// The parameters, which are written as those of a challenge (RFC 9110 §11.2). Names in lower case, each once.
fn fields(parameters: &str) -> Option<HashMap<String, String>> {
    let text = format!("Digest {parameters}");
    let mut parser = ChallengeParser::new(&text);
    let (Some(Ok(digest)), None) = (parser.next(), parser.next()) else { return None };
    let fields: HashMap<_, _> =
        digest.params.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.to_unescaped())).collect();
    (fields.len() == digest.params.len()).then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_may_be_quoted_and_must_not_repeat() {
        let found = fields(r#"username="a, \"b\"", qop=auth ,nc = 00000001"#).expect("parameters");
        assert_eq!((&*found["username"], &*found["qop"], &*found["nc"]), ("a, \"b\"", "auth", "00000001"));
        for text in [r#"username="a"#, "qop", "nc=1, nc=2", r#"username="a" qop=auth"#] {
            assert!(fields(text).is_none(), "{text}");
        }
    }

    /// The example of RFC 7616 §3.9.1.
    #[test]
    fn hashes_are_those_of_the_rfc() {
        let mufasa = |hash: fn(&str) -> String| {
            let (secret, request) = (hash("Mufasa:http-auth@example.org:Circle of Life"), hash("GET:/dir/index.html"));
            let nonces = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v:00000001:\
                          f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ:auth";
            hash(&format!("{secret}:{nonces}:{request}"))
        };
        assert_eq!(mufasa(md5), "8ca523f5e9506fed4657c9700eebdbec");
        assert_eq!(mufasa(sha256), "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
    }
}
