//! Finds the call for a method and a path: one router for the products, content signing and the control API.

use std::collections::BTreeMap;

pub(crate) struct Router<C>(matchit::Router<Vec<(&'static str, C)>>);

pub(crate) enum RouteMatch<'r, 'p, C> {
    /// A call, and the values of its path placeholders.
    Call(&'r C, Vec<&'p str>),
    /// The path exists, with these methods.
    WrongMethod(String),
    Nothing,
}

impl<C> Router<C> {
    /// A router for calls by method and path. Segments in braces match any single segment.
    pub(crate) fn new(calls: impl IntoIterator<Item = (&'static str, &'static str, C)>) -> Self {
        let mut paths: BTreeMap<&str, Vec<(&'static str, C)>> = BTreeMap::new();
        for (method, path, call) in calls {
            paths.entry(path).or_default().push((method, call));
        }
        let mut router = matchit::Router::new();
        for (path, calls) in paths {
            router.insert(path, calls).expect("the paths of a table do not conflict");
        }
        Router(router)
    }

    pub(crate) fn find<'r, 'p>(&'r self, method: &str, path: &'p str) -> RouteMatch<'r, 'p, C> {
        let Ok(found) = self.0.at(path) else { return RouteMatch::Nothing };
        match found.value.iter().find(|(own, _)| *own == method) {
            Some((_, call)) => RouteMatch::Call(call, found.params.iter().map(|(_, value)| value).collect()),
            None => RouteMatch::WrongMethod(found.value.iter().map(|(own, _)| *own).collect::<Vec<_>>().join(", ")),
        }
    }
}
