//! What to list: conditions, order, and how many at a time.

use rancher_types::info::{Api, Modifier, TypeInfo};
use rancher_types::{Condition, Field};
use std::fmt::{self, Write as _};

use super::id::check_no_credential;
use crate::error::{Error, Result};
use crate::wire::{ClusterId, ProjectId};

/// The server cuts greater limits down to this one in silence (recorded: collections, `limit=99999`).
pub const MOST_AT_A_TIME: u32 = 10_000;

/// Longer values are not sent: a request line has an end, and no field that can be asked for is so long.
const LONGEST_VALUE: usize = 2_048;

/// What a list shall hold, and in which order.
///
/// ```
/// use rancher_client::types::management::project;
/// use rancher_client::v3::Query;
/// use rancher_client::wire::ClusterId;
///
/// let cluster = ClusterId::new("c-prod1")?;
/// let query = Query::in_cluster(&cluster).with(project::NAME.one_of(["shop", "blog"])).sorted_by(project::NAME);
/// # let _ = query;
/// # Ok::<(), rancher_client::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Query {
    pub(crate) cluster: Option<ClusterId>,
    pub(crate) project: Option<ProjectId>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) sort: Option<String>,
    pub(crate) descending: bool,
    pub(crate) limit: Option<u32>,
    pub(crate) marker: Option<String>,
}

impl fmt::Debug for Query {
    /// Without the values, as queries are shown everywhere: one can be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query")
            .field("cluster", &self.cluster)
            .field("project", &self.project)
            .field("conditions", &self.conditions)
            .field("sort", &self.sort)
            .field("descending", &self.descending)
            .field("limit", &self.limit)
            .field("marker", &self.marker.as_ref().map(|_| format_args!("…")))
            .finish()
    }
}

impl Query {
    /// Everything that the user may see, in the order of the ids.
    pub fn all() -> Self {
        Self::default()
    }

    /// What belongs to one cluster. A key that is scoped to it can ask this where it cannot ask for all.
    pub fn in_cluster(cluster: &ClusterId) -> Self {
        Self { cluster: Some(cluster.clone()), ..Self::default() }
    }

    /// What belongs to one project.
    pub fn in_project(project: &ProjectId) -> Self {
        Self { project: Some(project.clone()), ..Self::default() }
    }

