//! Lists, page by page.

use bytes::Bytes;
use futures_util::StreamExt as _;
use rancher_client::paging::{List, Pages};
use rancher_client::wire::{Kept, Object, Page};
use serde_json::{Value, json};
use std::future::Future;
use std::pin::Pin;

use crate::answer::Answer;
use crate::fault::Outcome;
use crate::fields::Fields;
use crate::kept;
use crate::stream::{Next, Source, Stream};

type Place = Pin<Box<dyn Future<Output = Outcome<List<Kept<Object>>>> + Send>>;

/// The pages of a list.
pub(super) struct Lists {
    state: State,
    fields: Option<Fields>,
    partial: bool,
}

enum State {
    /// Where the list is must be looked up first.
    Place(Place),
    Pages(Pages),
    Over,
}

impl Lists {
    /// A list of whole objects, or of some fields of each.
    pub(super) fn stream(list: List<Kept<Object>>, fields: Option<Fields>) -> Stream {
        Stream::new(Self { state: State::Pages(list.pages()), fields, partial: false })
    }

    /// A list of objects that come without some of their fields.
    pub(super) fn partial(list: List<Kept<Object>>, fields: Option<Fields>) -> Stream {
        Stream::new(Self { state: State::Pages(list.pages()), fields, partial: true })
    }

    /// A list whose place must be looked up first.
    pub(super) fn at(
        place: impl Future<Output = Outcome<List<Kept<Object>>>> + Send + 'static,
        fields: Option<Fields>,
    ) -> Stream {
        Stream::new(Self { state: State::Place(Box::pin(place)), fields, partial: false })
    }

    async fn page(&mut self) -> Outcome<Option<Answer>> {
        loop {
            match &mut self.state {
                State::Over => return Ok(None),
                State::Place(place) => {
                    let found = place.as_mut().await;
                    self.state = State::Over;
                    self.state = State::Pages(found?.pages());
                }
                State::Pages(pages) => {
                    let Some(page) = pages.next().await.transpose()? else { return Ok(None) };
                    let kind = page.envelope().get("kind").and_then(Value::as_str);
                    let whole = match &self.fields {
                        Some(fields) => return Ok(Some(Answer::text(fields.records(page.items())?))),
                        None if self.partial => {
                            Answer::page(page.items().map(|item| kept::noted_partial(&item)))
                        }
                        None => Answer::page(page.items()),
                    };
                    let about = json!({"resource_version": resource_version(&page)});
                    return Ok(Some(whole.of_list(kind).with(about)));
                }
            }
        }
    }
}

/// The state of the cluster that a page shows: of Kubernetes and of Steve, each in its place. v3 does not say.
fn resource_version(page: &Page) -> Option<&str> {
    let of_kubernetes = || page.envelope().get("metadata")?.get("resourceVersion");
    of_kubernetes()
        .or_else(|| page.envelope().get("revision"))?
        .as_str()
        .filter(|version| !version.is_empty())
}

impl Source for Lists {
    fn next(&mut self, _reply: Option<Bytes>) -> Next<'_> {
        Box::pin(self.page())
    }
}
