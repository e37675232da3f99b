//! Waiting for objects of v3.

use rancher_types::info::TypeInfo;

use super::{Resource, V3Object};
use crate::error::{Error, Result};
use crate::transport::BoxFuture;
use crate::wait::{Until, Wait, WaitGone, WaitOptions};
use crate::wire::{Kept, redact};

/// Types whose ids name the cluster or project before the object: `c-prod1:p-abcde` (recorded: workflows).
const OF_TWO_PARTS: [&str; 4] =
    ["project", "clusterRoleTemplateBinding", "projectRoleTemplateBinding", "clusterRegistrationToken"];

/// Refuses an id without its first part: the server looks up nothing by it, and answers as if there were no such object
/// (recorded: errors, `id without cluster`).
fn check_whole(info: Option<&'static TypeInfo>, id: &str) -> Result<()> {
    match info {
        Some(info) if OF_TWO_PARTS.contains(&info.id) && !id.is_empty() && !id.contains(':') => {
            // what is refused can be anything, a credential too
            let shown: String = redact(id).chars().filter(|c| !c.is_control()).take(60).collect();
            Err(Error::invalid(
                format!("{shown:?} is half an id of {}: the part before it is missing", info.id),
                "give the whole id, as the object itself says it: c-xxxxx:p-xxxxx",
            ))
        }
        _ => Ok(()),
    }
}

impl<T: V3Object> Resource<T> {
    fn reader(&self, id: &str) -> impl Fn() -> BoxFuture<'static, Result<Kept<T>>> + Send + Sync + use<T> {
        let (resource, id) = (self.clone(), id.to_owned());
        move || {
            let (resource, id) = (resource.clone(), id.clone());
            Box::pin(async move {
                check_whole(resource.info, &id)?;
                resource.get(&id).await
            })
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
    /// `timeout` with the last state and message; `invalid` for a project's id without its cluster, before anything is
    /// sent; others as [`wait`](crate::wait) says.
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
        WaitGone::new("v3.wait_gone", &self.collection, id, options, self.reader(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rancher_types::by_id;
    use rancher_types::info::Api;

    #[tokio::test(start_paused = true)]
    async fn half_an_id_sends_nothing_and_a_404_of_another_kind_is_no_end() {
        use crate::config::Config;
        use crate::credentials::Credential;
        use crate::transport::{Connection, mock::Mock};
        use crate::wire::SystemClock;
        use std::sync::Arc;
        // recorded: workflows, `unknown link type`
        let mock = Mock::always(
            404,
            r#"{"baseType":"error","code":"NotFound","message":"failed to find schema nosuch","status":404,"type":"error"}"#,
        );
        let config = Config::new("https://rancher.example.com".parse().unwrap(), Credential::anonymous());
        let clock = Arc::new(SystemClock::new());
        let v3 = super::super::V3::new(Connection::over_transport(config, Arc::new(mock.clone()), clock));
        let projects = v3.collection("projects").unwrap();
        let error = projects.wait_gone("p-abcde", WaitOptions::default()).await.unwrap_err();
        assert_eq!((error.kind(), mock.count()), (crate::ErrorKind::Invalid, 0));
        let error = projects.wait_gone("c-prod1:p-abcde", WaitOptions::default()).await.unwrap_err();
        assert_eq!((error.kind(), mock.count()), (crate::ErrorKind::NotFound, 1));
    }

    #[test]
    fn half_an_id_is_not_waited_for() {
        for name in OF_TWO_PARTS {
            let info = by_id(Api::Management, name).unwrap();
            let error = check_whole(Some(info), "p-abcde").unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Invalid);
            assert!(error.to_string().contains("\"p-abcde\" is half an id"), "{error}");
            check_whole(Some(info), "c-prod1:p-abcde").unwrap();
        }
        check_whole(by_id(Api::Management, "cluster"), "c-prod1").unwrap();
        check_whole(None, "anything").unwrap();
    }
}
