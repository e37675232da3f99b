//! `/v3/project/{id}/workloads`: deployments, as Norman flattens them.

use super::namespaces::reach;
use super::{Within, kinds, list, unsupported};
use crate::world::World;
use crate::world::answer::{Outcome, Problem};
use crate::world::call::Call;
use crate::world::rights::{Ask, cluster_of};
use crate::world::state::{Object, dated};
use http::Method;
use serde_json::{Map, Value, json};

const DEPLOYMENTS: &str = "apps/deployments";

pub(super) fn list_all(world: &mut World, call: &Call<'_>, within: Within<'_>) -> Outcome {
    if *call.method != Method::GET {
        return Err(unsupported(call));
    }
    let project = within.project.unwrap_or_default();
    let cluster = cluster_of(project);
    reach(world, cluster, "apis/apps/v1/deployments")?;
    let kind = kinds::kind("workload").ok_or_else(|| Problem::not_found(""))?;
    let access = call.access(&world.state);
    let state = &world.state;
    let Some(found) = state.clusters.get(cluster) else { return Err(Problem::not_found("")) };
    // rule: norman.lists-are-filtered
    let items: Vec<_> = found
        .objects
        .iter()
        .filter(|((resource, namespace, _), _)| {
            let ask = Ask { verb: "list", group: "apps", resource: "deployments", namespace, name: "" };
            resource == DEPLOYMENTS
                && state.project_of(cluster, namespace) == Some(project)
                && access.in_kubernetes(state, cluster, &ask).is_some()
        })
        .map(|((_, namespace, name), deployment)| object(&call.base, project, namespace, name, deployment))
        .collect();
    list(world, call, kind, items, Some(format!("{}/v3/project/{project}/workloads", call.base)))
}

/// A deployment as Norman shows it.
fn object(base: &str, project: &str, namespace: &str, name: &str, deployment: &Object) -> Value {
    let id = format!("deployment:{namespace}:{name}");
    let own = format!("{base}/v3/project/{project}/workloads/{id}");
    let action = |name: &str| format!("{own}?action={name}");
    let spec = deployment.body.get("spec").cloned().unwrap_or_default();
    let pod = spec.pointer("/template/spec").cloned().unwrap_or_default();
    let fields = json!({
        "actions": {
            "pause": action("pause"), "redeploy": action("redeploy"), "resume": action("resume"),
            "rollback": action("rollback"),
        },
        "baseType": "workload", "containers": pod.get("containers"), "creatorId": null, "id": id,
        "labels": spec.pointer("/template/metadata/labels"), "name": name, "namespaceId": namespace,
        "links": {
            "remove": own, "revisions": format!("{own}/revisions"), "self": own, "update": own,
            "yaml": format!("{own}/yaml"),
        },
        "paused": false, "projectId": project, "restartPolicy": pod.get("restartPolicy"),
        "scale": spec.get("replicas"), "selector": spec.get("selector"),
        // rule: record.no-nodes
        "state": "updating", "transitioning": "yes",
        "transitioningMessage": "Deployment does not have minimum availability.",
        "type": "deployment", "uuid": deployment.uid,
        "workloadAnnotations": {"deployment.kubernetes.io/revision": "1"},
    });
    let mut object = if let Value::Object(fields) = fields { fields } else { Map::new() };
    dated(&mut object, "created", deployment.created);
    Value::Object(object)
}
