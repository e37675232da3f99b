//! The walk from page to page.

use http::header::ACCEPT;
use http::{HeaderValue, Method};
use std::collections::{HashMap, HashSet};

use crate::error::{Error, ErrorKind, Result};
use crate::scope::{Route, road};
use crate::transport::{BoxFuture, Connection, Request};
use crate::wire::{ClusterId, Page};

/// So many pages of a walk may bring nothing new in all; more, and the server leads in a circle. Those that bring
/// something new may be as many as the list has.
const MOST_VAIN_PAGES: usize = 10_000;

/// So many pages in a row may bring nothing but what was seen already, beside those that a new beginning repeats. A
/// list that changes can do so for a page or two.
const MOST_STALE_PAGES: usize = 16;

/// How one API pages.
pub(crate) trait Course: Send + Sync + 'static {
    /// What the caller asked for, `v3.list`.
    fn operation(&self) -> &'static str;

    /// Where the items are: `data` or `items`.
    fn items(&self) -> &'static str;

    /// The form in which the items are asked for; nothing for the usual one.
    fn accept(&self) -> Option<&'static str> {
        None
    }

    /// The first page, of so many objects if that is given.
    ///
    /// # Errors
    /// If what was asked is nonsense. Nothing is sent then.
    fn first(&mut self, limit: Option<u32>) -> Result<Route>;

    /// What tells an object from others: its id or uid. Nothing where it has none.
    fn identity(&self, item: &[u8]) -> Option<String>;

    /// Looks at the answer to `route` and says what to do next.
    ///
    /// # Errors
    /// If the server did not do what was asked, or leads in a circle or elsewhere.
    fn next(&mut self, route: &Route, page: &Page) -> Result<Step>;

    /// Leaves out what was not asked for, where the server is known to send it all the same.
    ///
    /// # Errors
    /// If the server was asked to leave something out and did not.
    fn choose(&self, _page: &mut Page) -> Result<()> {
        Ok(())
    }

    /// What to do after a page could not be read.
    ///
    /// # Errors
    /// The error itself, where nothing can be done.
    fn after(&mut self, error: Error) -> Result<Step> {
        Err(error)
    }

    /// How many objects the whole list has, if this page of it says so.
    fn total(&self, page: &Page) -> Option<u64>;

    /// The same from its beginning, for another walk.
    fn again(&self) -> Box<dyn Course>;
}

/// What comes after a page.
#[derive(Debug)]
pub(crate) enum Step {
    /// It was the last.
    Done,
    /// This page is the next.
    Next(Route),
    /// The walk begins anew with this page; what was seen already is left out.
    Anew(Route),
}

/// A page, and how to get the next one.
pub(super) struct Fetched {
    pub(super) page: Page,
    pub(super) next: Option<Begin>,
}

/// How to ask for a page.
pub(super) type Begin = Box<dyn FnOnce() -> Fetch + Send>;

/// A page on its way.
pub(super) type Fetch = BoxFuture<'static, std::result::Result<Fetched, Failed>>;

/// A page that did not come.
pub(super) struct Failed {
    pub(super) error: Error,
    /// How to ask for the same page once more, where that can help: the deadline of a page that was asked for ahead
    /// runs while nobody looks after it.
    pub(super) again: Option<Begin>,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, again: None }
    }
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        failed.error
    }
}

/// Where a walk stands.
pub(super) struct Walk {
    pub(super) connection: Connection,
    pub(super) course: Box<dyn Course>,
    seen: HashSet<Box<str>>,
    /// What was asked for, and how much had been seen when it was.
    asked: HashMap<String, usize>,
    /// The same list for a key that is scoped to the cluster that was asked for.
    by_road: Option<Route>,
    /// Why the first page was refused, while the road is tried.
    refused: Option<Error>,
    pages: usize,
    /// Pages that brought something new.
    fruitful: usize,
    /// Pages in a row that brought nothing new.
    stale: usize,
    /// Pages that were read before the walk began the last time.
    before: usize,
}

impl Walk {
    pub(super) fn new(connection: Connection, course: Box<dyn Course>) -> Self {
        Self {
            connection,
            course,
            seen: HashSet::new(),
            asked: HashMap::new(),
            by_road: None,
            refused: None,
            pages: 0,
            fruitful: 0,
            stale: 0,
            before: 0,
        }
    }

    /// Starts with the first page.
    pub(super) fn start(mut self, limit: Option<u32>) -> Fetch {
        Box::pin(async move {
            let asked = self.course.first(limit)?;
            let route = self
                .connection
                .road_for(asked.clone())
                .map_err(|error| error.with_request(&Method::GET, &asked))?;
            if route == asked {
                self.by_road = road_of(&asked);
            }
            self.go_on(route).await
        })
    }

