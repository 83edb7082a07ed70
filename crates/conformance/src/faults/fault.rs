//! One fault: its row in the table, its wider codes with their reasons, and what makes it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use digicert_one_core::{Capabilities, Capability, Code};

use super::lab::ObservedFault;
use crate::world::World;

/// One fault and what it is called.
pub struct Fault {
    /// The row of the table, in words.
    pub name: &'static str,
    /// The code of a stack that can distinguish it.
    pub code: Code,
    /// The codes of stacks that cannot.
    pub wider: &'static [Wider],
    /// What a stack must declare for this fault to happen to it.
    pub needs: Option<Capability>,
    pub(super) run: fn(World) -> Pin<Box<dyn Future<Output = ObservedFault>>>,
}

/// A wider code, documented.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Wider {
    /// The code.
    pub code: Code,
    /// Only a stack without this may give it; without an entry here, every stack.
    pub lacking: Option<Capability>,
    /// Why such a stack cannot know.
    pub why: &'static str,
}

impl Fault {
    pub(super) const fn needing(mut self, capability: Capability) -> Self {
        self.needs = Some(capability);
        self
    }

    /// The documented reason for a wider code on a stack with these capabilities.
    #[must_use]
    pub fn wider(&self, code: Code, capabilities: Capabilities) -> Option<&'static Wider> {
        let may = |wider: &&Wider| wider.lacking.is_none_or(|lacking| !capabilities.has(lacking));
        self.wider.iter().filter(|wider| wider.code == code).find(may)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault").field("name", &self.name).field("code", &self.code).finish_non_exhaustive()
    }
}

/// One row: name, code, wider codes, and what makes it.
pub(super) const fn fault(
    name: &'static str,
    code: Code,
    wider: &'static [Wider],
    run: fn(World) -> Pin<Box<dyn Future<Output = ObservedFault>>>,
) -> Fault {
    Fault { name, code, wider, needs: None, run }
}

pub(super) const fn wider(code: Code, lacking: Capability, why: &'static str) -> Wider {
    Wider { code, lacking: Some(lacking), why }
}

/// A code that is as true as that of the fault, on any stack.
pub(super) const fn or(code: Code, why: &'static str) -> Wider {
    Wider { code, lacking: None, why }
}
