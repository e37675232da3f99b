//! The schemas of Steve: what a type is, read only when somebody asks for it.

use http::Method;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Resource, Steve};
use crate::error::{Error, Result};
use crate::transport::Request;
use crate::wire::{ClusterId, Kept, Object};

/// A type of Steve, as the server shows it to the user (recorded: `/v1/schemas`).
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Schema {
    /// The id of the type: `apps.deployment`.
    pub id: String,
    /// The plural, by which paths name it: `apps.deployments`.
    pub plural_name: String,
    /// What of Kubernetes it stands for.
    pub attributes: Attributes,
    /// What can be done with the collection: `GET`, `POST`. What Rancher lets nobody do has `blocked-` before it.
    #[serde(deserialize_with = "or_default")]
    pub collection_methods: Vec<String>,
    /// What can be done with one object: `GET`, `PUT`, `PATCH`, `DELETE`, also with `blocked-`.
    #[serde(deserialize_with = "or_default")]
    pub resource_methods: Vec<String>,
    /// The actions of its objects by name: `install`.
    #[serde(deserialize_with = "or_default")]
    pub resource_actions: BTreeMap<String, ActionSchema>,
    /// The actions of the collection by name.
    #[serde(deserialize_with = "or_default")]
    pub collection_actions: BTreeMap<String, ActionSchema>,
    /// The fields of types that are Steve's own. Those of Kubernetes have none here, see [`Resource::definition`].
    #[serde(deserialize_with = "or_default")]
    pub resource_fields: BTreeMap<String, FieldSchema>,
}

/// What of Kubernetes a type stands for. Steve's own types, such as `count`, stand for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Attributes {
    /// The API group; empty for the core group.
    pub group: String,
    /// Its version.
    pub version: String,
    /// The kind, by which objects name it: `Deployment`.
    pub kind: String,
    /// The plural in paths of Kubernetes: `deployments`.
    pub resource: String,
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
    /// What the cluster can do with it: `get`, `list`, `watch`.
    #[serde(deserialize_with = "or_default")]
    pub verbs: Vec<String>,
}

/// What an action takes and gives.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ActionSchema {
    /// The type that it takes: `chartInstallAction`; empty for none.
    pub input: String,
    /// The type that it answers with; empty for none.
    pub output: String,
}

/// A field of a type.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FieldSchema {
    /// Its type: `string`, `array`, `map`, or the name of a definition.
    #[serde(rename = "type")]
    pub kind: String,
    /// What is in it, of an array or a map.
    #[serde(rename = "subtype")]
    pub of: String,
    /// What the cluster says of it.
    pub description: String,
    /// Whether it must be given.
    pub required: bool,
}

/// The fields of a type and of everything in it, as the cluster's OpenAPI document states them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Definition {
    /// The name of the type among the definitions: `io.k8s.api.apps.v1.Deployment`.
    pub name: String,
    /// The fields by the name of their definition, and by their own.
    pub definitions: BTreeMap<String, BTreeMap<String, FieldSchema>>,
}

impl Definition {
    /// The fields of the type itself.
    pub fn fields(&self) -> Option<&BTreeMap<String, FieldSchema>> {
        self.definitions.get(&self.name)
    }
}

impl Schema {
    /// Whether objects can be made by a POST, as far as the server shows this user. Quotas and admission can still
    /// refuse it.
    pub fn creatable(&self) -> bool {
        self.collection_methods.iter().any(|method| method == "POST")
    }

    /// Whether objects can be written by a PUT, as far as the server shows this user.
    pub fn updatable(&self) -> bool {
        self.resource_methods.iter().any(|method| method == "PUT")
    }
}

/// Go writes null for an empty list.
fn or_default<'de, D: serde::Deserializer<'de>, T: Default + Deserialize<'de>>(
    from: D,
) -> std::result::Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// The schemas that were read, each with the generation of the credential that it was shown to: what a type can do
/// depends on the rights of who asks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schemas(Arc<Mutex<HashMap<Place, Known>>>);

/// A schema, and the generation of the credential that it was shown to.
type Known = (u64, Arc<Schema>);

/// The Steve that was asked, and the type.
type Place = (Option<ClusterId>, String);

