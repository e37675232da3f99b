//! Watching objects: what is there, and then every change, for as long as somebody looks.
//!
//! Four sources, one stream: the sockets of v3 (`/v3/subscribe`, `/v3/cluster/{id}/subscribe`), those of Steve
//! (`/v1/subscribe`, also of a cluster), and Kubernetes' own watch through the cluster proxy. They break off, each in
//! its way: v3 closes after half an hour and replays everything, Steve and Kubernetes go on from a revision as long as
//! they remember it. [`Watch`] goes on behind all of that.
//!
//! What it holds to:
//!
//! - It begins with what is there ([`Event::Listed`]), then says [`Event::Synced`], then tells every change.
//! - Nothing is lost: whatever happened while there was no connection, the last state of every object is delivered, and
//!   every deletion.
//! - Nothing comes twice: the same object in the same version is delivered once.
//! - One that was deleted and made anew under its name is [`Event::Deleted`] first, and then [`Event::Added`], whoever
//!   looked meanwhile.
//! - A connection that breaks is made again, with growing waits. [`Event::Reconnected`] says so. If the server has
//!   forgotten the revision, the list is read again and compared with what was delivered.
//! - A refusal that will not pass ends it: a token that is refused, a right that was taken away. That is the last item.
//! - A consumer that is too slow is told so ([`Event::Lagged`]), and gets the state as it is, not a hole.
//! - What cannot be read is counted and skipped ([`Event::Skipped`]).
//!
//! Changes that come between two looks of the server can come as one: a watch delivers states, not a history.
//!
//! Nothing is spawned: the stream works while it is polled. Dropping it closes the connection. It remembers uid, id and
//! version of every object that it delivered, some 200 bytes each, to know what is new and what is gone; not the
//! objects themselves.
//!
//! ```no_run
//! # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
//! use futures_util::TryStreamExt;
//! use rancher_client::proxy::{ListOptions, Resource};
//! use rancher_client::watch::{Event, WatchOptions};
//!
//! let cluster = client.cluster("c-prod1")?;
//! let pods = Resource::core("pods").within("shop-web");
//! let mut watch = cluster.watch(pods, ListOptions::default(), WatchOptions::default());
//! while let Some(event) = watch.try_next().await? {
//!     match event {
//!         Event::Listed(pod) | Event::Added(pod) | Event::Modified(pod) => println!("{:?}", pod.name()),
//!         Event::Deleted(gone) => println!("{} is gone", gone.id),
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod event;
mod follow;
mod known;
mod options;
mod source;
mod stream;
#[cfg(test)]
mod tests;

pub use event::{Event, Gone, WatchCounts};
pub use options::WatchOptions;
pub(crate) use source::{Change, Frames, Identity, Said, Source, json_part, lines};
pub use stream::Watch;
