//! Helm in a pod: what operations do as time passes, and the controllers of the catalog.

use super::super::World;
use super::super::kube::resources::find;
use super::super::rights::{Access, Ask};
use super::super::state::{Millis, Object, ObjectKey, stamp};
use super::catalog::{APPS, OPERATIONS, REPOS};
use super::charts::{Chart, HOME, Made};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::io::{Read as _, Write as _};

/// The namespace that pods of operations are in.
const SYSTEM: &str = "cattle-system";
const PODS: &str = "/pods";
const SECRETS: &str = "/secrets";

/// How long Rancher takes to show what Helm has done.
const APP_LAG: Millis = 150;

/// A chart that is installed or upgraded.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(super) chart: &'static Chart,
    pub(super) release: String,
    pub(super) values: Map<String, Value>,
    pub(super) annotations: Map<String, Value>,
    /// The values are reset, so that no values are no values.
    pub(super) reset: bool,
}

/// What an operation does.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    action: String,
    user: String,
    namespace: String,
    steps: Vec<Step>,
    /// What is uninstalled, and whether its history stays.
    gone: Option<(String, bool)>,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    /// Helm runs since then.
    Running(Millis),
    /// It ended then, and Rancher has not shown it yet.
    Ended(Millis),
}

impl Job {
    pub(super) fn charts(action: &str, user: &str, namespace: &str, steps: Vec<Step>) -> Self {
        Self {
            action: action.to_owned(),
            user: user.to_owned(),
            namespace: namespace.to_owned(),
            steps,
            gone: None,
            stage: Stage::Waiting,
        }
    }

    pub(super) fn uninstall(user: &str, namespace: &str, release: &str, keep: bool) -> Self {
        let gone = Some((release.to_owned(), keep));
        Self { gone, ..Self::charts("uninstall", user, namespace, Vec::new()) }
    }

    fn release(&self) -> &str {
        let named = self.gone.as_ref().map(|(release, _)| release.as_str());
        named.or(self.steps.last().map(|step| step.release.as_str())).unwrap_or_default()
    }
}

/// A revision of a release, as Helm keeps it.
struct Revision {
    key: ObjectKey,
    number: u64,
    status: String,
    kept: Value,
}

