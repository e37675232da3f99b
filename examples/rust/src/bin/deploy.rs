//! Applies a secret and a deployment that reads it, and waits until the deployment runs.
#![expect(clippy::print_stdout, reason = "it is a program")]

use rancher_client::wait::WaitOptions;
use serde_json::json;

#[tokio::main]
async fn main() -> rancher_examples::Outcome {
    let ([cluster, namespace, name, image], _) =
        rancher_examples::arguments("CLUSTER-ID NAMESPACE NAME IMAGE")?;
    let rancher = rancher_examples::connect()?;
    let space = rancher.cluster(&cluster)?.namespace(&namespace)?;
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"MODE": "shop"}});
    space.apply(&rancher_examples::object(secret)?, "deploy-example").await?;
    let limits = json!({"cpu": "50m", "memory": "32Mi"});
    let container = json!({"name": name, "image": image, "envFrom": [{"secretRef": {"name": name}}], "resources": {"limits": limits}});
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": name}}, "template": {
            "metadata": {"labels": {"app": name}}, "spec": {"containers": [container]},
        }},
    });
    space.apply(&rancher_examples::object(deployment)?, "deploy-example").await?;
    let done = space.rollout(&name).wait(WaitOptions::default()).await?;
    println!("{name}: {} pods run {image}", done.pointer("/status/availableReplicas").unwrap_or(&json!(0)));
    Ok(())
}
