//! What to list.

use super::filter::{Filter, check_field};
use crate::error::{Error, Result};
use crate::kubernetes::check_label;
use crate::scope::Route;

/// More than this at a time makes answers of hundreds of megabytes.
const MOST_AT_A_TIME: u32 = 10_000;

/// As many as Kubernetes' own tools read at a time.
const AT_A_TIME: u32 = 500;

/// What of a type is listed, and in which form.
///
/// ```
/// use rancher_client::steve::{SteveQuery, field};
///
/// let query = SteveQuery {
///     filter: vec![field("metadata.state.name").ne("active")],
///     sort: vec!["-metadata.creationTimestamp".into(), "metadata.name".into()],
///     projects_or_namespaces: vec!["p-abcde".into()],
///     exclude: vec!["metadata.managedFields".into()],
///     ..Default::default()
/// };
/// # assert!(query.revision.is_none());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SteveQuery {
    /// Only this namespace.
    pub namespace: Option<String>,
    /// What the objects are like: all of these filters. (Steve does not confirm a filter. One that it does not know
    /// is an error from 2.12 on, and was ignored before.)
    pub filter: Vec<Filter>,
    /// The order, by these fields; with `-` before it, the opposite one. Without this, objects come in Steve's own.
    pub sort: Vec<String>,
    /// Only what belongs to one of these projects (`p-xxxxx`) or namespaces.
    pub projects_or_namespaces: Vec<String>,
    /// Only what belongs to none of these projects or namespaces.
    pub not_projects_or_namespaces: Vec<String>,
    /// Only these fields of each object. What comes cannot be written back, nor with the next two: an update wants the
    /// whole object, and refuses a part.
    pub include: Vec<String>,
    /// All but these fields of each object, such as `metadata.managedFields`.
    pub exclude: Vec<String>,
    /// These fields of each object, without their values, such as `data` of config maps: only the keys come.
    pub exclude_values: Vec<String>,
    /// Nothing older than this revision of the type. Steve refuses what its cache has not reached yet, with 400.
    pub revision: Option<u64>,
    /// How many objects come at a time, 1 to 10,000; 500 if not given. This is not how many come in all: for fewer,
    /// take fewer from the stream. A list that changes while it is read takes more at a time by itself.
    pub pagesize: Option<u32>,
}

impl SteveQuery {
    /// Whether the objects come without some of their fields or values.
    pub(super) fn is_partial(&self) -> bool {
        !(self.include.is_empty() && self.exclude.is_empty() && self.exclude_values.is_empty())
    }

    pub(super) fn size(&self, limit: Option<u32>) -> Result<u32> {
        let size = limit.or(self.pagesize).unwrap_or(AT_A_TIME);
        if (1..=MOST_AT_A_TIME).contains(&size) {
            return Ok(size);
        }
        Err(Error::invalid(
            format!("a pagesize of {size} makes no page: 1 to {MOST_AT_A_TIME} objects come at a time"),
            "this is how many objects come at a time; a list reads all pages by itself",
        ))
    }

    /// Adds all but the paging.
    pub(super) fn apply(&self, mut route: Route) -> Result<Route> {
        for filter in &self.filter {
            route = route.with_query("filter", &filter.text()?);
        }
        for field in &self.sort {
            check_field(field.strip_prefix('-').unwrap_or(field))?;
        }
        let lists =
            [("include", &self.include), ("exclude", &self.exclude), ("excludeValues", &self.exclude_values)];
        if !self.sort.is_empty() {
            route = route.with_query("sort", &self.sort.join(","));
        }
        for (name, fields) in lists {
            for field in fields {
                check_field(field)?;
                route = route.with_query(name, field);
            }
        }
        let (only, but) = (&self.projects_or_namespaces, &self.not_projects_or_namespaces);
        if !only.is_empty() && !but.is_empty() {
            return Err(Error::invalid(
                "projects or namespaces are both chosen and left out",
                "give one of both: the server reads one",
            ));
        }
        for (name, ids) in [("projectsornamespaces", only), ("projectsornamespaces!", but)] {
            for id in ids {
                if let Some((_, project)) = id.split_once(':') {
                    return Err(Error::invalid(
                        format!("Steve takes a project without its cluster: {project:?}, not {id:?}"),
                        "a list is of one cluster anyway",
                    ));
                }
                check_label("project or namespace", id)?;
            }
            if !ids.is_empty() {
                route = route.with_query(name, &ids.join(","));
            }
        }
        if let Some(revision) = self.revision {
            route = route.with_query("revision", &revision.to_string());
        }
        Ok(route)
    }
}
