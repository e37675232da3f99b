"""Applies a secret and a deployment that reads it, and waits until the deployment runs."""

from connect import arguments, connect

cluster, namespace, name, image, *_ = arguments(4, "CLUSTER-ID NAMESPACE NAME IMAGE")
limits = {"cpu": "50m", "memory": "32Mi"}
container = {"name": name, "image": image, "envFrom": [{"secretRef": {"name": name}}], "resources": {"limits": limits}}
pod = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"MODE": "shop"}}
spec = {"replicas": 2, "selector": {"matchLabels": {"app": name}}, "template": pod}
deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}
with connect() as client:
    space = client.cluster(cluster).namespace(namespace)
    for object in (secret, deployment):
        space.apply(object, "deploy-example")
    done = space.rollout(name).wait()
    print(f"{name}: {done['status']['availableReplicas']} pods run {image}")