impl Schemas {
    fn known(&self, place: &Place, generation: u64) -> Option<Arc<Schema>> {
        let schemas = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        schemas.get(place).filter(|(of, _)| *of == generation).map(|(_, schema)| Arc::clone(schema))
    }

    fn learn(&self, place: Place, generation: u64, schema: &Arc<Schema>) {
        let mut schemas = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        schemas.insert(place, (generation, Arc::clone(schema)));
    }
}

impl Steve {
    /// The same, with the schemas that a client knows already.
    pub(crate) fn knowing(mut self, schemas: Schemas) -> Self {
        self.schemas = schemas;
        self
    }
}

impl Resource {
    /// What the type is: its methods as far as the user may, its actions, and what of Kubernetes it stands for.
    ///
    /// Nothing needs it, and nothing asks for it by itself. It is asked for once: clones of a client share what they
    /// know, until its credential is replaced. [`Resource::schema_anew`] asks again.
    ///
    /// ```no_run
    /// # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
    /// let deployments = client.cluster("c-prod1")?.steve().resource("apps.deployments")?.schema().await?;
    /// println!("{} {:?} {:?}", deployments.id, deployments.attributes, deployments.collection_methods);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `not_found` if there is no such type, or the user may see none of it.
    ///
    /// # Scope
    /// See [`Steve`].
    pub async fn schema(&self) -> Result<Arc<Schema>> {
        let place = (self.steve.cluster.clone(), self.name.clone());
        let generation = self.steve.connection.generation();
        match self.steve.schemas.known(&place, generation) {
            Some(schema) => Ok(schema),
            None => self.schema_anew().await,
        }
    }

    /// As [`Resource::schema`], asked for again: after a custom resource changed, or the rights of the user did.
    ///
    /// # Errors
    /// As [`Resource::schema`].
    ///
    /// # Scope
    /// See [`Steve`].
    pub async fn schema_anew(&self) -> Result<Arc<Schema>> {
        let generation = self.steve.connection.generation();
        let route = self.steve.route(&["schemas", &self.name])?;
        let request = Request::new("steve.schema", Method::GET, route);
        let object: Kept<Object> = self.steve.connection.object(request.clone()).await?;
        let schema: Arc<Schema> = Arc::new(read(&object, &request)?);
        self.steve.schemas.learn((self.steve.cluster.clone(), self.name.clone()), generation, &schema);
        Ok(schema)
    }

    /// The fields of the type, as the cluster's OpenAPI document states them. It is asked for each time: such a
    /// document can have a hundred kilobytes.
    ///
    /// Rancher knows these definitions since 2.9, and a new type a moment after it came (its sources; not recorded).
    ///
    /// # Errors
    /// `not_found` if there is no such type or Rancher is older; `unavailable` if Rancher has not read the document
    /// yet, or the type is none of Kubernetes.
    ///
    /// # Scope
    /// See [`Steve`].
    pub async fn definition(&self) -> Result<Definition> {
        // the definitions are found by the id alone, not by the plural
        let id = self.schema().await?.id.clone();
        let route = self.steve.route(&["schemaDefinitions", &id])?;
        let request = Request::new("steve.definition", Method::GET, route);
        let object: Kept<Object> = self.steve.connection.object(request.clone()).await?;
        #[derive(Deserialize, Default)]
        #[serde(default, rename_all = "camelCase")]
        struct Answer {
            definition_type: String,
            definitions: BTreeMap<String, One>,
        }
        #[derive(Deserialize, Default)]
        #[serde(default, rename_all = "camelCase")]
        struct One {
            #[serde(deserialize_with = "or_default")]
            resource_fields: BTreeMap<String, FieldSchema>,
        }
        let answer: Answer = read(&object, &request)?;
        Ok(Definition {
            name: answer.definition_type,
            definitions: answer
                .definitions
                .into_iter()
                .map(|(name, definition)| (name, definition.resource_fields))
                .collect(),
        })
    }
}

/// Reads an answer that is no object of a type.
fn read<T: serde::de::DeserializeOwned>(object: &Object, request: &Request) -> Result<T> {
    serde_json::from_value(Value::Object(object.fields().clone())).map_err(|_| {
        Error::new(
            crate::error::ErrorKind::Decode,
            "the answer is no schema",
            "another program may answer there; compare with curl",
        )
        .with_operation(request.operation.clone())
        .with_request(&request.method, &request.route)
    })
}
