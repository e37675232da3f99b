//! Waiting for objects of v3.

use super::{Resource, V3Object};
use crate::error::Result;
use crate::transport::BoxFuture;
use crate::wait::{Until, Wait, WaitGone, WaitOptions};
use crate::wire::Kept;

impl<T: V3Object> Resource<T> {
    fn reader(&self, id: &str) -> impl Fn() -> BoxFuture<'static, Result<Kept<T>>> + Send + Sync + use<T> {
        let (resource, id) = (self.clone(), id.to_owned());
        move || {
            let (resource, id) = (resource.clone(), id.clone());
            Box::pin(async move { resource.get(&id).await })
        }
    }

    /// Waits until an object is as it shall be: read again and again, until it is or the deadline passes.
    ///
    /// ```no_run
    /// # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
    /// use rancher_client::wait::{Until, WaitOptions};
    ///
    /// let projects = client.v3().collection("projects")?;
    /// let ready = Until::condition("InitialRolesPopulated").and(Until::settled());
    /// let project = projects.wait("c-prod1:p-abcde", ready, WaitOptions::default()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `timeout` with the last state and message; others as [`wait`](crate::wait) says.
    ///
    /// # Scope
    /// As [`Resource::get`].
    pub fn wait(&self, id: &str, until: Until, options: WaitOptions) -> Wait<T> {
        let what = format!("{} {id}", self.collection);
        Wait::new("v3.wait", what, until, options, self.reader(id))
    }

    /// Waits until an object is gone, such as one that was deleted and waits for its finalizers.
    ///
    /// # Errors
    /// As [`Resource::wait`]. A refusal is no proof that the object is gone: it is an error.
    ///
    /// # Scope
    /// As [`Resource::get`]. A key scoped to a cluster is not accepted any more once the cluster is gone, so it cannot
    /// see the end.
    pub fn wait_gone(&self, id: &str, options: WaitOptions) -> WaitGone<T> {
        let what = format!("{} {id}", self.collection);
        WaitGone::new("v3.wait_gone", what, options, self.reader(id))
    }
}
