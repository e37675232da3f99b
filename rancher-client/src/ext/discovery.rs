//! What the server offers of the group: asked once, with the first call.

use http::Method;
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::Mutex;

use super::{API_VERSION, Ext, GROUP};
use crate::error::{Error, ErrorKind, Result};
use crate::scope::Route;
use crate::transport::Request;

/// What a server said of the group. A client and its clones share it; that a server lacks something is not kept, since it
/// can be upgraded.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<Option<Arc<Vec<ExtResource>>>>);

/// A resource of the group as the server serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExtResource {
    /// The plural, by which paths name it: `tokens`.
    pub plural: String,
    /// The kind, by which objects name it: `Token`.
    pub kind: String,
    /// What can be done with it: `create`, `list`.
    pub verbs: Vec<String>,
}

impl ExtResource {
    fn read(stated: &Value) -> Option<Self> {
        let text = |field: &str| stated.get(field).and_then(Value::as_str).map(str::to_owned);
        let verbs = stated.get("verbs").and_then(Value::as_array).into_iter().flatten();
        Some(Self {
            plural: text("name")?,
            kind: text("kind").unwrap_or_default(),
            verbs: verbs.filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }
}

impl Ext {
    /// What the server offers of the extension API.
    ///
    /// # Errors
    /// `unsupported`, with the server's version, if it is too old for any of it.
    ///
    /// # Scope
    /// See [`Ext`].
    pub async fn resources(&self) -> Result<Vec<ExtResource>> {
        self.offered("ext.resources").await.map(|found| found.to_vec())
    }

    async fn offered(&self, operation: &str) -> Result<Arc<Vec<ExtResource>>> {
        // not held while the question is under way: whoever waits has a deadline of its own
        if let Some(known) = self.known.0.lock().await.as_ref() {
            return Ok(Arc::clone(known));
        }
        let request = Request::new(operation.to_owned(), Method::GET, Route::from_segments(GROUP)?);
        let answer = match self.ask(request).await {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(self.unsupported(operation, API_VERSION).await.with_source(error));
            }
            answer => answer?,
        };
        let stated = answer.get("resources").and_then(Value::as_array);
        let Some(stated) = stated else {
            return Err(super::no_object("a list of resources").with_operation(operation.to_owned()));
        };
        let found = Arc::new(stated.iter().filter_map(ExtResource::read).collect::<Vec<_>>());
        *self.known.0.lock().await = Some(Arc::clone(&found));
        Ok(found)
    }

    /// Fails where the server does not offer a resource.
    pub(super) async fn ensure_offered(&self, operation: &str, plural: &str) -> Result<()> {
        let offered = self.offered(operation).await?;
        match offered.iter().any(|resource| resource.plural == plural) {
            true => Ok(()),
            false => {
                *self.known.0.lock().await = None;
                Err(self.unsupported(operation, &format!("{plural} of {API_VERSION}")).await)
            }
        }
    }

    /// The error for what the server does not have, with its version where it says one.
    async fn unsupported(&self, operation: &str, what: &str) -> Error {
        let version = async {
            let route = Route::from_segments(["rancherversion"])?;
            let answer = self.connection.json(Request::new("server_version", Method::GET, route)).await?;
            Ok::<_, Error>(answer.get("Version").and_then(Value::as_str).map(str::to_owned))
        };
        let server = match version.await {
            Ok(Some(version)) => format!("this server, Rancher {version},"),
            _ => "this server".to_owned(),
        };
        Error::new(
            ErrorKind::Unsupported,
            format!("{server} does not offer {what}"),
            "it came with a later version, or its feature is switched off; the v3 API has tokens and kubeconfigs, too",
        )
        .with_operation(operation.to_owned())
    }
}
