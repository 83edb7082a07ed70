//! `d1 list`: the items of a list, page after page. A page is printed whole or not at all: after Ctrl-C the list can be continued.

use digicert_one::{PageStream, Position};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::arguments::ListOptions;
use crate::connection;
use crate::failure::{Failure, Given};
use crate::output::Output;
use crate::signals::Signals;

type Pages = PageStream<Box<RawValue>>;

/// Prints the items of a list.
pub(crate) async fn list(options: &ListOptions, output: &Output, signals: &Signals) -> Result<(), Failure> {
    let client = signals.unless_received(connection::client(&options.connection, output)).await?;
    let mut list = client.pages(options.path.clone()).paging(options.paging.into());
    if let Some(limit) = options.limit {
        list = list.max_items(limit);
    }
    if let Some(size) = options.page_size {
        list = list.page_size(size);
    }
    if let Some(position) = &options.start_at {
        list = list.start_at(position.clone());
    }
    if let Some(field) = &options.field {
        list = list.list_field(field);
    }
    list = list.allow_incomplete(options.allow_incomplete);
    output.progress(&format!("listing {}", options.path));
    let mut pages = list.pages();
    let (mut items, mut printed) = (Vec::new(), false);
    let is_document = output.is_json() && !output.filters_bodies();
    let reading = async {
        match is_document {
            true => document(&mut pages, &mut items, output).await,
            false => lines(&mut pages, &mut printed, output).await,
        }
    };
    let outcome = tokio::select! {
        outcome = reading => outcome,
        signal = signals.first() => Err(Failure::Interrupted { signal, changes: false }),
    };
    if printed && matches!(outcome, Err(Failure::Interrupted { .. })) {
        output.warning(&format!("each item above is whole; continue with --start-at '{}'", pages.position()));
    }
    outcome.map_err(|error| match error {
        Failure::Call(error) => {
            let given = match is_document {
                true => Given::Items(items),
                false if printed => Given::Printed,
                false => Given::Nothing,
            };
            Failure::List { error, position: pages.position(), given }
        }
        other => other,
    })
}

/// One line for each item, as soon as its page is there, and as the platform wrote it.
async fn lines(pages: &mut Pages, printed: &mut bool, output: &Output) -> Result<(), Failure> {
    while let Some(page) = pages.next().await {
        for item in page? {
            let is_open = match output.filters_bodies() {
                true => output.select(item.get().as_bytes())?,
                // Line ends can stand only between the tokens of JSON.
                false => output.line(&item.get().replace(['\n', '\r'], " "))?,
            };
            if !is_open {
                return Ok(());
            }
            *printed = true;
        }
    }
    doubt(pages, output);
    output.progress(&format!("continue with --start-at {}", pages.position()));
    Ok(())
}

/// Warns where the list may lack items, which the caller has allowed.
fn doubt(pages: &Pages, output: &Output) {
    if let Some(doubt) = pages.incomplete() {
        output.warning(&format!("the list may not be complete: {}", doubt.diagnosis().summary));
    }
}

/// The document of `--json`: what the platform sent is in it as it was sent.
#[derive(Serialize)]
struct Document<'a> {
    items: &'a [Box<RawValue>],
    total: Option<u64>,
    position: Position,
    /// Whether the list is known to be whole, or as long as was asked for.
    complete: bool,
}

/// One document, when the list has ended.
async fn document(pages: &mut Pages, items: &mut Vec<Box<RawValue>>, output: &Output) -> Result<(), Failure> {
    let mut total = None;
    while let Some(page) = pages.next().await {
        let page = page?;
        total = page.total().or(total);
        items.extend(page);
    }
    doubt(pages, output);
    let complete = pages.incomplete().is_none();
    output.document(&Document { items, total, position: pages.position(), complete })
}
