//! The connector of a generated defect: the correct transport, with one thing altered in one setting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use digicert_one_conformance::Subject;
use digicert_one_core::{
    Capabilities, Connector, ConnectorInfo, ResponseBody, Transport, TransportConfig, TransportError,
};
use http::{Request, Response};

use crate::rule::{Act, Mutant, Rule};
use crate::setting::{Made, Past};
use crate::stream::Altered;
use crate::transport::sometimes::Sometimes;
use crate::transport::{self, At, Change, Ended};

/// The transport with this defect, or the same code without one.
pub(crate) fn subject(mutant: Option<Mutant>) -> Subject {
    Subject::new(Generator { mutant, has_made: AtomicBool::new(false) })
}

struct Generator {
    mutant: Option<Mutant>,
    has_made: AtomicBool,
}

impl std::fmt::Debug for Generator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Generator").field(&self.mutant.as_ref().map(Mutant::name)).finish()
    }
}

impl Connector for Generator {
    fn info(&self) -> ConnectorInfo {
        transport::Connector::sound().info()
    }

    fn capabilities(&self) -> Capabilities {
        transport::Connector::sound().capabilities()
    }

    fn connect(&self, config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        let made = Made::new(config, self.has_made.swap(true, Ordering::Relaxed));
        let shows = self.mutant.filter(|mutant| mutant.setting.is_of(&made));
        let sound = transport::Connector::sound();
        let altered = Arc::new(Alteration { mutant: self.mutant, made, past: Past::default() });
        if let Some(Mutant { rule: Rule { act: Act::Listed(defect), .. }, setting }) = self.mutant
            && let Some(when) = setting.when()
        {
            return Sometimes::around(config, *defect, when);
        }
        match shows.map(|mutant| mutant.rule.act) {
            Some(Act::Listed(defect)) => transport::Connector::broken(defect).connect(config),
            Some(Act::Config(change)) => sound.changed(&change(config), altered),
            Some(Act::Wrap(wrap)) => Ok(wrap(sound.changed(config, altered)?, config)),
            Some(Act::Error(change)) => sound.changed(config, altered).map_err(change),
            _ => sound.changed(config, altered),
        }
    }
}

/// What is altered in one transport.
struct Alteration {
    mutant: Option<Mutant>,
    made: Made,
    past: Past,
}

impl std::fmt::Debug for Alteration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Alteration").finish_non_exhaustive()
    }
}

impl Alteration {
    /// What is done in a call of this setting.
    fn act(&self, at: &At) -> Option<Act> {
        self.mutant.filter(|mutant| mutant.setting.is_of_call(&self.made, &self.past, at)).map(|mutant| mutant.rule.act)
    }
}

impl Change for Alteration {
    fn request(&self, request: Request<Bytes>, at: &At) -> Request<Bytes> {
        match self.act(at) {
            Some(Act::Request(change)) => change(request),
            _ => request,
        }
    }

    fn next(&self, request: &Request<Bytes>, ended: &Ended, at: &At) -> Option<Request<Bytes>> {
        match self.act(at) {
            Some(Act::Next(next)) => next(request, ended),
            _ => None,
        }
    }

    fn ended(&self, ended: Ended, at: &At) -> Ended {
        let act = self.act(at);
        self.past.note(&ended);
        let Some(act) = act else { return ended };
        let mut exchange = match (ended, act) {
            (Err(error), Act::Error(change)) => return Err(change(error)),
            (ended, _) => ended?,
        };
        if let Act::Facts(change) = act {
            change(&mut exchange.facts);
        }
        let (mut head, body) = exchange.response.into_parts();
        if let Act::Head(change) = act {
            change(&mut head);
        }
        let body = match act {
            Act::Body(_) | Act::Hints | Act::Error(_) => Altered::body(body, act),
            _ => body,
        };
        exchange.response = Response::<ResponseBody>::from_parts(head, body);
        Ok(exchange)
    }
}
