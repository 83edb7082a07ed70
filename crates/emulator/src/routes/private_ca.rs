//! Private CA, under `/certificate-authority`.

use super::Route;

pub(super) const ROUTES: &[Route] = &[];
