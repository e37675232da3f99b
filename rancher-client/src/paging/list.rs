//! Streams of pages and of what they hold.

use bytes::Bytes;
use futures_core::Stream;
use futures_util::future::FutureExt as _;
use futures_util::stream::StreamExt as _;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::walk::{Course, Fetch, Fetched, Walk};
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

    /// The pages instead of the objects, as bytes.
    pub fn pages(self) -> Pages {
        self.pages.unwrap_or_else(|| Pages::new(self.connection, self.course))
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
    /// say, how many there are. Steve and v3 say; v3 tokens and principals do not.
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
        let mut pages = self.pages();
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
    state: State,
}

enum State {
    OnItsWay(Fetch),
    Here(Box<Result<Fetched>>),
    Over,
}

impl Pages {
    fn new(connection: Connection, course: Box<dyn Course>) -> Self {
        Self { state: State::OnItsWay(Walk::new(connection, course).start(None)) }
    }

    /// Lets the next page come nearer, if it is on its way.
    fn look_after(&mut self, cx: &mut Context<'_>) {
        if let State::OnItsWay(fetch) = &mut self.state
            && let Poll::Ready(fetched) = fetch.poll_unpin(cx)
        {
            self.state = State::Here(Box::new(fetched));
        }
    }
}

impl Stream for Pages {
    type Item = Result<Page>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        this.look_after(cx);
        match std::mem::replace(&mut this.state, State::Over) {
            State::OnItsWay(fetch) => {
                this.state = State::OnItsWay(fetch);
                Poll::Pending
            }
            State::Over => Poll::Ready(None),
            State::Here(fetched) => match *fetched {
                Err(error) => Poll::Ready(Some(Err(error))),
                Ok(Fetched { page, next }) => {
                    if let Some(next) = next {
                        this.state = State::OnItsWay(next());
                        // the request leaves before the page is given out
                        this.look_after(cx);
                    }
                    Poll::Ready(Some(Ok(page)))
                }
            },
        }
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::OnItsWay(_) => "Pages(on their way)",
            State::Here(_) => "Pages(one is here)",
            State::Over => "Pages(over)",
        })
    }
}
