//! What can be done with an object of Steve beside reading and writing it whole: its actions, and patches.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use serde_json::Value;

use super::Resource;
use crate::error::{Error, ErrorKind, Result};
use crate::kubernetes::Patch;
use crate::scope::Route;
use crate::transport::Request;
use crate::wire::{Kept, Object};

impl Resource {
    /// The names of the actions that an object offers.
    pub fn actions(&self, object: &Object) -> Vec<String> {
        let actions = object.get("actions").and_then(Value::as_object);
        actions.map(|actions| actions.keys().cloned().collect()).unwrap_or_default()
    }

    /// Where an action of an object is started, by the road that this API was asked by.
    ///
    /// Some actions of Rancher's own Steve lead to the v3 API (recorded: workflows, the clusters of Steve, whose
    /// `generateKubeconfig` is `/v3/clusters/{id}?action=generateKubeconfig`).
    ///
    /// # Errors
    /// `unsupported` if the object does not offer the action; `invalid` if its address is none of this server.
    pub fn action_of(&self, object: &Object, name: &str) -> Result<Route> {
        let link = object.get("actions").and_then(|actions| actions.get(name)).and_then(Value::as_str);
        let Some(link) = link else {
            let offered = self.actions(object);
            let offered = if offered.is_empty() { "none".to_owned() } else { offered.join(", ") };
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("nothing was sent: the object does not offer the action {name:?}"),
                format!(
                    "it offers {offered}; read it again if it may have changed, or check the user's rights"
                ),
            )
            .with_operation("steve.action"));
        };
        // what it starts is in its query, under whichever name the server links to itself
        let route = self.steve.rebase(link).map_err(|error| error.with_operation("steve.action"))?;
        Ok(route.without_query("action").with_query("action", name))
    }

    /// Starts an action of an object and returns what the server answers; null if that is nothing. It is not sent
    /// twice.
    ///
    /// ```no_run
    /// # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
    /// use serde_json::json;
    ///
    /// let apps = client.cluster("c-prod1")?.steve().resource("catalog.cattle.io.apps")?;
    /// let web = apps.get("shop-web/web").await?;
    /// let answer = apps.action(&web, "uninstall", &json!({})).await?;
    /// println!("{:?}", answer.get("operationName"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Resource::action_of`]; `invalid` before anything is sent, if the input is no JSON object; those of every
    /// request.
    ///
    /// # Scope
    /// See [`Steve`](super::Steve).
    pub async fn action(&self, object: &Object, name: &str, input: &Value) -> Result<Value> {
        let route = self.action_of(object, name)?;
        if !input.is_object() {
            return Err(Error::invalid(
                "nothing was sent: an action takes a JSON object",
                "give {} where it takes nothing",
            )
            .with_operation("steve.action")
            .with_field("input"));
        }
        let request = Request::new("steve.action", Method::POST, route).with_json(input)?;
        let connection = &self.steve.connection;
        connection.json(connection.by_road(request)?).await
    }

    /// Changes a part of an object and returns it as it is now.
    ///
    /// A merge or strategic patch that names no `metadata.resourceVersion` overwrites what others wrote there
    /// meanwhile, and only there. It may be sent twice; a JSON patch is not.
    ///
    /// ```no_run
    /// # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
    /// use rancher_client::steve::Patch;
    /// use serde_json::json;
    ///
    /// let maps = client.cluster("c-prod1")?.steve().resource("configmaps")?;
    /// maps.patch("shop-web/app", &Patch::Merge(json!({"data": {"a": "2", "old": null}}))).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `invalid` before anything is sent, if that is no such patch or no id; `invalid` if the server does not take it,
    /// as it takes no strategic patch of a custom resource; `conflict` if the patch names a resource version that is
    /// not the present one; `forbidden` for types that Rancher lets nobody write this way; `not_found`.
    ///
    /// # Scope
    /// See [`Steve`](super::Steve).
    pub async fn patch(&self, id: &str, patch: &Patch) -> Result<Kept<Object>> {
        let mut request =
            Request::new("steve.patch", Method::PATCH, self.object_at(id)?).with_json(&patch.body()?)?;
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static(patch.content_type()));
        request.idempotent = patch.may_arrive_twice();
        self.object(request).await
    }
}
