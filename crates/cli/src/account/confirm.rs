//! The question before something takes access away: asked on a terminal, answered by `--yes` elsewhere. The credential that the
//! call itself is made with is refused, unless it is named.

use std::io::{IsTerminal, Write};

use digicert_one::account::{ClientCertificate, Id, User};
use digicert_one::{Client, account::AccountExt as _, core::Mode};

use crate::arguments::ConfirmOptions;
use crate::failure::Failure;
use crate::table::shown;

/// The resource to disable or delete.
pub(super) struct Target {
    /// As in "delete".
    pub(super) action: &'static str,
    /// As in "API token".
    pub(super) kind: &'static str,
    pub(super) id: String,
    pub(super) name: Option<String>,
    /// Why it may be what this call is made with, where it may.
    pub(super) in_use: Option<String>,
}

impl ConfirmOptions {
    /// Whether it can be confirmed at all; asked before anything is sent.
    pub(super) fn check(&self, action: &str) -> Result<(), Failure> {
        if self.yes || has_terminal() {
            return Ok(());
        }
        Err(Failure::Usage(format!(
            "no terminal to ask for confirmation: to {action} it without a question, give --yes"
        )))
    }
}

fn has_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

impl Target {
    /// An API token of the caller, or of another user.
    pub(super) async fn token(client: &Client, action: &'static str, id: &str) -> Result<Self, Failure> {
        let (_, mode) = who_am_i(client).await?;
        let tokens = client.account().tokens();
        let own = tokens.list(&digicert_one::account::Id::me()).all().await?;
        let enabled = own.iter().filter(|one| one.is_enabled() != Some(false)).count();
        let found = own.into_iter().find(|one| one.id.as_str() == id);
        let may_be = mode != Mode::Certificate && found.as_ref().is_some_and(|one| one.is_enabled() != Some(false));
        let name = match found {
            Some(token) => token.name,
            // Only for the question: whether there is one, the call itself finds out.
            None => tokens.get(&Id::new(id)).await.ok().and_then(|token| token.name),
        };
        let in_use = may_be.then(|| why(enabled, "API tokens"));
        Ok(Self { action, kind: "API token", id: id.to_owned(), name, in_use })
    }

    /// A client certificate of the caller, or of another user.
    pub(super) async fn certificate(
        client: &Client,
        action: &'static str,
        id: &Id<ClientCertificate>,
    ) -> Result<Self, Failure> {
        let (_, mode) = who_am_i(client).await?;
        let own = client.account().certificates().list().await?;
        let enabled = own.iter().filter(|one| one.is_enabled() != Some(false)).count();
        let found = own.into_iter().find(|one| one.id == *id);
        let may_be = mode != Mode::Key && found.as_ref().is_some_and(|one| one.is_enabled() != Some(false));
        let in_use = may_be.then(|| why(enabled, "client certificates"));
        let name = found.and_then(|one| one.nickname);
        Ok(Self { action, kind: "client certificate", id: id.to_string(), name, in_use })
    }

    /// A service user, which may be the caller.
    pub(super) fn user(me: &User, action: &'static str, id: &str, name: Option<String>) -> Self {
        let in_use = (me.id.as_str() == id).then(|| "is the one that makes this call".to_owned());
        Self { action, kind: "service user", id: id.to_owned(), name, in_use }
    }

    fn shown(&self) -> String {
        match &self.name {
            Some(name) => format!("{} {} ({})", self.kind, shown(name), shown(&self.id)),
            None => format!("{} {}", self.kind, shown(&self.id)),
        }
    }

    /// Asks, unless that was answered beforehand.
    ///
    /// # Errors
    /// It was not confirmed, or may be in use and was not named.
    pub(super) async fn confirm(&self, options: &ConfirmOptions) -> Result<(), Failure> {
        self.check_use(options.even_if_in_use.as_deref())?;
        if options.yes {
            return Ok(());
        }
        options.check(self.action)?;
        let question = format!("{} the {}? [y/N] ", capitalised(self.action), self.shown());
        let asking = tokio::task::spawn_blocking(move || {
            let (mut err, mut line) = (std::io::stderr(), String::new());
            let asked = err.write_all(question.as_bytes()).and_then(|()| err.flush());
            asked.and_then(|()| std::io::stdin().read_line(&mut line)).map(|_| line)
        });
        let line = asking.await.map_err(|error| Failure::Internal(error.into()))?;
        let agreed = line.is_ok_and(|line| ["y", "yes"].contains(&line.trim().to_lowercase().as_str()));
        if agreed { Ok(()) } else { Err(Failure::Usage("not confirmed: nothing was changed".to_owned())) }
    }

    fn check_use(&self, named: Option<&str>) -> Result<(), Failure> {
        let Some(why) = &self.in_use else { return Ok(()) };
        let name = self.name.as_deref().unwrap_or(&self.id);
        match named {
            Some(named) if named == name || named == self.id => Ok(()),
            Some(_) => Err(Failure::Usage(format!(
                "--even-if-in-use names another one: the {} {why}, and is not {}d; give its own name",
                self.shown(),
                self.action
            ))),
            None => Err(Failure::Usage(format!(
                "the {} {why}: to {} it would lock this caller out; use another credential, or confirm it with \
                 --even-if-in-use {}",
                self.shown(),
                self.action,
                shlex::try_quote(name).map_or_else(|_| shown(&self.id), |name| shown(&name))
            ))),
        }
    }
}

fn why(enabled: usize, several: &str) -> String {
    match enabled {
        1 => "is the one that this call is made with".to_owned(),
        count => format!(
            "is one of the {count} enabled {several} of this caller and may be the one that this call is made with (the \
             platform does not say which)"
        ),
    }
}

fn capitalised(action: &str) -> String {
    let mut characters = action.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

async fn who_am_i(client: &Client) -> Result<(User, Mode), Failure> {
    let response = client.get("/account/api/v1/user/me").send().await?;
    let mode = response.mode();
    Ok((response.json().await?, mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(in_use: bool) -> Target {
        let in_use = in_use.then(|| why(1, "API tokens"));
        Target { action: "delete", kind: "API token", id: "1f".to_owned(), name: Some("ci".to_owned()), in_use }
    }

    #[test]
    fn credential_in_use_is_refused_unless_named() {
        for named in [None, Some("another"), Some("")] {
            assert!(target(true).check_use(named).is_err(), "{named:?}");
            assert!(target(false).check_use(named).is_ok(), "{named:?}");
        }
        for named in ["ci", "1f"] {
            assert!(target(true).check_use(Some(named)).is_ok(), "{named}");
        }
    }
}
