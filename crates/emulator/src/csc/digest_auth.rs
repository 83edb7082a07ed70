//! HTTP Digest (RFC 7616) as a server does it: challenges with fresh nonces, and the check of a response.
//!
//! SHA-256 and MD5, `qop=auth`; the session variants, `auth-int` and hashed user names are not offered. A nonce counts
//! its uses: a response that is heard again is stale, so that nobody logs in with what somebody else sent.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use data_encoding::HEXLOWER;
use md5::Md5;
use sha2::{Digest, Sha256};

use crate::id::new_secret;

/// The realm of all challenges here.
pub(crate) const REALM: &str = "csc";

/// The nonces that are out.
#[derive(Default)]
pub(crate) struct Nonces(HashMap<String, Nonce>);

struct Nonce {
    ends: SystemTime,
    /// The highest count seen.
    used: u32,
}

/// An response to a challenge, taken apart.
pub(crate) struct DigestResponse<'a> {
    fields: HashMap<String, String>,
    method: &'a str,
    target: &'a str,
    nonce_count: u32,
    algorithm: Algorithm,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Sha256,
    Md5,
}

/// What is to be said of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Right,
    /// The password is right, the nonce is not (any more).
    Stale,
    Wrong,
}

impl Nonces {
    /// The challenges, the stronger first, as values of `WWW-Authenticate`.
    pub(crate) fn challenges(&mut self, stale: bool, lifetime: Duration, now: SystemTime) -> [String; 2] {
        self.0.retain(|_, nonce| nonce.ends > now);
        let nonce = new_secret();
        self.0.insert(nonce.clone(), Nonce { ends: now + lifetime, used: 0 });
        let stale = if stale { ", stale=true" } else { "" };
        ["SHA-256", "MD5"].map(|algorithm| {
            format!(
                "Digest realm=\"{REALM}\", qop=\"auth\", algorithm={algorithm}, nonce=\"{nonce}\", charset=UTF-8{stale}"
            )
        })
    }

    /// Whether the response was made with this password, for a nonce of ours, for the first time.
    pub(crate) fn check(&mut self, response: &DigestResponse<'_>, password: &str, now: SystemTime) -> Verdict {
        if !response.made_with(password) {
            return Verdict::Wrong;
        }
        match self.0.get_mut(response.field("nonce")) {
            Some(nonce) if now < nonce.ends && response.nonce_count > nonce.used => {
                nonce.used = response.nonce_count;
                Verdict::Right
            }
            _ => Verdict::Stale,
        }
    }
}

impl<'a> DigestResponse<'a> {
    /// Reads the parameters behind `Digest`. `None`: this is no response to our challenges.
    pub(crate) fn parse(parameters: &str, method: &'a str, target: &'a str) -> Option<Self> {
        let fields = fields(parameters)?;
        let algorithm = match fields.get("algorithm").map(String::as_str) {
            Some(name) if name.eq_ignore_ascii_case("SHA-256") => Algorithm::Sha256,
            // RFC 7616 §3.4: left out, it is MD5.
            None => Algorithm::Md5,
            Some(name) if name.eq_ignore_ascii_case("MD5") => Algorithm::Md5,
            Some(_) => return None,
        };
        let count = fields.get("nc").filter(|count| count.len() == 8)?;
        let nonce_count = u32::from_str_radix(count, 16).ok()?;
        let present = ["username", "realm", "nonce", "uri", "response", "cnonce"];
        let whole = present.iter().all(|name| fields.contains_key(*name))
            && fields.get("qop").is_some_and(|qop| qop == "auth")
            && fields["realm"] == REALM
            && fields["uri"] == target;
        whole.then_some(DigestResponse { fields, method, target, nonce_count, algorithm })
    }

    pub(crate) fn username(&self) -> &str {
        self.field("username")
    }

    fn made_with(&self, password: &str) -> bool {
        let hash = |text: String| self.algorithm.hex(text.as_bytes());
        let secret = hash(format!("{}:{REALM}:{password}", self.username()));
        let request = hash(format!("{}:{}", self.method, self.target));
        let [nonce, count, client_nonce] = ["nonce", "nc", "cnonce"].map(|name| self.field(name));
        hash(format!("{secret}:{nonce}:{count}:{client_nonce}:auth:{request}")) == self.field("response")
    }

    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

impl Algorithm {
    fn hex(self, bytes: &[u8]) -> String {
        match self {
            Algorithm::Sha256 => HEXLOWER.encode(&Sha256::digest(bytes)),
            Algorithm::Md5 => HEXLOWER.encode(&Md5::digest(bytes)),
        }
    }
}

/// `name=token` and `name="quoted \"text\""`, separated by commas (RFC 9110 §11.2). Names in lower case, each once.
fn fields(text: &str) -> Option<HashMap<String, String>> {
    let mut found = HashMap::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, behind) = rest.split_once('=')?;
        let behind = behind.trim_start();
        let (value, behind) = match behind.strip_prefix('"') {
            Some(quoted) => quoted_text(quoted)?,
            None => {
                let end = behind.find(',').unwrap_or(behind.len());
                (behind[..end].trim_end().to_owned(), &behind[end..])
            }
        };
        if found.insert(name.trim().to_ascii_lowercase(), value).is_some() {
            return None;
        }
        let behind = behind.trim_start();
        if !behind.is_empty() && !behind.starts_with(',') {
            return None;
        }
        rest = behind.trim_start_matches(|character: char| character == ',' || character.is_ascii_whitespace());
    }
    Some(found)
}

/// The text up to the closing quotation mark, and what follows it.
fn quoted_text(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[index + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_text_may_hold_commas_and_quotation_marks() {
        let found = fields(r#" username="a, \"b\"", qop=auth ,nc = 00000001"#).expect("parameters");
        assert_eq!((&*found["username"], &*found["qop"], &*found["nc"]), ("a, \"b\"", "auth", "00000001"));
    }

    #[test]
    fn what_is_cut_or_repeated_is_no_answer() {
        for text in [r#"username="a"#, "qop", "nc=1, nc=2", r#"username="a" qop=auth"#] {
            assert!(fields(text).is_none(), "{text}");
        }
    }

    /// The example of RFC 7616 §3.9.1.
    #[test]
    fn the_hashes_are_those_of_the_rfc() {
        let mufasa = |algorithm: Algorithm| {
            let secret = algorithm.hex(b"Mufasa:http-auth@example.org:Circle of Life");
            let request = algorithm.hex(b"GET:/dir/index.html");
            let nonces = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v:00000001:\
                          f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ:auth";
            algorithm.hex(format!("{secret}:{nonces}:{request}").as_bytes())
        };
        assert_eq!(mufasa(Algorithm::Md5), "8ca523f5e9506fed4657c9700eebdbec");
        assert_eq!(mufasa(Algorithm::Sha256), "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
    }
}
