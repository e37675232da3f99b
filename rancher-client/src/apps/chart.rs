//! What a repository holds: charts, their versions, and what a version says of itself.

use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

use super::repo::name_shown;
use crate::error::{Error, ErrorKind, Result};
use crate::wire::Object;

/// A chart that another one needs before it, such as its custom resources: `rancher-monitoring-crd=match`.
const AUTO_INSTALL: &str = "catalog.cattle.io/auto-install";
/// The namespace that a chart wants to be in.
const NAMESPACE: &str = "catalog.cattle.io/namespace";
/// The name that its release wants to have.
const RELEASE_NAME: &str = "catalog.cattle.io/release-name";

/// The charts of a repository, as Rancher shows them. It leaves out versions that say they are not for this version of
/// Rancher or of the cluster.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ChartIndex {
    /// The versions of each chart by the name of the chart, the newest first.
    pub entries: BTreeMap<String, Vec<ChartVersion>>,
}

/// A version of a chart, as an index holds it.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct ChartVersion {
    /// The name of the chart.
    pub name: String,
    /// Its version, `104.1.0+up57.0.3`.
    pub version: String,
    /// The version of the program in it.
    pub app_version: String,
    /// What it is.
    pub description: String,
    /// Whether its makers advise against it.
    pub deprecated: bool,
    /// Which versions of Kubernetes it is for; empty for any.
    pub kube_version: String,
    /// What else is noted of it.
    #[serde(deserialize_with = "or_default")]
    pub annotations: BTreeMap<String, String>,
}

/// Everything that a version of a chart says of itself.
#[derive(Clone, PartialEq, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct ChartInfo {
    /// Its `Chart.yaml`.
    #[serde(deserialize_with = "or_default")]
    pub chart: Map<String, Value>,
    /// Its own values, which given ones are laid over.
    #[serde(deserialize_with = "or_default")]
    pub values: Map<String, Value>,
    /// The questions that Rancher's dashboard asks.
    #[serde(deserialize_with = "or_default")]
    pub questions: Map<String, Value>,
    /// Its README, as Markdown.
    pub readme: String,
    /// What it says in Rancher's dashboard, as Markdown.
    pub app_readme: String,
}

/// Go writes null for an empty map.
fn or_default<'de, D: serde::Deserializer<'de>, T: Default + Deserialize<'de>>(
    from: D,
) -> std::result::Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

impl fmt::Debug for ChartInfo {
    /// Without the values: some charts come with passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChartInfo")
            .field("chart", &self.chart.get("name"))
            .field("version", &self.chart.get("version"))
            .finish_non_exhaustive()
    }
}

impl ChartVersion {
    /// Whether the version is one that its makers try out: `2.0.0-rc1`.
    fn is_prerelease(&self) -> bool {
        self.version.split('+').next().unwrap_or_default().contains('-')
    }

    fn annotation(&self, name: &str) -> Option<&str> {
        self.annotations.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The chart that must be there before this one, and its version.
    pub(super) fn needs(&self) -> Result<Option<(&str, &str)>> {
        let Some(needed) = self.annotation(AUTO_INSTALL) else { return Ok(None) };
        match needed.split_once('=') {
            Some((chart, "match" | "")) if !chart.is_empty() => Ok(Some((chart, self.version.as_str()))),
            Some((chart, version)) if !chart.is_empty() => Ok(Some((chart, version))),
            _ => Err(Error::new(
                ErrorKind::Unsupported,
                format!(
                    "nothing was sent: the chart {} says by {AUTO_INSTALL} that it needs another one, in a form that is not known",
                    self.name
                ),
                "install what it needs first, then install it through Steve's action",
            )),
        }
    }

    /// The namespace of the release: what the chart insists on, or what is given.
    pub(super) fn namespace<'a>(&'a self, given: &'a str) -> Result<&'a str> {
        wanted("namespace", self.annotation(NAMESPACE), given)
    }

    /// The name of the release: what the chart insists on, or what is given, or the chart's own.
    pub(super) fn release<'a>(&'a self, given: &'a str) -> Result<&'a str> {
        let name = wanted("release", self.annotation(RELEASE_NAME), given)?;
        Ok(if name.is_empty() { &self.name } else { name })
    }
}

fn wanted<'a>(field: &'static str, insisted: Option<&'a str>, given: &'a str) -> Result<&'a str> {
    match insisted {
        Some(insisted) if !given.is_empty() && given != insisted => Err(Error::invalid(
            format!("nothing was sent: the chart insists on the {field} {insisted}"),
            "leave it out, or give the same",
        )
        .with_field(field)),
        Some(insisted) => Ok(insisted),
        None => Ok(given),
    }
}

impl ChartIndex {
    pub(super) fn read(answer: Value) -> Option<Self> {
        answer.get("entries")?;
        serde_json::from_value(answer).ok()
    }

