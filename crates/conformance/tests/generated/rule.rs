//! A rule: what is altered, of which thing, and the settings in which each of its defects shows. The rules
//! are listed by the part of a call that they alter; each rule in each of its settings is one defect.

use std::sync::Arc;

use bytes::Bytes;
use digicert_one_core::{ConnectionFacts, Transport, TransportConfig, TransportError};
use http::{Request, response};

use crate::setting::Setting;
use crate::stream::Read;
use crate::table::Defect;
use crate::transport::Ended;
use crate::{again, config, failure, handmade, listed, request, response as response_rules};

/// What a rule alters, and how.
#[derive(Clone, Copy)]
pub(crate) enum Act {
    /// The configuration of a transport.
    Config(fn(&TransportConfig) -> TransportConfig),
    /// The sent request.
    Request(fn(Request<Bytes>) -> Request<Bytes>),
    /// What is sent again after a call has ended, if anything.
    Next(fn(&Request<Bytes>, &Ended) -> Option<Request<Bytes>>),
    /// The head of a response.
    Head(fn(&mut response::Parts)),
    /// What was read of a body, after so many bytes.
    Body(fn(Read, usize) -> Read),
    /// What a body reports: its length and whether it is at its end.
    Hints,
    /// The facts of a response.
    Facts(fn(&mut ConnectionFacts)),
    /// Errors, including those of bodies and of `connect`.
    Error(fn(TransportError) -> TransportError),
    /// A wrapper around the transport.
    Wrap(fn(Arc<dyn Transport>, &TransportConfig) -> Arc<dyn Transport>),
    /// A defect of the table, which here shows in one setting only.
    Listed(Defect),
}

/// One rule.
pub(crate) struct Rule {
    /// The action, as a verb.
    pub(crate) action: &'static str,
    pub(crate) thing: &'static str,
    pub(crate) act: Act,
    pub(crate) settings: &'static [Setting],
    /// Cases that are likely to detect it, to be tried first.
    pub(crate) likely: &'static [&'static str],
}

/// One generated defect.
#[derive(Clone, Copy)]
pub(crate) struct Mutant {
    pub(crate) rule: &'static Rule,
    pub(crate) setting: Setting,
}

impl Mutant {
    /// The stable name: action, thing, setting.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}/{}", self.rule.action, self.rule.thing, self.setting.name())
    }
}

/// Every defect, in the order of the rules.
pub(crate) fn mutants() -> impl Iterator<Item = Mutant> {
    let lists: [&'static [Rule]; 7] = [
        request::RULES,
        response_rules::RULES,
        failure::RULES,
        config::RULES,
        again::RULES,
        listed::RULES,
        handmade::RULES,
    ];
    let rules = lists.into_iter().flatten();
    rules.flat_map(|rule| rule.settings.iter().map(move |setting| Mutant { rule, setting: *setting }))
}

/// The rules of one part, one per line: action, thing, act, settings, likely cases.
macro_rules! rules {
    ($($action:literal $thing:literal $act:expr, [$($setting:ident)+], [$($likely:literal)*];)+) => {
        &[$(crate::rule::Rule {
            action: $action,
            thing: $thing,
            act: $act,
            settings: &[$(crate::setting::Setting::$setting,)+],
            likely: &[$($likely,)*],
        },)+]
    };
}
pub(crate) use rules;
