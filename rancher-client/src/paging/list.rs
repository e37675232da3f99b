//! Streams of pages and of what they hold.

use bytes::Bytes;
use futures_core::Stream;
use futures_util::future::FutureExt as _;
use futures_util::stream::StreamExt as _;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::walk::{Course, Failed, Fetch, Fetched, Walk};
use crate::error::Result;
use crate::transport::Connection;
use crate::wire::Page;

/// What a list holds: something that is read from the JSON of one item.
pub trait Item: Sized + Send {
    /// Reads an item. The bytes share the memory of the page.
    ///
    /// # Errors
    /// `decode` if it does not fit.
    fn from_json(json: Bytes) -> Result<Self>;
}

/// A list: a stream of all its objects, page after page, each object once.
///
/// Nothing is sent before it is polled. While the objects of a page are taken, the next page is on its way. An error in
/// the middle is an item of the stream, never its silent end; after it the stream is over. An item that cannot be read
/// is an error too, but the stream goes on behind it.
///
/// ```no_run
/// # use rancher_client::wire::{Kept, Object};
/// # async fn run(list: rancher_client::paging::List<Kept<Object>>) -> rancher_client::Result<()> {
/// use futures_util::TryStreamExt;
///
/// let mut list = list;
/// while let Some(object) = list.try_next().await? {
///     println!("{:?}", object.id());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a list sends nothing before it is polled"]
pub struct List<T> {
    connection: Connection,
    course: Box<dyn Course>,
    pages: Option<Pages>,
    page: Option<(Page, usize)>,
    /// What is noted on each object.
    mark: fn(T) -> T,
}

/// How often the next page is looked after while the items of this one are taken.
const LOOK_AFTER: usize = 32;

impl<T: Item> List<T> {
    pub(crate) fn new(connection: Connection, course: impl Course) -> Self {
        Self { connection, course: Box::new(course), pages: None, page: None, mark: std::convert::identity }
    }

    /// The same list, which notes something on each object.
    pub(crate) fn marked(self, mark: fn(T) -> T) -> Self {
        Self { mark, ..self }
    }

    /// The pages instead of the objects, as bytes. Where objects were taken already, the first page is what their page
    /// has left.
    pub fn pages(self) -> Pages {
        let mut pages = self.pages.unwrap_or_else(|| Pages::new(self.connection, self.course));
        if let Some((mut page, taken)) = self.page {
            let mut at = 0;
            page.retain(|_| {
                at += 1;
                at > taken
            });
            pages.left = Some(page).filter(|page| !page.is_empty());
        }
        pages
    }

    /// All objects.
    ///
    /// # Errors
    /// The first error of the stream. Nothing is returned of a list that broke off.
    pub async fn collect(mut self) -> Result<Vec<T>> {
        let mut all = Vec::new();
        while let Some(object) = self.next().await {
            all.push(object?);
        }
        Ok(all)
    }

    /// The first object, if there is one. Only this one is asked for.
    ///
    /// # Errors
    /// Those of the first page.
    pub async fn first(self) -> Result<Option<T>> {
        let mark = self.mark;
        let fetched = Walk::new(self.connection, self.course).start(Some(1)).await?;
        Ok(fetched.page.item(0).map(T::from_json).transpose()?.map(mark))
    }

    /// How many objects the list has: what the server says after the first page of one object, or, where it does not
    /// say, how many there are. Steve and v3 say; v3 tokens and principals do not, nor does v3 of a list with a marker.
    /// Objects that were taken already count.
    ///
    /// # Errors
    /// Those of the list.
    pub async fn total(self) -> Result<u64> {
        let first = Walk::new(self.connection.clone(), self.course.again()).start(Some(1)).await?;
        if let Some(total) = self.course.total(&first.page) {
            return Ok(total);
        }
        if first.next.is_none() {
            return Ok(first.page.len() as u64);
        }
        let mut pages = Pages::new(self.connection, self.course.again());
        let mut total = 0;
        while let Some(page) = pages.next().await {
            total += page?.len() as u64;
        }
        Ok(total)
    }
}

impl<T: Item> Stream for List<T> {
    type Item = Result<T>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let pages =
            this.pages.get_or_insert_with(|| Pages::new(this.connection.clone(), this.course.again()));
        loop {
            if let Some((page, at)) = &mut this.page {
                if *at % LOOK_AFTER == 0 {
                    pages.look_after(cx);
                }
                if let Some(item) = page.item(*at) {
                    *at += 1;
                    return Poll::Ready(Some(T::from_json(item).map(this.mark)));
                }
                this.page = None;
            }
            match ready!(pages.poll_next_unpin(cx)) {
                Some(Ok(page)) => this.page = Some((page, 0)),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "List({})", self.course.operation())
    }
}

/// The pages of a list, each object once. A page may be empty.
#[must_use = "nothing is sent before it is polled"]
pub struct Pages {
    /// What is left of a page of which objects were taken.
    left: Option<Page>,
    state: State,
}

enum State {
    OnItsWay {
        fetch: Fetch,
        /// It was asked for before it was wanted.
        ahead: bool,
    },
    Here {
        fetched: Box<std::result::Result<Fetched, Failed>>,
        ahead: bool,
    },
    Over,
}

impl Pages {
    pub(crate) fn new(connection: Connection, course: Box<dyn Course>) -> Self {
        let fetch = Walk::new(connection, course).start(None);
        Self { left: None, state: State::OnItsWay { fetch, ahead: false } }
    }

    /// Lets the next page come nearer, if it is on its way.
    fn look_after(&mut self, cx: &mut Context<'_>) {
        if let State::OnItsWay { fetch, ahead } = &mut self.state
            && let Poll::Ready(fetched) = fetch.poll_unpin(cx)
        {
            self.state = State::Here { fetched: Box::new(fetched), ahead: *ahead };
        }
    }
}

impl Stream for Pages {
    type Item = Result<Page>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if let Some(page) = this.left.take() {
            return Poll::Ready(Some(Ok(page)));
        }
        loop {
            this.look_after(cx);
            match std::mem::replace(&mut this.state, State::Over) {
                on_its_way @ State::OnItsWay { .. } => {
                    this.state = on_its_way;
                    return Poll::Pending;
                }
                State::Over => return Poll::Ready(None),
                State::Here { fetched, ahead } => match (*fetched, ahead) {
                    // its time ran while the page before was worked on, so that it says nothing of the server
                    (Err(Failed { again: Some(again), .. }), true) => {
                        this.state = State::OnItsWay { fetch: again(), ahead: false };
                    }
                    (Err(failed), _) => return Poll::Ready(Some(Err(failed.error))),
                    (Ok(Fetched { page, next }), _) => {
                        if let Some(next) = next {
                            this.state = State::OnItsWay { fetch: next(), ahead: true };
                            // the request leaves before the page is given out
                            this.look_after(cx);
                        }
                        return Poll::Ready(Some(Ok(page)));
                    }
                },
            }
        }
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::OnItsWay { .. } => "Pages(on their way)",
            State::Here { .. } => "Pages(one is here)",
            State::Over => "Pages(over)",
        })
    }
}
