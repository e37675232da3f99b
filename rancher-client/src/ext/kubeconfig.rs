//! Kubeconfigs that the server makes, with a token of their own.

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use std::time::Duration;

use super::{Ext, moment, text, texts, without};
use crate::error::{Error, ErrorKind, Result};
use crate::kubernetes::check_name;
use crate::wire::{ClusterId, Object};

const PLURAL: &str = "kubeconfigs";

/// The kubeconfigs of `ext.cattle.io`: one's own, for an administrator everyone's.
///
/// Each is made with tokens of its own, without a scope; deleting it deletes them (read in Rancher's source). Its life is
/// given as a [`Duration`]; over there it is seconds, other than that of a token.
///
/// # Scope
/// See [`Ext`].
#[derive(Debug, Clone)]
pub struct Kubeconfigs {
    ext: Ext,
}

/// Which clusters a kubeconfig leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clusters {
    /// All that the user may see, as of now.
    All,
    /// These.
    Only(Vec<ClusterId>),
}

impl Default for Clusters {
    /// None: what is asked for must be said.
    fn default() -> Self {
        Self::Only(Vec::new())
    }
}

/// What a new kubeconfig is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewKubeconfig {
    /// Which clusters it leads to.
    pub clusters: Clusters,
    /// The cluster that it means where none is named: the first if not said.
    pub current_context: Option<ClusterId>,
    /// What it is for.
    pub description: String,
    /// How long its tokens shall live, in whole seconds; what the server gives if not said.
    pub ttl: Option<Duration>,
}

/// A kubeconfig that was made, without its text.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Kubeconfig {
    /// The name of its object, `kubeconfig-xxxxx`.
    pub name: String,
    /// The id of the user whose it is.
    pub user: Option<String>,
    /// The ids of the clusters that it leads to; `*` for all.
    pub clusters: Vec<String>,
    /// The id of the cluster that it means where none is named.
    pub current_context: Option<String>,
    /// What it is for.
    pub description: String,
    /// How long its tokens live from when it was made.
    pub ttl: Option<Duration>,
    /// The names of its tokens, of `ext.cattle.io` (recorded: workflows, "ext kubeconfig list").
    pub tokens: Vec<String>,
    /// How far the server is with it, `Complete`.
    pub summary: Option<String>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// The object as the server wrote it, but for the text of the kubeconfig.
    pub raw: Object,
}

/// A kubeconfig that was made, with its text, which the server tells only now.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CreatedKubeconfig {
    /// What was made.
    pub kubeconfig: Kubeconfig,
    /// The kubeconfig, as YAML. It holds a token.
    pub value: SecretString,
}

impl Kubeconfig {
    fn read(object: Object) -> Result<Self> {
        let Some(name) = object.name().map(str::to_owned) else {
            return Err(super::no_object("a kubeconfig"));
        };
        let ttl = object.pointer("/spec/ttl").and_then(Value::as_u64).filter(|ttl| *ttl > 0);
        Ok(Self {
            user: text(&object, "/metadata/labels/cattle.io~1user-id"),
            clusters: texts(&object, "/spec/clusters"),
            current_context: text(&object, "/spec/currentContext"),
            description: text(&object, "/spec/description").unwrap_or_default(),
            ttl: ttl.map(Duration::from_secs),
            tokens: texts(&object, "/status/tokens"),
            summary: text(&object, "/status/summary"),
            created: moment(&object, "/metadata/creationTimestamp"),
            name,
            raw: without(object, &["value"]),
        })
    }
}

