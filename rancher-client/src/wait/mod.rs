//! Waiting until an object is as it shall be, or gone.
//!
//! An object is read again and again until it is so, or until a deadline. What counts as an end, and what does not:
//!
//! | what a reading says | what the wait does |
//! |---|---|
//! | the object is as it shall be, and stayed so for `stable_for` | it is over |
//! | it is not, in whatever state it is, `error` included | it goes on: states pass (a cluster is in `error` for moments while it is imported) |
//! | there is no such object, or it is forbidden | it goes on during `rights_lag`, since rights come a moment after what they are for; then it is that error |
//! | the server, its cluster or the connection is out of order, or too slow | it goes on and counts |
//! | the token is refused or out of scope, or the question is nonsense | it is that error at once |
//!
//! When the deadline passes, the error is a `timeout` that can be tried again, with the last state and the last
//! message of the object. Nothing is spawned: a wait that is dropped has ended.
//!
//! ```no_run
//! # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
//! use futures_util::StreamExt;
//! use rancher_client::wait::{Progress, Until, WaitOptions};
//! use std::time::Duration;
//!
//! let clusters = client.v3().collection("clusters")?;
//! let options = WaitOptions { deadline: Duration::from_secs(900), ..Default::default() };
//! let until = Until::condition("Connected").and(Until::state("active"));
//! let mut progress = clusters.wait("c-prod1", until, options).progress();
//! while let Some(event) = progress.next().await {
//!     match event? {
//!         Progress::Unmet(unmet) => println!("{unmet}"),
//!         Progress::Met(cluster) => println!("{:?} is there", cluster.name()),
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod look;
mod options;
#[cfg(test)]
mod tests;
mod until;
mod watch;

pub use look::Unmet;
pub use options::WaitOptions;
pub(crate) use until::Judged;
pub use until::Until;
pub use watch::{Progress, ProgressStream, Wait, WaitGone};
