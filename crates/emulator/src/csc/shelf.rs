//! Things by a secret, each with its end.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use crate::id::new_secret;

/// How long after its end something is called expired; later it is unknown.
const MEMORY: Duration = Duration::from_secs(3600);

pub(super) struct Shelf<T>(HashMap<String, (T, SystemTime)>);

/// The standing of a secret that was presented.
#[derive(Debug)]
pub(super) enum Shown<T> {
    Good(T),
    Expired,
    Unknown,
    /// It may be presented once, and was; all that came of it has ended.
    Repeated {
        family: u64,
    },
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Shelf(HashMap::new())
    }
}

impl<T> Shelf<T> {
    /// Puts it under a new secret, until its end.
    pub(super) fn put(&mut self, thing: T, end: SystemTime, now: SystemTime) -> String {
        self.0.retain(|_, (_, end)| *end + MEMORY > now);
        let secret = new_secret();
        self.0.insert(secret.clone(), (thing, end));
        secret
    }

    pub(super) fn get(&self, secret: &str) -> Option<&T> {
        self.0.get(secret).map(|(thing, _)| thing)
    }

    pub(super) fn get_mut(&mut self, secret: &str) -> Option<(&mut T, &SystemTime)> {
        self.0.get_mut(secret).map(|(thing, end)| (thing, &*end))
    }

    pub(super) fn show(&self, secret: &str, now: SystemTime) -> Shown<T>
    where
        T: Clone,
    {
        match self.0.get(secret) {
            None => Shown::Unknown,
            Some((_, end)) if now >= *end => Shown::Expired,
            Some((thing, _)) => Shown::Good(thing.clone()),
        }
    }

    pub(super) fn things(&self) -> impl Iterator<Item = &T> {
        self.0.values().map(|(thing, _)| thing)
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, secret: &str) -> bool {
        self.0.remove(secret).is_some()
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.0.retain(|_, (thing, _)| keep(thing));
    }
}