    /// A version of a chart; the newest that is no prerelease, where none is named.
    ///
    /// # Errors
    /// `not_found` if the index holds no such chart or no such version; the error names those that are near.
    pub fn find(&self, chart: &str, version: &str) -> Result<&ChartVersion> {
        let versions = self.entries.get(chart).map(Vec::as_slice).unwrap_or_default();
        if versions.is_empty() {
            let near: Vec<&str> = self.entries.keys().map(String::as_str).take(20).collect();
            return Err(not_found(
                format!("the repository holds no chart {:?}", name_shown(chart)),
                format!("it holds {}", list(&near)),
                "chart",
            ));
        }
        let found = match version {
            "" => versions.iter().find(|version| !version.is_prerelease()),
            wanted => versions.iter().find(|version| version.version == wanted),
        };
        found.ok_or_else(|| {
            let there: Vec<&str> = versions.iter().map(|version| version.version.as_str()).take(8).collect();
            let what = match version {
                "" => format!("all versions of the chart {chart} are prereleases: name one"),
                wanted => {
                    format!("the repository holds no version {:?} of the chart {chart}", name_shown(wanted))
                }
            };
            not_found(what, format!("it holds {}", list(&there)), "version")
        })
    }
}

fn list(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}

fn not_found(what: String, there: String, field: &'static str) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!("nothing was sent: {what}"),
        "Rancher leaves out what is not for this version of Rancher or the cluster; refresh the repository if it is new",
    )
    .with_because([there])
    .with_field(field)
}

impl ChartInfo {
    pub(super) fn read(answer: Value) -> Option<Self> {
        answer.get("chart")?;
        serde_json::from_value(answer).ok()
    }

    /// Its values as an object that a program can change and give back.
    pub fn values(&self) -> Object {
        Object::from(self.values.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn index() -> ChartIndex {
        ChartIndex::read(json!({"apiVersion": "v1", "entries": {
            "web": [
                {"name": "web", "version": "2.0.0-rc1", "annotations": null},
                {"name": "web", "version": "1.1.0+up2-3", "appVersion": "9", "deprecated": false, "urls": ["x"]},
                {"name": "web", "version": "1.0.0"},
            ],
            "try": [{"name": "try", "version": "0.1.0-a"}],
        }}))
        .unwrap()
    }

    #[test]
    fn a_version_is_found_or_named_as_missing() {
        let index = index();
        assert_eq!(
            index.find("web", "").unwrap().version,
            "1.1.0+up2-3",
            "what follows a plus is no prerelease"
        );
        assert_eq!(index.find("web", "1.0.0").unwrap().version, "1.0.0");
        for (chart, version, field, told) in [
            ("wep", "", "chart", "it holds try, web"),
            ("web", "9", "version", "it holds 2.0.0-rc1, 1.1.0+up2-3, 1.0.0"),
            ("try", "", "version", "it holds 0.1.0-a"),
        ] {
            let error = index.find(chart, version).unwrap_err();
            assert_eq!((error.kind(), error.field()), (ErrorKind::NotFound, Some(field)));
            assert_eq!(error.because(), [told]);
        }
        assert!(ChartIndex::read(json!({"type": "error"})).is_none());
    }

    #[test]
    fn a_chart_says_what_it_insists_on() {
        let read = |annotations: Value| -> ChartVersion {
            serde_json::from_value(json!({"name": "mon", "version": "1.0.0", "annotations": annotations}))
                .unwrap()
        };
        let plain = read(json!({}));
        assert_eq!((plain.namespace("shop").unwrap(), plain.release("").unwrap()), ("shop", "mon"));
        assert_eq!(plain.needs().unwrap(), None);
        let chart = read(
            json!({NAMESPACE: "cattle-mon", RELEASE_NAME: "rancher-mon", AUTO_INSTALL: "mon-crd=match"}),
        );
        assert_eq!((chart.namespace("").unwrap(), chart.release("").unwrap()), ("cattle-mon", "rancher-mon"));
        assert_eq!(chart.namespace("cattle-mon").unwrap(), "cattle-mon");
        assert_eq!(chart.needs().unwrap(), Some(("mon-crd", "1.0.0")));
        let error = chart.release("other").unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some("release")));
        assert_eq!(read(json!({AUTO_INSTALL: "crd=2.0.0"})).needs().unwrap(), Some(("crd", "2.0.0")));
        assert_eq!(read(json!({AUTO_INSTALL: "crd"})).needs().unwrap_err().kind(), ErrorKind::Unsupported);
    }

    #[test]
    fn debug_shows_no_value() {
        let info = ChartInfo::read(
            json!({"chart": {"name": "web"}, "values": {"password": "S3CR3T"}, "questions": null}),
        );
        let info = info.unwrap();
        assert!(!format!("{info:?}").contains("S3CR3T"));
        assert_eq!(info.values().text("password"), Some("S3CR3T"));
    }
}