    /// Only what also meets this condition.
    #[must_use]
    pub fn with(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    /// In the order of this field, compared as text.
    ///
    /// An object that changes its place while the pages are read can be missed; in the order of ids, which is the
    /// order without this, it cannot.
    #[must_use]
    pub fn sorted_by(mut self, field: Field) -> Self {
        self.sort = Some(field.name().to_owned());
        self
    }

    /// As [`Query::sorted_by`], for a name that is not known when the program is built.
    #[must_use]
    pub fn sorted_by_name(mut self, field: impl Into<String>) -> Self {
        self.sort = Some(field.into());
        self
    }

    /// In the opposite order.
    #[must_use]
    pub fn descending(mut self) -> Self {
        self.descending = true;
        self
    }

    /// How many objects come at a time, 1 to 10,000; the server's own choice is 1,000. This is not how many come in
    /// all: for fewer, take fewer from the stream.
    #[must_use]
    pub fn limit(mut self, objects: u32) -> Self {
        self.limit = Some(objects);
        self
    }

    /// Begins with the object of this id.
    #[must_use]
    pub fn marker(mut self, id: impl Into<String>) -> Self {
        self.marker = Some(id.into());
        self
    }

    /// Checks the query against what the server states of the type: unknown filters would be ignored in silence, and
    /// the whole list would come.
    pub(crate) fn check(&self, info: Option<&'static TypeInfo>) -> Result<()> {
        if let Some(limit) = self.limit
            && !(1..=MOST_AT_A_TIME).contains(&limit)
        {
            return Err(Error::invalid(
                format!("a limit of {limit} makes no page: the server takes 1 to {MOST_AT_A_TIME}"),
                "this is how many objects come at a time; a list reads all pages by itself",
            ));
        }
        if let Some(marker) = &self.marker {
            check_value("the marker", marker)?;
            check_no_credential(marker)?;
            if marker.is_empty() {
                return Err(Error::invalid("the marker is empty", "give the id of an object, or no marker"));
            }
        }
        let mut seen: Vec<(&str, Modifier)> = Vec::new();
        for condition in &self.conditions {
            let name = &condition.field;
            check_value("the name of a filter", name)?;
            if seen.contains(&(name.as_str(), condition.modifier)) {
                return Err(Error::invalid(
                    format!("the filter {} is given twice", condition.parameter()),
                    "give all its values at once",
                ));
            }
            seen.push((name, condition.modifier));
            match (condition.modifier, condition.values.len()) {
                (_, 0) => {
                    return Err(Error::invalid(
                        format!(
                            "the filter {} has no value, and the server would ignore it",
                            condition.parameter()
                        ),
                        "an empty choice matches nothing: do not ask",
                    ));
                }
                (Modifier::Eq | Modifier::Ne, 2..) => {
                    return Err(Error::invalid(
                        format!("the filter {} takes one value", condition.parameter()),
                        "several values are one_of (in) or none_of (notin)",
                    ));
                }
                _ => {}
            }
            for value in &condition.values {
                check_value(&format!("a value of the filter {name}"), value)?;
            }
            if let Some(info) = info {
                check_filter(info, condition)?;
            }
        }
        if let (Some(info), Some(sort)) = (info, &self.sort)
            && info.filter(sort).is_none()
        {
            return Err(unknown(info, "sorted", sort));
        }
        Ok(())
    }
}

fn check_filter(info: &'static TypeInfo, condition: &Condition) -> Result<()> {
    let Some(filter) = info.filter(&condition.field) else {
        return Err(unknown(info, "filtered", &condition.field));
    };
    if filter.modifiers.contains(&condition.modifier) {
        return Ok(());
    }
    let known: Vec<&str> = filter.modifiers.iter().map(|modifier| modifier.as_str()).collect();
    Err(Error::invalid(
        format!("{} cannot be filtered by {}", info.plural, condition.parameter()),
        format!("the server knows for {}: {}", filter.name, known.join(", ")),
    )
    .with_field(filter.name))
}

fn check_value(what: &str, value: &str) -> Result<()> {
    if value.chars().any(char::is_control) {
        return Err(Error::invalid(format!("{what} holds control characters"), ""));
    }
    if value.len() > LONGEST_VALUE {
        return Err(Error::invalid(format!("{what} is longer than {LONGEST_VALUE} bytes"), ""));
    }
    if what == "the name of a filter" && value.is_empty() {
        return Err(Error::invalid(format!("{what} is empty"), ""));
    }
    Ok(())
}

fn unknown(info: &'static TypeInfo, verb: &str, field: &str) -> Error {
    let mut fields = String::new();
    for filter in info.filters {
        let comma = if fields.is_empty() { "" } else { ", " };
        // writing into a string cannot fail
        let _ = write!(fields, "{comma}{}", filter.name);
    }
    let advice = match info.field(field) {
        Some(_) => format!("it is a field, but not one of those that the server filters by: {fields}"),
        None => format!("the server would ignore it in silence; it knows: {fields}"),
    };
    Error::invalid(format!("{} cannot be {verb} by {field:?}", info.plural), advice).with_field(field)
}

/// The conditions that say where an object of this type belongs, and the part of the path.
pub(crate) fn place_of(
    info: Option<&'static TypeInfo>,
    collection: &str,
    cluster: Option<&ClusterId>,
    project: Option<&ProjectId>,
) -> Result<(Vec<String>, Vec<Condition>)> {
    let api = info.map_or(Api::Management, |info| info.api);
    let eq = |field: &str, id: String| Condition::new(field, Modifier::Eq, [id]);
    let can = |field: &str| info.is_none_or(|info| info.filter(field).is_some());
    let cluster_of_project = project.map(ProjectId::cluster);
    if let (Some(cluster), Some(of_project)) = (cluster, cluster_of_project)
        && cluster != of_project
    {
        return Err(Error::invalid(
            format!("the project is one of {of_project}, not of {cluster}"),
            "give one of both",
        ));
    }
    let cluster = cluster.or(cluster_of_project);
    match (api, cluster, project) {
        (Api::Project, _, Some(project)) => {
            Ok((vec!["v3".into(), "project".into(), project.to_string(), collection.into()], Vec::new()))
        }
        (Api::Project, ..) => Err(Error::invalid(
            format!("{collection} belong to a project, and none is given"),
            "say which project",
        )),
        (Api::Cluster, Some(cluster), project) => {
            let path = vec!["v3".into(), "cluster".into(), cluster.to_string(), collection.into()];
            match project {
                None => Ok((path, Vec::new())),
                Some(project) if can("projectId") => Ok((path, vec![eq("projectId", project.to_string())])),
                Some(_) => {
                    Err(Error::invalid(format!("{collection} belong to a cluster, not to a project"), ""))
                }
            }
        }
        (Api::Cluster, None, _) => Err(Error::invalid(
            format!("{collection} belong to a cluster, and none is given"),
            "say which cluster",
        )),
        (_, cluster, project) => {
            let path = vec!["v3".into(), collection.into()];
            match (cluster, project) {
                (_, Some(project)) if can("projectId") => {
                    Ok((path, vec![eq("projectId", project.to_string())]))
                }
                (_, Some(_)) => Err(Error::invalid(
                    format!("{collection} cannot be asked of one project: the server knows no filter for it"),
                    "list without it",
                )),
                (Some(cluster), None) if can("clusterId") => {
                    Ok((path, vec![eq("clusterId", cluster.to_string())]))
                }
                (Some(_), None) => Err(Error::invalid(
                    format!("{collection} cannot be asked of one cluster: the server knows no filter for it"),
                    "list without it",
                )),
                (None, None) => Ok((path, Vec::new())),
            }
        }
    }
}
