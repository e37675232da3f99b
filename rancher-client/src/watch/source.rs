//! What a watch needs of an API.

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, BoxStream};
use serde::de::IgnoredAny;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::paging::Pages;
use crate::transport::{Body, BoxFuture};
use crate::wire::Page;

/// What the server says, one thing after the other.
pub(crate) type Frames = BoxStream<'static, Result<Said>>;

/// One thing that the server says.
#[derive(Debug)]
pub(crate) enum Said {
    /// An object changed.
    Change(Change),
    /// The server is alive; it may name the revision up to which it told everything.
    Alive(Option<String>),
    /// The revision is too old: the list has to be read again.
    TooOld,
    /// The server ends it, for this reason. Opening it again says what is to be thought of it.
    Ended(String),
    /// It cannot be read, for this reason.
    Unreadable(&'static str),
}

/// A change of an object.
#[derive(Debug)]
pub(crate) struct Change {
    /// Whether it is gone, or no longer among those that are watched.
    pub(crate) gone: bool,
    /// Which object it is.
    pub(crate) identity: Identity,
    /// Its JSON.
    pub(crate) object: Bytes,
    /// The revision to go on from after it.
    pub(crate) revision: Option<String>,
}

/// What tells an object from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) uid: String,
    pub(crate) id: String,
    /// The resource version; nothing where objects have none.
    pub(crate) version: Option<String>,
}

/// One API's way to list objects and to be told of changes.
pub(crate) trait Source: Send + Sync + 'static {
    /// What the caller asked for, `v3.watch`.
    fn operation(&self) -> &'static str;

    /// Whether a new connection tells everything that is there again, as that of v3 does, and not what changed since a
    /// revision.
    fn replays(&self) -> bool;

    /// How long the server may say nothing.
    fn silence(&self) -> Duration;

    /// Lists the objects.
    fn list(&self) -> Pages;

    /// The revision that a page of the list is of. May keep what else it says.
    fn revision(&mut self, page: &Page) -> Option<String>;

    /// Asks to be told what changes from a revision on, or from now on.
    fn open(&self, revision: Option<&str>) -> BoxFuture<'static, Result<Frames>>;

    /// What tells an object from others; nothing if it is none.
    fn identity(&self, object: &[u8]) -> Option<Identity>;
}

/// The bytes of a part of a message that serde borrowed from it, sharing its memory.
pub(crate) fn json_part(message: &Bytes, part: &str) -> Bytes {
    let start = (part.as_ptr() as usize).wrapping_sub(message.as_ptr() as usize);
    match start.checked_add(part.len()).filter(|end| *end <= message.len()) {
        Some(end) => message.slice(start..end),
        None => Bytes::copy_from_slice(part.as_bytes()),
    }
}

/// The lines of a body as they arrive. A line longer than `most` bytes is an error, and so is an end in the middle of
/// one.
pub(crate) fn lines(body: Body, most: usize) -> BoxStream<'static, Result<Bytes>> {
    let read = stream::unfold((Some(body), BytesMut::new()), move |(mut body, mut rest)| async move {
        // so much of the rest is known to be no end of a line
        let mut looked = 0;
        loop {
            if let Some(end) = rest.iter().skip(looked).position(|byte| *byte == b'\n') {
                let end = looked + end;
                let line = rest.split_to(end + 1).freeze();
                return Some((Ok(line.slice(..end)), (body, rest)));
            }
            looked = rest.len();
            let piece = match body.as_mut() {
                Some(open) => open.next().await,
                None => return None,
            };
            match piece {
                Some(Ok(piece)) if rest.len() + piece.len() <= most => rest.extend_from_slice(&piece),
                Some(Ok(_)) => {
                    let error = Error::new(
                        ErrorKind::Decode,
                        format!("an event is longer than {most} bytes"),
                        "allow larger bodies, or watch less",
                    );
                    return Some((Err(error), (None, BytesMut::new())));
                }
                Some(Err(error)) => return Some((Err(error), (None, BytesMut::new()))),
                None => {
                    body = None;
                    if rest.is_empty() {
                        return None;
                    }
                    let whole = serde_json::from_slice::<IgnoredAny>(&rest).is_ok();
                    let last = if whole { Ok(rest.split().freeze()) } else { Err(torn()) };
                    return Some((last, (body, BytesMut::new())));
                }
            }
        }
    });
    Box::pin(read)
}

fn torn() -> Error {
    Error::new(ErrorKind::Connect, "the connection ended in the middle of an event", "")
        .with_retry(true, None)
}
