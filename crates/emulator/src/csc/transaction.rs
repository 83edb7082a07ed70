//! Signature activation data (SAD): what a signer authorised, and how much of it is left.
//!
//! A *transaction* is one agreement: a credential and a number of signatures. A SAD is the ticket to it for a short while;
//! `extendTransaction` trades a ticket for a new one of the same transaction, with new hashes, and never adds signatures.
//! With SCAL 2 a ticket names the hashes, and each is signed once; with SCAL 1 it is good for as many as are left.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use super::refusal::Refused;
use crate::id::new_secret;

/// All transactions and their tickets.
#[derive(Default)]
pub(crate) struct Transactions {
    open: HashMap<u64, Transaction>,
    tickets: HashMap<String, Ticket>,
    count: u64,
}

struct Transaction {
    credential: String,
    /// The client whose code opened it; `None` through `credentials/authorize`.
    client: Option<String>,
    family: Option<u64>,
    remaining: u32,
}

struct Ticket {
    transaction: u64,
    /// What may be signed, as bytes; `None` binds to the number alone.
    hashes: Option<Vec<Vec<u8>>>,
    ends: SystemTime,
}

/// What a transaction is opened with.
pub(crate) struct Opening<'a> {
    pub(crate) credential: &'a str,
    pub(crate) signatures: u32,
    /// With SCAL 2, the hashes.
    pub(crate) hashes: Option<Vec<Vec<u8>>>,
    /// With a code, the client and the family of it.
    pub(crate) code: Option<(&'a str, u64)>,
}

const TOO_MANY: &str = "Numbers of signatures is too high";
const NOT_AUTHORIZED: &str = "Hash is not authorized by the SAD";

impl Transactions {
    /// A ticket to a new transaction.
    pub(crate) fn open(&mut self, opening: Opening<'_>, lifetime: Duration, now: SystemTime) -> String {
        self.forget(now);
        self.count += 1;
        let transaction = Transaction {
            credential: opening.credential.to_owned(),
            client: opening.code.map(|(client, _)| client.to_owned()),
            family: opening.code.map(|(_, family)| family),
            remaining: opening.signatures,
        };
        self.open.insert(self.count, transaction);
        self.issue(Ticket { transaction: self.count, hashes: opening.hashes, ends: now + lifetime })
    }

    /// A new ticket for an old one, which is void from then on.
    pub(crate) fn extend(
        &mut self,
        sad: &str,
        credential: &str,
        hashes: Option<Vec<Vec<u8>>>,
        lifetime: Duration,
        now: SystemTime,
    ) -> Result<String, Refused> {
        let transaction = self.valid(sad, credential, now)?.transaction;
        let remaining = self.open.get(&transaction).map_or(0, |open| open.remaining);
        let wanted = hashes.as_ref().map_or(1, Vec::len);
        if u32::try_from(wanted).map_or(true, |wanted| wanted > remaining) {
            return Err(Refused::request(TOO_MANY));
        }
        self.tickets.remove(sad);
        Ok(self.issue(Ticket { transaction, hashes, ends: now + lifetime }))
    }

    /// Takes the right to sign these hashes, all or none. What was taken does not come back.
    pub(crate) fn consume(
        &mut self,
        sad: &str,
        credential: &str,
        hashes: &[Vec<u8>],
        now: SystemTime,
    ) -> Result<(), Refused> {
        let ticket = self.valid(sad, credential, now)?;
        let transaction = ticket.transaction;
        let left = ticket.hashes.clone().map(|mut left| {
            let all = hashes.iter().all(|hash| match left.iter().position(|authorised| authorised == hash) {
                Some(index) => {
                    left.swap_remove(index);
                    true
                }
                None => false,
            });
            all.then_some(left)
        });
        let left = match left {
            None => None,
            Some(None) => return Err(Refused::request(NOT_AUTHORIZED)),
            Some(Some(left)) => Some(left),
        };
        let Some(open) = self.open.get_mut(&transaction) else { return Err(Refused::parameter("SAD")) };
        if open.remaining == 0 {
            return Err(Refused::parameter("SAD"));
        }
        let wanted = u32::try_from(hashes.len()).unwrap_or(u32::MAX);
        open.remaining = open.remaining.checked_sub(wanted).ok_or_else(|| Refused::request(TOO_MANY))?;
        if let Some(ticket) = self.tickets.get_mut(sad) {
            ticket.hashes = left;
        }
        Ok(())
    }

    /// The client whose code made this ticket, and `None` inside where no code did.
    pub(crate) fn client(&self, sad: &str) -> Option<Option<&str>> {
        let ticket = self.tickets.get(sad)?;
        Some(self.open.get(&ticket.transaction)?.client.as_deref())
    }

    /// Makes a ticket void.
    pub(crate) fn revoke(&mut self, sad: &str) {
        self.tickets.remove(sad);
    }

    /// Ends what came of a code that was shown twice.
    pub(crate) fn end_family(&mut self, family: u64) {
        let open = &mut self.open;
        open.retain(|_, transaction| transaction.family != Some(family));
        self.tickets.retain(|_, ticket| open.contains_key(&ticket.transaction));
    }

    fn valid(&self, sad: &str, credential: &str, now: SystemTime) -> Result<&Ticket, Refused> {
        let ticket = self.tickets.get(sad).ok_or_else(|| Refused::parameter("SAD"))?;
        if now >= ticket.ends {
            return Err(Refused::request("The SAD has expired"));
        }
        let own = self.open.get(&ticket.transaction).is_some_and(|open| open.credential == credential);
        if own { Ok(ticket) } else { Err(Refused::parameter("SAD")) }
    }

    fn issue(&mut self, ticket: Ticket) -> String {
        let sad = new_secret();
        self.tickets.insert(sad.clone(), ticket);
        sad
    }

    /// Until an hour after its end a ticket is called expired, afterwards invalid.
    fn forget(&mut self, now: SystemTime) {
        self.tickets.retain(|_, ticket| ticket.ends + Duration::from_secs(3600) > now);
        let tickets = &self.tickets;
        self.open.retain(|id, _| tickets.values().any(|ticket| ticket.transaction == *id));
    }
}
