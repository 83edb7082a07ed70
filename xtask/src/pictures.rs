//! The pictures of docs/: generated from committed text, so that they are written and checked like the other generated parts.

use std::collections::BTreeMap;
use std::fs;

use crate::failure::Failure;
use crate::{cargo, diagrams, plots};

pub(crate) fn write() -> Result<(), Failure> {
    for (path, picture) in pictures()? {
        fs::write(cargo::root().join(&path), picture).map_err(|error| Failure::new(format_args!("{path}: {error}")))?;
    }
    Ok(())
}

/// Fails if a picture is not what its source says.
pub(crate) fn check() -> Result<(), Failure> {
    for (path, picture) in pictures()? {
        if fs::read_to_string(cargo::root().join(&path)).ok() != Some(picture) {
            return Err(Failure::new(format_args!(
                "docs: {path} is not what its source says\n  do:  cargo xtask docs"
            )));
        }
    }
    Ok(())
}

fn pictures() -> Result<BTreeMap<String, String>, Failure> {
    let mut pictures = diagrams::pictures()?;
    pictures.extend(plots::pictures()?);
    Ok(pictures)
}