/// What stands in Helm's Secret, opened: base64 twice, and compressed.
pub(super) fn opened(kept: &str) -> Option<Value> {
    let inner = STANDARD.decode(kept).ok()?;
    let packed = STANDARD.decode(inner).ok()?;
    let mut text = Vec::new();
    GzDecoder::new(&packed[..]).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

fn packed(release: &Value) -> String {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    // writing into memory does not fail
    let _ = packer.write_all(release.to_string().as_bytes());
    let packed = packer.finish().unwrap_or_default();
    STANDARD.encode(STANDARD.encode(packed))
}

fn conditions(stalled: Option<&str>, reconciling: Option<&str>) -> Value {
    let one = |kind: &str, message: Option<&str>| {
        json!({
            "type": kind, "status": if message.is_some() { "True" } else { "False" },
            "reason": if message.is_some() { kind } else { "" }, "message": message.unwrap_or_default(),
        })
    };
    json!([one("Reconciling", reconciling), one("Stalled", stalled)])
}

impl World {
    /// Makes the pod of an operation and the operation itself; its name.
    pub(super) fn begin(&mut self, cluster: &str, namespace: &str, job: Job) -> String {
        let name = format!("helm-operation-{}", self.state.random.name(5));
        let token = self.state.random.name(20);
        let pod = self.object(map(json!({
            "metadata": {"labels": {"pod-impersonation.cattle.io/token": token}},
            "spec": {"restartPolicy": "Never", "containers": [
                {"name": "helm", "image": "rancher/shell", "command": ["helm-cmd"], "tty": true},
                {"name": "proxy", "image": "rancher/shell"},
            ]},
            "status": {"phase": "Pending"},
        })));
        self.put_object(cluster, (PODS.to_owned(), SYSTEM.to_owned(), name.clone()), pod);
        let operation = self.object(map(json!({
            "metadata": {"generation": 1},
            "status": {
                "observedGeneration": 0, "action": job.action, "releaseName": job.release(),
                "namespace": job.namespace, "token": token, "command": ["helm", job.action, job.release()],
                "podName": name, "podNamespace": SYSTEM,
            },
        })));
        self.put_object(cluster, (OPERATIONS.to_owned(), namespace.to_owned(), name.clone()), operation);
        let key = (cluster.to_owned(), namespace.to_owned(), name.clone());
        self.state.helm.insert(key, job);
        name
    }

    /// What Rancher's controllers of the catalog and its pods do as time passes.
    pub(crate) fn tick_catalog(&mut self) {
        self.download();
        let jobs: Vec<_> = self.state.helm.iter().map(|(key, job)| (key.clone(), job.clone())).collect();
        for (key, job) in jobs {
            match self.advance(&key, job) {
                Some(job) => {
                    self.state.helm.insert(key, job);
                }
                None => {
                    self.state.helm.remove(&key);
                }
            }
        }
    }

    fn advance(&mut self, key: &(String, String, String), mut job: Job) -> Option<Job> {
        let (cluster, namespace, name) = key;
        let now = self.state.now;
        let pod = (PODS.to_owned(), SYSTEM.to_owned(), name.clone());
        match job.stage {
            Stage::Waiting => {
                let running = self.object_at(cluster, &pod).is_some_and(|pod| {
                    pod.body.get("status").and_then(|status| status.get("phase")) == Some(&json!("Running"))
                });
                if running {
                    // rule: catalog.operation-conditions
                    self.tell_operation(
                        cluster,
                        namespace,
                        name,
                        conditions(None, Some("running operation")),
                    );
                    self.say(cluster, &pod, &format!("helm {} {}", job.action, job.release()));
                    job.stage = Stage::Running(now);
                }
            }
            Stage::Running(since) if now - since >= *self.state.nodes.get(cluster)? => {
                let done = self.helm(cluster, &mut job);
                let lines = match &done {
                    Ok(lines) => lines.clone(),
                    Err(why) => vec![format!("Error: {why}")],
                };
                lines.iter().for_each(|line| self.say(cluster, &pod, line));
                self.end_pod(cluster, SYSTEM, name);
                let told = match done {
                    Ok(_) => conditions(None, None),
                    Err(_) => conditions(Some(" exit code: 1"), None),
                };
                self.tell_operation(cluster, namespace, name, told);
                job.stage = Stage::Ended(now);
            }
            Stage::Running(_) => {}
            Stage::Ended(since) if now - since >= APP_LAG => {
                // rule: catalog.app-later
                let releases: Vec<String> = match &job.gone {
                    Some((release, _)) => vec![release.clone()],
                    None => job.steps.iter().map(|step| step.release.clone()).collect(),
                };
                releases.iter().for_each(|release| self.show_app(cluster, &job.namespace, release));
                return None;
            }
            Stage::Ended(_) => {}
        }
        Some(job)
    }

    fn object_at(&self, cluster: &str, key: &ObjectKey) -> Option<Object> {
        self.state.clusters.get(cluster)?.objects.get(key).cloned()
    }

    // A line on a terminal.
    fn say(&mut self, cluster: &str, pod: &ObjectKey, line: &str) {
        self.log(cluster, pod, "helm", format!("{line}\r\n").as_bytes());
    }

    fn tell_operation(&mut self, cluster: &str, namespace: &str, name: &str, conditions: Value) {
        let key = (OPERATIONS.to_owned(), namespace.to_owned(), name.to_owned());
        self.change_object(cluster, &key, |body| {
            if let Value::Object(status) = body.entry("status").or_insert_with(|| json!({})) {
                status.insert("podCreated".to_owned(), json!(true));
                status.insert("observedGeneration".to_owned(), json!(1));
                status.insert("conditions".to_owned(), conditions);
            }
        });
    }

    fn change_object(
        &mut self,
        cluster: &str,
        key: &ObjectKey,
        change: impl FnOnce(&mut Map<String, Value>),
    ) {
        let version = self.state.next_version();
        let found = self.state.clusters.get_mut(cluster).and_then(|found| found.objects.get_mut(key));
        if let Some(object) = found {
            object.version = version;
            change(&mut object.body);
        }
    }

    /// The revisions of a release, the newest first.
    fn revisions(&self, cluster: &str, namespace: &str, release: &str) -> Vec<Revision> {
        let Some(found) = self.state.clusters.get(cluster) else { return Vec::new() };
        let secrets = found.objects.of(SECRETS, namespace);
        let mut all: Vec<Revision> = secrets
            .filter(|(_, secret)| {
                secret.label("owner") == Some("helm") && secret.label("name") == Some(release)
            })
            .filter_map(|(key, secret)| {
                let kept = secret.body.get("data")?.get("release")?.as_str()?;
                Some(Revision {
                    key: key.clone(),
                    number: secret.label("version")?.parse().ok()?,
                    status: secret.label("status")?.to_owned(),
                    kept: opened(kept)?,
                })
            })
            .collect();
        all.sort_by_key(|revision| std::cmp::Reverse(revision.number));
        all
    }

    // All steps of an operation; what Helm writes, or its error.
    fn helm(&mut self, cluster: &str, job: &mut Job) -> Result<Vec<String>, String> {
        if let Some((release, keep)) = job.gone.clone() {
            return self.helm_uninstall(cluster, &job.namespace, &release, keep);
        }
        let mut lines = Vec::new();
        // rule: catalog.several-charts
        let install = job.action == "install" && job.steps.len() == 1;
        for step in job.steps.clone() {
            let failed = |why: String| match install {
                true => format!("INSTALLATION FAILED: {why}"),
                false => format!("UPGRADE FAILED: {why}"),
            };
            let before = self.revisions(cluster, &job.namespace, &step.release);
            if install && !before.is_empty() {
                // rule: catalog.name-in-use
                return Err(failed("cannot re-use a name that is still in use".to_owned()));
            }
            lines.extend(self.helm_step(cluster, job, &step, before).map_err(failed)?);
        }
        Ok(lines)
    }

    fn helm_step(
        &mut self,
        cluster: &str,
        job: &Job,
        step: &Step,
        before: Vec<Revision>,
    ) -> Result<Vec<String>, String> {
        let deployed = before.iter().find(|revision| revision.status == "deployed").or(before.first());
        let config = |revision: &Revision| revision.kept.get("config").and_then(Value::as_object).cloned();
        // rule: catalog.values-are-replaced
        let values = match deployed {
            Some(current) if step.values.is_empty() && !step.reset => config(current).unwrap_or_default(),
            _ => step.values.clone(),
        };
        let made = step.chart.render(&step.release, &values)?;
        let number = before.first().map_or(0, |revision| revision.number) + 1;
        let first = before.last().and_then(|revision| revision.kept.pointer("/info/first_deployed").cloned());
        let result = self.make(cluster, job, &made);
        let status = if result.is_ok() { "deployed" } else { "failed" };
        let now = stamp(self.state.now);
        let resources: Vec<Value> = made.iter().map(|made| made.listed(&job.namespace)).collect();
        let release = json!({
            "name": step.release, "namespace": job.namespace, "version": number,
            "config": if values.is_empty() { Value::Null } else { Value::Object(values) },
            "chart": {"metadata": step.chart.metadata(&step.annotations), "values": step.chart.values()},
            "info": {
                "status": status, "first_deployed": first.unwrap_or_else(|| json!(now)), "last_deployed": now,
                "description": if result.is_ok() { "Install complete" } else { "failed" },
            },
            "resources": resources,
        });
        if result.is_ok() {
            for old in before.iter().filter(|old| old.status == "deployed") {
                self.mark(cluster, old, "superseded");
            }
        }
        self.keep_release(cluster, &job.namespace, &step.release, number, status, &release);
        result?;
        Ok(vec![
            format!("NAME: {}", step.release),
            format!("NAMESPACE: {}", job.namespace),
            format!("STATUS: {status}"),
            format!("REVISION: {number}"),
            "---------------------------------------------------------------------".to_owned(),
            format!("SUCCESS: helm {} {}", job.action, step.release),
        ])
    }

    // With the rights of who began it.
    fn make(&mut self, cluster: &str, job: &Job, made: &[Made]) -> Result<(), String> {
        // rule: catalog.rights-of-the-user
        let access = Access::of(&self.state, &job.user);
        for one in made {
            let (group, version) = one.api.split_once('/').unwrap_or(("", one.api));
            let ask =
                Ask { verb: "create", group, resource: one.plural, namespace: &job.namespace, name: "" };
            if access.in_kubernetes(&self.state, cluster, &ask).is_none() {
                return Err(ask.refusal(&job.user));
            }
            let Some(resource) = find(group, version, one.plural) else { continue };
            let key = (resource.key(), job.namespace.clone(), one.name.clone());
            let body = self.filled(resource, &one.name, map(one.body.clone()));
            match self.object_at(cluster, &key) {
                None => {
                    let object = self.object(body);
                    self.put_object(cluster, key, object);
                }
                Some(mut object) => {
                    let generation =
                        object.body.get("metadata").and_then(|meta| meta.get("generation")).cloned();
                    let same = object.body.get("spec") == body.get("spec");
                    let status = object.body.get("status").cloned();
                    object.body = body;
                    if let Some(status) = status {
                        object.body.insert("status".to_owned(), status);
                    }
                    if let (Some(number), Some(Value::Object(metadata))) =
                        (generation.and_then(|number| number.as_u64()), object.body.get_mut("metadata"))
                    {
                        metadata
                            .insert("generation".to_owned(), json!(if same { number } else { number + 1 }));
                    }
                    object.version = self.state.next_version();
                    self.put_object(cluster, key, object);
                }
            }
        }
        Ok(())
    }

    fn mark(&mut self, cluster: &str, revision: &Revision, status: &str) {
        let mut kept = revision.kept.clone();
        if let Some(Value::Object(info)) = kept.get_mut("info") {
            info.insert("status".to_owned(), json!(status));
        }
        let kept = packed(&kept);
        self.change_object(cluster, &revision.key, |body| {
            if let Some(label) = body.get_mut("metadata").and_then(|meta| meta.pointer_mut("/labels/status"))
            {
                *label = json!(status);
            }
            body.insert("data".to_owned(), json!({"release": kept}));
        });
    }

    fn keep_release(
        &mut self,
        cluster: &str,
        namespace: &str,
        release: &str,
        number: u64,
        status: &str,
        kept: &Value,
    ) {
        // rule: catalog.release-secret
        let secret = self.object(map(json!({
            "metadata": {"labels": {
                "name": release, "owner": "helm", "status": status, "version": number.to_string(),
            }},
            "type": "helm.sh/release.v1", "data": {"release": packed(kept)},
        })));
        let name = format!("sh.helm.release.v1.{release}.v{number}");
        self.put_object(cluster, (SECRETS.to_owned(), namespace.to_owned(), name), secret);
    }

    fn helm_uninstall(
        &mut self,
        cluster: &str,
        namespace: &str,
        release: &str,
        keep: bool,
    ) -> Result<Vec<String>, String> {
        let revisions = self.revisions(cluster, namespace, release);
        let Some(newest) = revisions.first() else {
            return Err(format!("uninstall: Release not loaded: {release}: release: not found"));
        };
        let resources = newest.kept.get("resources").and_then(Value::as_array).cloned().unwrap_or_default();
        for one in &resources {
            let text = |field: &str| one.get(field).and_then(Value::as_str).unwrap_or_default();
            let plural = match text("kind") {
                "Deployment" => "apps/deployments",
                "StatefulSet" => "apps/statefulsets",
                "Secret" => SECRETS,
                _ => "/configmaps",
            };
            let key = (plural.to_owned(), text("namespace").to_owned(), text("name").to_owned());
            self.remove_object(cluster, &key);
        }
        for (at, revision) in revisions.iter().enumerate() {
            match (keep, at) {
                (true, 0) => self.mark(cluster, revision, "uninstalled"),
                (true, _) => {}
                (false, _) => self.remove_object(cluster, &revision.key),
            }
        }
        Ok(vec![format!("release \"{release}\" uninstalled")])
    }

    // The app of a release, as its newest revision says.
    fn show_app(&mut self, cluster: &str, namespace: &str, release: &str) {
        let key = (APPS.to_owned(), namespace.to_owned(), release.to_owned());
        let Some(newest) = self.revisions(cluster, namespace, release).into_iter().next() else {
            self.remove_object(cluster, &key);
            return;
        };
        let kept = &newest.kept;
        let at = |pointer: &str| kept.pointer(pointer).cloned().unwrap_or_default();
        let status = newest.status.as_str();
        // rule: catalog.app-without-values
        let body = map(json!({
            "metadata": {
                "generation": 1,
                "ownerReferences": [{
                    "apiVersion": "v1", "kind": "Secret", "name": newest.key.2,
                    "uid": self.object_at(cluster, &newest.key).map(|secret| secret.uid),
                }],
            },
            "spec": {
                "name": release, "namespace": namespace, "version": newest.number, "helmVersion": 3,
                "chart": {"metadata": at("/chart/metadata")}, "resources": at("/resources"),
                "info": {
                    "status": status, "firstDeployed": at("/info/first_deployed"),
                    "lastDeployed": at("/info/last_deployed"), "description": at("/info/description"),
                },
            },
            "status": {
                "observedGeneration": 1,
                "summary": {"state": status, "error": status == "failed", "transitioning": status.starts_with("pending")},
            },
        }));
        match self.object_at(cluster, &key) {
            None => {
                let app = self.object(body);
                self.put_object(cluster, key, app);
            }
            Some(mut app) => {
                app.body = body;
                app.version = self.state.next_version();
                self.put_object(cluster, key, app);
            }
        }
    }

    // Reads the indexes of repositories.
    fn download(&mut self) {
        let mut wanted = Vec::new();
        for (cluster, found) in &self.state.clusters {
            for (key, repo) in found.objects.of(REPOS, "") {
                if let Some(reached) = due(repo, self.state.now) {
                    wanted.push((cluster.clone(), key.clone(), reached));
                }
            }
        }
        let now = stamp(self.state.now);
        for (cluster, key, reached) in wanted {
            let index = format!("{}-0-index", key.2);
            self.change_object(&cluster, &key, |body| {
                let generation = body.get("metadata").and_then(|meta| meta.get("generation")).cloned();
                let spec = body.get("spec").cloned().unwrap_or_default();
                let place = spec.get("url").or_else(|| spec.get("gitRepo")).cloned().unwrap_or_default();
                let oci = place.as_str().is_some_and(|place| place.starts_with("oci://"));
                // rule: catalog.download
                let (status, message) = match reached {
                    true => ("True", String::new()),
                    false => {
                        let place = place.as_str().unwrap_or_default();
                        ("False", format!("Get \"{place}/index.yaml\": dial tcp: lookup failed: no such host"))
                    }
                };
                let condition = json!([{
                    "type": if oci { "OCIDownloaded" } else { "Downloaded" }, "status": status, "message": message,
                    "lastUpdateTime": now,
                }]);
                let Value::Object(told) = body.entry("status").or_insert_with(|| json!({})) else { return };
                told.insert("observedGeneration".to_owned(), generation.unwrap_or_else(|| json!(1)));
                told.insert("conditions".to_owned(), condition);
                if reached {
                    // rule: catalog.registry-unchanged
                    let known = oci && told.get("url") == Some(&place);
                    if !known {
                        told.insert("downloadTime".to_owned(), json!(now));
                    }
                    told.insert("url".to_owned(), place);
                    told.insert("indexConfigMapName".to_owned(), json!(index));
                    told.insert("indexConfigMapNamespace".to_owned(), json!(SYSTEM));
                }
            });
        }
    }
}

/// Whether a repository is to be read now, and whether it can be reached.
fn due(repo: &Object, now: Millis) -> Option<bool> {
    let at = |pointer: &str| {
        let (first, rest) = pointer.split_once('/')?;
        repo.body.get(first)?.pointer(&format!("/{rest}")).cloned()
    };
    if at("spec/enabled") == Some(json!(false)) {
        return None;
    }
    let place = at("spec/url").or_else(|| at("spec/gitRepo"))?;
    let reached = place.as_str().is_some_and(|place| place.contains(HOME));
    let told = at("status/conditions").is_some();
    let seen = at("status/observedGeneration") == at("metadata/generation");
    let time = |value: Option<Value>| value?.as_str()?.parse::<Timestamp>().ok();
    let oci = place.as_str().is_some_and(|place| place.starts_with("oci://"));
    let forced = match (time(at("spec/forceUpdate")), time(at("status/downloadTime"))) {
        _ if oci => false,
        (Some(asked), Some(read)) => asked > read && asked.as_millisecond() <= now,
        _ => false,
    };
    (!told || !seen || forced).then_some(reached)
}

fn map(value: Value) -> Map<String, Value> {
    if let Value::Object(fields) = value { fields } else { Map::new() }
}