impl NewKubeconfig {
    fn spec(&self) -> Result<Value> {
        let mut spec = Map::new();
        let clusters = match &self.clusters {
            Clusters::All => json!(["*"]),
            Clusters::Only(ids) if ids.is_empty() => {
                return Err(Error::invalid(
                    "nothing was sent: the kubeconfig leads to no cluster",
                    "name the clusters, or ask for all",
                )
                .with_field("clusters"));
            }
            Clusters::Only(ids) => ids.iter().map(ClusterId::as_str).collect(),
        };
        spec.insert("clusters".to_owned(), clusters);
        if let Some(current) = &self.current_context {
            if matches!(&self.clusters, Clusters::Only(ids) if !ids.contains(current)) {
                return Err(Error::invalid(
                    format!("nothing was sent: the current context, {current}, is none of the clusters"),
                    "name one of the clusters that the kubeconfig leads to",
                )
                .with_field("current_context"));
            }
            spec.insert("currentContext".to_owned(), json!(current.as_str()));
        }
        if !self.description.is_empty() {
            spec.insert("description".to_owned(), json!(self.description));
        }
        if let Some(ttl) = self.ttl {
            let whole = i64::try_from(ttl.as_secs()).ok().filter(|seconds| *seconds > 0);
            let Some(seconds) = whole.filter(|_| ttl.subsec_nanos() == 0) else {
                return Err(Error::invalid(
                    format!("nothing was sent: {ttl:?} is no life of a kubeconfig"),
                    "give whole seconds, more than none; leave it out for what the server gives",
                )
                .with_field("ttl"));
            };
            spec.insert("ttl".to_owned(), json!(seconds));
        }
        Ok(Value::Object(spec))
    }
}

impl Kubeconfigs {
    pub(super) fn new(ext: Ext) -> Self {
        Self { ext }
    }

    /// The kubeconfigs that the user may see.
    ///
    /// # Errors
    /// `unsupported` on a server without them.
    ///
    /// # Scope
    /// See [`Ext`].
    pub async fn list(&self) -> Result<Vec<Kubeconfig>> {
        let all = self.ext.list("ext.kubeconfigs.list", PLURAL).await?;
        all.into_iter().map(Kubeconfig::read).collect()
    }

    /// One kubeconfig, without its text.
    ///
    /// # Errors
    /// `not_found` if there is none that the user may see; `invalid` if that is no name; `unsupported`.
    ///
    /// # Scope
    /// See [`Ext`].
    pub async fn get(&self, name: &str) -> Result<Kubeconfig> {
        check_name(None, PLURAL, name)?;
        Kubeconfig::read(self.ext.get("ext.kubeconfigs.get", PLURAL, name).await?)
    }

    /// Makes a kubeconfig, and the tokens in it. It is not sent twice.
    ///
    /// # Errors
    /// `invalid` before anything is sent, if no cluster is named or the life is none or not in whole seconds; `invalid` if
    /// the server knows no such cluster (recorded: workflows, "ext kubeconfig unknown cluster"), or if the life is longer
    /// than it allows (read in Rancher's source); `decode` if it was made and its text did not come; `unsupported`.
    ///
    /// # Scope
    /// See [`Ext`].
    pub async fn create(&self, new: &NewKubeconfig) -> Result<CreatedKubeconfig> {
        const OPERATION: &str = "ext.kubeconfigs.create";
        let spec = new.spec().map_err(|error| error.with_operation(OPERATION))?;
        let made = self.ext.create(OPERATION, ("Kubeconfig", PLURAL), spec).await?;
        let value = text(&made, "/status/value");
        let kubeconfig = Kubeconfig::read(made).map_err(|error| error.with_operation(OPERATION))?;
        match value {
            Some(value) => Ok(CreatedKubeconfig { kubeconfig, value: SecretString::from(value) }),
            None => Err(Error::new(
                ErrorKind::Decode,
                format!("the kubeconfig {} was made, and the answer does not hold its text", kubeconfig.name),
                "delete it, and the tokens in it with it: nobody can use them",
            )
            .with_operation(OPERATION)),
        }
    }

    /// Deletes a kubeconfig, and its tokens with it (read in Rancher's source).
    ///
    /// # Errors
    /// `not_found` if there is none that the user may see; `unsupported`.
    ///
    /// # Scope
    /// See [`Ext`].
    pub async fn delete(&self, name: &str) -> Result<()> {
        check_name(None, PLURAL, name)?;
        self.ext.delete("ext.kubeconfigs.delete", PLURAL, name).await
    }
}
