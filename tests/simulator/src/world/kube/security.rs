//! Pod Security: what the levels `baseline` and `restricted` forbid, the checks that matter most.

use super::NAMESPACES;
use crate::world::state::Cluster;
use serde_json::{Map, Value};

const LABEL: &str = "pod-security.kubernetes.io/enforce";

/// Whether a pod may be in a namespace; every violation when not.
pub(super) fn check(cluster: &Cluster, namespace: &str, pod: &Map<String, Value>) -> Result<(), String> {
    let key = (NAMESPACES.to_owned(), String::new(), namespace.to_owned());
    let Some(home) = cluster.objects.get(&key) else { return Ok(()) };
    let level = home.label(LABEL).unwrap_or("privileged");
    let Some(spec) = pod.get("spec") else { return Ok(()) };
    let violations = match level {
        "baseline" => baseline(spec),
        "restricted" => [baseline(spec), restricted(spec)].concat(),
        _ => Vec::new(),
    };
    if violations.is_empty() {
        return Ok(());
    }
    // rule: kube.pod-security
    let version = home.label("pod-security.kubernetes.io/enforce-version").unwrap_or("latest");
    Err(format!("violates PodSecurity \"{level}:{version}\": {}", violations.join(", ")))
}

fn containers(spec: &Value) -> Vec<(&str, &Value)> {
    let lists = ["initContainers", "containers"].map(|field| spec.get(field).and_then(Value::as_array));
    lists
        .into_iter()
        .flatten()
        .flatten()
        .map(|container| (container.get("name").and_then(Value::as_str).unwrap_or_default(), container))
        .collect()
}

// `container "a"`, `containers "a", "b"`.
fn named(names: &[&str]) -> String {
    let list: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    format!("container{} {}", if names.len() == 1 { "" } else { "s" }, list.join(", "))
}

fn those(spec: &Value, wrong: impl Fn(&Value) -> bool) -> Vec<&str> {
    containers(spec).into_iter().filter(|(_, container)| wrong(container)).map(|(name, _)| name).collect()
}

fn baseline(spec: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let is = |field: &str| spec.get(field).and_then(Value::as_bool) == Some(true);
    let host: Vec<String> = ["hostNetwork", "hostPID", "hostIPC"]
        .iter()
        .filter(|field| is(field))
        .map(|field| format!("{field}=true"))
        .collect();
    if !host.is_empty() {
        found.push(format!("host namespaces ({})", host.join(", ")));
    }
    let volumes = spec.get("volumes").and_then(Value::as_array).into_iter().flatten();
    let paths: Vec<&str> = volumes
        .filter(|volume| volume.get("hostPath").is_some())
        .filter_map(|volume| volume.get("name")?.as_str())
        .collect();
    if !paths.is_empty() {
        let list: Vec<String> = paths.iter().map(|name| format!("{name:?}")).collect();
        let many = if paths.len() == 1 { "" } else { "s" };
        found.push(format!("hostPath volumes (volume{many} {})", list.join(", ")));
    }
    let privileged = those(spec, |container| {
        container.pointer("/securityContext/privileged").and_then(Value::as_bool) == Some(true)
    });
    if !privileged.is_empty() {
        found.push(format!(
            "privileged ({} must not set securityContext.privileged=true)",
            named(&privileged)
        ));
    }
    found
}

fn restricted(spec: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut add = |what: &str, names: &[&str], who: &str, must: &str| {
        if !names.is_empty() {
            found.push(format!("{what} ({who}{} must set {must})", named(names)));
        }
    };
    let escalates = those(spec, |container| {
        container.pointer("/securityContext/allowPrivilegeEscalation").and_then(Value::as_bool) != Some(false)
    });
    add(
        "allowPrivilegeEscalation != false",
        &escalates,
        "",
        "securityContext.allowPrivilegeEscalation=false",
    );
    let capable = those(spec, |container| {
        let dropped = container.pointer("/securityContext/capabilities/drop").and_then(Value::as_array);
        !dropped.into_iter().flatten().any(|name| name.as_str() == Some("ALL"))
    });
    add("unrestricted capabilities", &capable, "", "securityContext.capabilities.drop=[\"ALL\"]");
    let pod = |path: &str| spec.pointer(&format!("/securityContext/{path}")).cloned();
    let root = pod("runAsNonRoot").and_then(|value| value.as_bool());
    let as_root = those(spec, |container| {
        let own = container.pointer("/securityContext/runAsNonRoot").and_then(Value::as_bool);
        own.or(root) != Some(true)
    });
    add("runAsNonRoot != true", &as_root, "pod or ", "securityContext.runAsNonRoot=true");
    let profile = pod("seccompProfile/type");
    let unconfined = those(spec, |container| {
        let own = container.pointer("/securityContext/seccompProfile/type").cloned();
        let kind = own.or_else(|| profile.clone());
        !matches!(kind.as_ref().and_then(Value::as_str), Some("RuntimeDefault" | "Localhost"))
    });
    add(
        "seccompProfile",
        &unconfined,
        "pod or ",
        "securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"",
    );
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_level_names_what_is_wrong() {
        let plain = json!({"containers": [{"name": "c"}]});
        assert!(baseline(&plain).is_empty());
        assert_eq!(
            restricted(&plain).join(", "),
            "allowPrivilegeEscalation != false (container \"c\" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container \"c\" must set securityContext.capabilities.drop=[\"ALL\"]), runAsNonRoot != true (pod or container \"c\" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container \"c\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")"
        );
        let open = json!({
            "hostNetwork": true, "volumes": [{"name": "v", "hostPath": {}}],
            "containers": [{"name": "a", "securityContext": {"privileged": true}},
                           {"name": "b", "securityContext": {"privileged": true}}],
        });
        assert_eq!(
            baseline(&open),
            [
                "host namespaces (hostNetwork=true)",
                "hostPath volumes (volume \"v\")",
                "privileged (containers \"a\", \"b\" must not set securityContext.privileged=true)",
            ]
        );
        let good = json!({
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"name": "c", "securityContext": {
                "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
            }}],
        });
        assert!(restricted(&good).is_empty());
    }
}
