//! How Steve pages: by numbers, of a list that may change meanwhile.

use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;

use super::SteveQuery;
use crate::error::{Error, ErrorKind, Result};
use crate::paging::{Course, Refused, Step, circle};
use crate::scope::Route;
use crate::wire::Page;

/// A walk that begins anew more often than this follows a list that changes faster than it can be read.
const MOST_BEGINNINGS: u32 = 8;

/// Steve's own size of a page where none is asked for.
const GREATEST_PAGE: u32 = 100_000;

/// The walk through a list of Steve.
///
/// Steve of 2.12 and later reads `pagesize` and `page`, ignores `limit` and `continue` (recorded: workflows,
/// `limit=2`), and gives a `next` that leads to the first page again. Steve from 2.7 on reads `pagesize` and `page`
/// too; beside them, `limit` would cut the list before it is paged. Older Steve ignores both and sends all, in chunks
/// with a `continue` if there are more than 100,000 (its sources; assumed). So `pagesize` and `page` are sent, and a
/// `continue` is followed only where they were ignored.
///
/// A page is counted from the start of the list, so an object that is deleted before it moves all others up, and one
/// of them is on no page. The answers' `revision` tells that the list changed. Then the walk begins anew, with greater
/// pages, until one walk ran at one revision: a list of one page always does.
#[derive(Debug, Clone)]
pub(super) struct Numbers {
    place: std::result::Result<Route, Refused>,
    query: SteveQuery,
    /// Bytes that an answer may have.
    most_bytes: usize,
    /// The list without its paging.
    list: Option<Route>,
    size: u32,
    walk: OneWalk,
    beginnings: u32,
}

/// What is known of the walk since it began.
#[derive(Debug, Clone, Default)]
struct OneWalk {
    revision: Option<String>,
    count: Option<u64>,
    received: u64,
    /// First and last object of the page before.
    ends: Option<(Option<String>, Option<String>)>,
}

impl Numbers {
    pub(super) fn new(place: Result<Route>, query: SteveQuery, most_bytes: usize) -> Self {
        let place = place.map_err(Refused::from);
        Self { place, query, most_bytes, list: None, size: 0, walk: OneWalk::default(), beginnings: 0 }
    }

    fn page_of(&self, number: u64) -> Option<Route> {
        let route = self.list.clone()?.with_query("pagesize", &self.size.to_string());
        Some(if number > 1 { route.with_query("page", &number.to_string()) } else { route })
    }

    /// The list changed between two pages.
    fn anew(&mut self, page: &Page) -> Result<Step> {
        self.beginnings += 1;
        // as much as an answer may hold, going by this one
        let each = page.bytes().len() / page.len().max(1) + 1;
        let most = u32::try_from(self.most_bytes / 2 / each).unwrap_or(u32::MAX).min(GREATEST_PAGE);
        self.size = self.size.saturating_mul(4).min(most).max(self.size);
        self.walk = OneWalk::default();
        match self.page_of(1) {
            Some(first) if self.beginnings < MOST_BEGINNINGS => Ok(Step::Anew(first)),
            _ => Err(Error::new(
                ErrorKind::Conflict,
                "the list changes faster than it can be read: objects may be on none of its pages",
                "list again when less changes, or less at a time (filter, namespace), or through Kubernetes, whose pages \
                 are of one state: cluster.list",
            )
            .with_retry(true, None)),
        }
    }
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    metadata: Option<Metadata<'a>>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow, default)]
    uid: Option<Cow<'a, str>>,
}

fn identity_of(item: &[u8]) -> Option<String> {
    let item: Item<'_> = serde_json::from_slice(item).ok()?;
    let uid = item.metadata.and_then(|metadata| metadata.uid).filter(|uid| !uid.is_empty());
    uid.or(item.id).filter(|id| !id.is_empty()).map(Cow::into_owned)
}

fn text<'p>(page: &'p Page, name: &str) -> Option<&'p str> {
    page.envelope().get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

impl Course for Numbers {
    fn operation(&self) -> &'static str {
        "steve.list"
    }

    fn items(&self) -> &'static str {
        "data"
    }

    fn first(&mut self, limit: Option<u32>) -> Result<Route> {
        let route = match &self.place {
            Ok(route) => route.clone(),
            Err(refused) => return Err(refused.into()),
        };
        self.size = self.query.size(limit)?;
        let route = self.query.apply(route)?;
        Ok(route.with_query("pagesize", &self.size.to_string()))
    }

    fn identity(&self, item: &[u8]) -> Option<String> {
        identity_of(item)
    }

    fn next(&mut self, route: &Route, page: &Page) -> Result<Step> {
        // by the road that was taken
        let list = self.list.get_or_insert_with(|| route.without_query("pagesize")).clone();
        let number: u64 = route.query_values("page").pop().and_then(|page| page.parse().ok()).unwrap_or(1);
        let here = page.len() as u64;
        let count = page.envelope().get("count").and_then(Value::as_u64);
        self.walk.received += here;
        let all = count.is_some_and(|count| self.walk.received >= count);

        let chunk = !route.query_values("continue").is_empty();
        if chunk || here > u64::from(self.size) {
            return Ok(match text(page, "continue") {
                Some(token) if !all => Step::Next(list.with_query("continue", token)),
                _ => Step::Done,
            });
        }

        let revision = text(page, "revision").map(str::to_owned);
        let ends = |at: usize| page.item(at).and_then(|item| identity_of(&item));
        let ends = Some((ends(0), ends(page.len().saturating_sub(1))));
        if number == 1 {
            (self.walk.revision, self.walk.count) = (revision, count);
        } else if (&self.walk.revision, &self.walk.count) != (&revision, &count) {
            return self.anew(page);
        } else if ends.as_ref().is_some_and(|(first, _)| first.is_some()) && ends == self.walk.ends {
            return Err(circle("the server sends the same page again, whichever is asked for"));
        }
        self.walk.ends = ends;
        match count {
            _ if all => Ok(Step::Done),
            Some(count) if here == 0 => Err(Error::new(
                ErrorKind::Decode,
                format!(
                    "the list is not whole: the server counts {count} objects and sent {}",
                    self.walk.received
                ),
                "list again; through Kubernetes the same objects can be had by cluster.list",
            )),
            None if here < u64::from(self.size) => Ok(Step::Done),
            _ => Ok(self.page_of(number.saturating_add(1)).map_or(Step::Done, Step::Next)),
        }
    }

    fn total(&self, page: &Page) -> Option<u64> {
        page.envelope().get("count")?.as_u64()
    }

    fn again(&self) -> Box<dyn Course> {
        Box::new(Self { list: None, walk: OneWalk::default(), beginnings: 0, ..self.clone() })
    }
}
