//! What hangs below an object: its scale, its status, its eviction.

use http::Method;
use serde_json::{Value, json};

use super::objects::name_of;
use super::{ClusterProxy, DeleteOptions, Patch, Resource};
use crate::error::{Error, ErrorKind, Result};
use crate::kubernetes::{accepted, update_of};
use crate::wire::{Kept, Object};

/// How many replicas something has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Scale {
    /// How many it shall have.
    pub replicas: u64,
    /// How many there are.
    pub current: u64,
    /// The labels by which its pods are found, as a label selector.
    pub selector: String,
}

impl Scale {
    fn read(answer: &Value) -> Result<Self> {
        let number = |pointer: &str| answer.pointer(pointer).and_then(Value::as_u64);
        if answer.get("kind").and_then(Value::as_str) != Some("Scale") {
            return Err(Error::new(
                ErrorKind::Decode,
                "the answer is no Scale",
                "ask again, and compare with curl",
            ));
        }
        Ok(Self {
            // Go leaves out what is zero
            replicas: number("/spec/replicas").unwrap_or_default(),
            current: number("/status/replicas").unwrap_or_default(),
            selector: answer
                .pointer("/status/selector")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
        })
    }
}

impl<'a> Resource<'a> {
    /// The path of what is below an object.
    pub(super) fn below(self, name: &'a str, sub: &'static str) -> Result<Vec<&'a str>> {
        let mut segments = self.segments(Some(name))?;
        segments.push(sub);
        Ok(segments)
    }
}

impl ClusterProxy {
    /// How many replicas a deployment, a stateful set or a replica set has, or a custom resource that can be scaled.
    ///
    /// # Errors
    /// `not_found` if there is none, or if such things have no scale.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn scale(&self, resource: Resource<'_>, name: &str) -> Result<Scale> {
        let request = self.request("cluster.scale", Method::GET, &resource.below(name, "scale")?)?;
        Scale::read(&self.send(request).await?)
    }

    /// Says how many replicas it shall have, whatever somebody else says meanwhile. Whether they run is another
    /// question, see [`ClusterProxy::rollout`].
    ///
    /// # Errors
    /// As [`ClusterProxy::scale`]; `unsupported` if the server accepted the number and kept another.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn set_scale(&self, resource: Resource<'_>, name: &str, replicas: u32) -> Result<Scale> {
        let segments = resource.below(name, "scale")?;
        let mut metadata = json!({"name": name});
        if let (Some(fields), false) = (metadata.as_object_mut(), resource.namespace.is_empty()) {
            fields.insert("namespace".to_owned(), resource.namespace.into());
        }
        // recorded: kubernetes, `put scale`
        let body = json!({
            "apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": metadata, "spec": {"replicas": replicas},
        });
        let request = self.write("cluster.set_scale", Method::PUT, &segments)?.with_json(&body)?;
        let route = request.route.clone();
        let scale = Scale::read(&self.send(request).await?)?;
        match scale.replicas == u64::from(replicas) {
            true => Ok(scale),
            false => Err(Error::change_ignored(
                &["spec.replicas".to_owned()],
                false,
                "an autoscaler may hold the number; look at what manages this object",
            )
            .with_operation("cluster.set_scale")
            .with_request(&Method::PUT, &route)),
        }
    }

    /// Writes the status of an object that was read and changed: what a controller does. What else was changed is not
    /// taken.
    ///
    /// # Errors
    /// As [`ClusterProxy::update`]; `unsupported` if anything but the status was changed.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn update_status(&self, resource: Resource<'_>, object: &Kept<Object>) -> Result<Kept<Object>> {
        let Some(body) = update_of(object)? else { return Ok(object.clone()) };
        let segments = resource.of_object(object)?.below(name_of(object)?, "status")?;
        let request =
            self.write("cluster.update_status", Method::PUT, &segments)?.with_body(body, "application/json");
        let route = request.route.clone();
        accepted("cluster.update_status", &route, object, self.connection.object(request).await?)
    }

    /// Changes a part of the status of an object: what a controller does.
    ///
    /// # Errors
    /// As [`ClusterProxy::patch`].
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn patch_status(
        &self,
        resource: Resource<'_>,
        name: &str,
        patch: &Patch,
    ) -> Result<Kept<Object>> {
        self.patch_at("cluster.patch_status", &resource.below(name, "status")?, patch).await
    }

    /// Evicts a pod: it is deleted if the disruption budgets that count it allow that. It goes on for a while, see
    /// [`ClusterProxy::wait_gone`].
    ///
    /// # Errors
    /// `forbidden` with the reason `disruption_budget`, at once, if a disruption budget does not allow it now:
    /// [`Error::because`] names the budget, nothing was evicted, and it can be tried again; `not_found` if there is no such pod; `conflict` if it is not the one that
    /// the options name.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn evict(&self, namespace: &str, pod: &str, options: &DeleteOptions) -> Result<()> {
        if namespace.is_empty() {
            return Err(Error::invalid("nothing was sent: a pod is in a namespace", "name its namespace"));
        }
        let segments = Resource::core("pods").within(namespace).below(pod, "eviction")?;
        let mut body = json!({
            "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace},
        });
        if let (Some(fields), Some(options)) = (body.as_object_mut(), options.body()) {
            fields.insert("deleteOptions".to_owned(), options);
        }
        let request = self.request("cluster.evict", Method::POST, &segments)?.with_json(&body)?;
        self.send(options.writes(&self.writes).put_on(request)?).await.map(drop)
    }
}