    fn go_on(self, route: Route) -> Fetch {
        Box::pin(self.fetch(route))
    }

    /// Reads a page, and again as often as the course finds a way on.
    async fn fetch(mut self, mut route: Route) -> std::result::Result<Fetched, Failed> {
        loop {
            self.pages += 1;
            if self.pages > MOST_VAIN_PAGES + self.fruitful {
                let words = format!("more than {MOST_VAIN_PAGES} of its pages brought nothing new");
                return Err(self.broken(&route, circle(&words)).into());
            }
            // in an order that renames disturb, a page may rightly begin where one began before
            let before = self.asked.insert(route.path_and_query(), self.seen.len());
            if before == Some(self.seen.len()) {
                return Err(self
                    .broken(&route, circle("a page leads back to one that was read already"))
                    .into());
            }
            match self.read(&route).await {
                // a scoped key that nobody knows to be one: the road asks for the same
                Err(error) if self.pages == 1 && may_be_scoped(&error) && self.by_road.is_some() => {
                    self.refused = Some(error);
                    if let Some(road) = self.by_road.take() {
                        route = road;
                    }
                }
                Err(error) if self.refused.is_some() => {
                    // the road was refused, too: the first refusal is the answer to what was asked, unless both
                    // together settle it
                    return Err(match self.refused.take() {
                        Some(first) if error.kind() != ErrorKind::TokenRefused => first.into(),
                        _ => error.into(),
                    });
                }
                Ok((mut page, step)) => {
                    self.refused = None;
                    // a list of one page is not looked at twice
                    if self.pages > 1 || !matches!(step, Step::Done) {
                        let (came, known) = (page.len(), self.seen.len());
                        let (seen, course) = (&mut self.seen, &self.course);
                        page.retain(|item| match course.identity(item) {
                            Some(identity) => seen.insert(identity.into_boxed_str()),
                            None => true,
                        });
                        if self.seen.len() > known {
                            self.fruitful += 1;
                        }
                        if came > 0 {
                            self.stale = if page.is_empty() { self.stale + 1 } else { 0 };
                        }
                        if self.stale > MOST_STALE_PAGES + self.before {
                            return Err(self.broken(&route, circle("its pages bring nothing new")).into());
                        }
                    }
                    let next = match step {
                        Step::Done => None,
                        Step::Next(next) => Some(next),
                        Step::Anew(next) => {
                            self.begin_anew();
                            Some(next)
                        }
                    };
                    let next = next.map(|next| -> Begin { Box::new(move || self.go_on(next)) });
                    return Ok(Fetched { page, next });
                }
                Err(error) if matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Connect) => {
                    self.asked.remove(&route.path_and_query());
                    self.pages -= 1;
                    return Err(Failed { error, again: Some(Box::new(move || self.go_on(route))) });
                }
                Err(error) => match self.course.after(error)? {
                    Step::Next(next) => route = next,
                    Step::Anew(next) => {
                        self.begin_anew();
                        route = next;
                    }
                    Step::Done => return Ok(Fetched { page: Page::default(), next: None }),
                },
            }
        }
    }

    fn begin_anew(&mut self) {
        self.asked.clear();
        self.before = self.pages;
        self.stale = 0;
    }

    async fn read(&mut self, route: &Route) -> Result<(Page, Step)> {
        let mut request = Request::new(self.course.operation(), Method::GET, route.clone());
        if let Some(form) = self.course.accept() {
            request.headers.insert(ACCEPT, HeaderValue::from_static(form));
        }
        // every page but the first is asked for while the one before is worked on
        request.ahead = self.pages > 1;
        let bytes = self.connection.bytes(request).await?;
        let mut page =
            Page::read(bytes, self.course.items()).map_err(|error| self.broken(route, error.into()))?;
        let step = self.course.next(route, &page).map_err(|error| self.broken(route, error))?;
        self.course.choose(&mut page).map_err(|error| self.broken(route, error))?;
        Ok((page, step))
    }

    fn broken(&self, route: &Route, error: Error) -> Error {
        error.with_operation(self.course.operation()).with_request(&Method::GET, route)
    }
}

/// The road that a key scoped to the cluster of the query could take.
fn road_of(route: &Route) -> Option<Route> {
    let [cluster] = <[String; 1]>::try_from(route.query_values("clusterId")).ok()?;
    let cluster = ClusterId::new(cluster).ok()?;
    road(route, &cluster).filter(|road| road != route)
}

/// Whether the credential was not accepted there, and another path could take it.
fn may_be_scoped(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Undetermined | ErrorKind::OutOfScope)
}

/// A list that has no end.
pub(crate) fn circle(what: &str) -> Error {
    Error::new(
        ErrorKind::Decode,
        format!("the list has no end: {what}"),
        "list again; if it stays like this, something between here and Rancher changes its links",
    )
}
