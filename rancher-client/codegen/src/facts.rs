//! The facts as they stand in `rancher-client/schemas`.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::Failure;

/// One of the APIs that types are generated for, in the order of the generated text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Api {
    /// `/v3/…`
    Management,
    /// `/v3/cluster/{id}/…`
    Cluster,
    /// `/v3/project/{id}/…`
    Project,
}

impl Api {
    /// All of them.
    pub const ALL: [Api; 3] = [Api::Management, Api::Cluster, Api::Project];

    /// Its name in the facts; that of the Cargo feature too.
    pub fn as_str(self) -> &'static str {
        match self {
            Api::Management => "management",
            Api::Cluster => "cluster",
            Api::Project => "project",
        }
    }
}

/// One file of facts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The API's name.
    pub api: String,
    /// Its types, sorted by id.
    pub types: Vec<Type>,
}

/// A type.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Type {
    /// What objects carry as `type`.
    pub id: String,
    /// The plural.
    pub plural: String,
    /// The last segment of the collection's path.
    pub collection: Option<String>,
    /// What the collection takes.
    #[serde(default)]
    pub collection_methods: Vec<String>,
    /// What an object takes.
    #[serde(default)]
    pub resource_methods: Vec<String>,
    /// The fields by name.
    pub fields: BTreeMap<String, Field>,
    /// The modifiers of the filters, by name.
    #[serde(default)]
    pub filters: BTreeMap<String, Vec<String>>,
    /// The actions of an object, by name.
    #[serde(default)]
    pub actions: BTreeMap<String, Action>,
    /// The actions of the collection, by name.
    #[serde(default)]
    pub collection_actions: BTreeMap<String, Action>,
}

impl Type {
    /// Whether it stands alone; otherwise it is a part of others.
    pub fn is_resource(&self) -> bool {
        self.collection.is_some() || !self.resource_methods.is_empty()
    }
}

/// A field.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Field {
    /// Its type, as the server writes it.
    #[serde(rename = "type")]
    pub ty: String,
    /// Whether it is taken at creation.
    pub create: bool,
    /// Whether it is taken by updates.
    pub update: bool,
    /// Whether creation needs it.
    pub required: bool,
    /// Whether it can be null.
    pub nullable: bool,
    /// Whether it is never sent back.
    pub write_only: bool,
    /// Whether it must be unique. No type of the recorded server states it.
    pub unique: bool,
    /// Whether the server's own struct has a pointer there.
    pub pointer: bool,
    /// Whether a driver added it.
    pub dynamic_field: bool,
    /// What the server sets where nothing is given.
    pub default: Option<serde_json::Value>,
    /// The only values.
    pub options: Vec<String>,
    /// The least number.
    pub min: Option<i64>,
    /// The greatest number.
    pub max: Option<i64>,
    /// The least number of characters.
    pub min_length: Option<u32>,
    /// The greatest number of characters.
    pub max_length: Option<u32>,
    /// A character class.
    pub valid_chars: Option<String>,
    /// A character class.
    pub invalid_chars: Option<String>,
}

/// What an action takes and answers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// The type of what it takes.
    pub input: Option<String>,
    /// The type of its answer.
    pub output: Option<String>,
}

/// `sensitive.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// Fields that hold secrets though the schema does not say so.
    pub sensitive: Vec<Group>,
    /// Fields that look like secrets and hold none.
    pub harmless: Vec<Group>,
}

/// Fields that were judged for one reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Why.
    pub because: String,
    /// `TYPE.FIELD`.
    pub fields: Vec<String>,
}

impl Judged {
    /// Whether a field is marked as sensitive.
    pub fn is_sensitive(&self, ty: &str, field: &str) -> bool {
        contains(&self.sensitive, ty, field)
    }

    /// Whether a field was judged harmless.
    pub fn is_harmless(&self, ty: &str, field: &str) -> bool {
        contains(&self.harmless, ty, field)
    }
}

fn contains(groups: &[Group], ty: &str, field: &str) -> bool {
    let is = |listed: &String| listed.split_once('.') == Some((ty, field));
    groups.iter().any(|group| group.fields.iter().any(is))
}

/// `roads.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Roads {
    /// What it says.
    pub about: String,
    /// Where that is recorded.
    pub source: String,
    /// Types of the management API that are also there below a cluster.
    pub in_cluster: Vec<String>,
}

/// All that is generated from.
#[derive(Debug)]
pub struct Facts {
    /// The types of each API.
    pub types: BTreeMap<Api, Vec<Type>>,
    /// Which fields hold secrets.
    pub judged: Judged,
    /// Where collections are, beside their usual path.
    pub roads: Roads,
}

impl Facts {
    /// Reads a folder of facts.
    ///
    /// # Errors
    ///
    /// A file is missing, or has another form than `README.md` there says.
    pub fn read(folder: &Path) -> Result<Self, Failure> {
        let mut types = BTreeMap::new();
        for api in Api::ALL {
            types.insert(api, file(folder, api.as_str())?.types);
        }
        let roads: Roads = read(&folder.join("roads.json"))?;
        if let Some(unknown) = roads.in_cluster.iter().find(|id| {
            let stated = types.get(&Api::Management).is_some_and(|types: &Vec<Type>| {
                types.iter().any(|ty| ty.id == **id && ty.collection.is_some())
            });
            !stated
        }) {
            return Err(Failure::new(format!(
                "roads.json: {unknown} is no collection of the management API"
            )));
        }
        Ok(Self { types, judged: read(&folder.join("sensitive.json"))?, roads })
    }

    /// The type of an API. Norman compares ids without regard to case; so do we, after the exact one.
    pub fn find(&self, api: Api, id: &str) -> Option<&Type> {
        let types = self.types.get(&api)?;
        let exact = types.iter().find(|ty| ty.id == id);
        exact.or_else(|| types.iter().find(|ty| ty.id.eq_ignore_ascii_case(id)))
    }
}

/// Reads the facts of one API.
///
/// # Errors
///
/// As [`Facts::read`].
pub fn file(folder: &Path, api: &str) -> Result<File, Failure> {
    read(&folder.join(format!("{api}.json")))
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, Failure> {
    let text =
        fs::read(path).map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))?;
    serde_json::from_slice(&text)
        .map_err(|error| Failure::new(format!("{} is not as README.md says: {error}", path.display())))
}
