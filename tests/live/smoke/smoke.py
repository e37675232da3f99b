"""What the package of Python does on the server of the environment. An assertion that fails is its exit status."""

import os

import rancher

cluster = os.environ.get("SDK_LIVE_CLUSTER")
namespace = os.environ.get("SDK_LIVE_NAMESPACE")
seen = []

with rancher.Client() as client:
    seen.append(client.version().version)
    report = client.doctor(cluster=cluster)
    assert report.verdict in ("usable", "limited"), report
    seen.append(f"doctor: {report.verdict}")
    try:
        seen.append(f"{len(list(client.clusters.list(page_size=2)))} clusters")
    except rancher.RancherError as error:
        # a living key is never called refused
        assert error.kind in ("out_of_scope", "undetermined"), error
        seen.append(f"clusters: {error.kind}")
    if cluster:
        seen.append(client.cluster(cluster).whoami().user)
    if namespace:
        maps = client.cluster(cluster).resource("configmaps", namespace=namespace)
        made = maps.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "python"}, "data": {"n": "1"}})
        made["data"]["n"] = "2"
        assert maps.update(made)["data"]["n"] == "2"
        assert maps.get("python")["data"]["n"] == "2"
        try:
            maps.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "python"}})
            raise AssertionError("the same name was accepted twice")
        except rancher.RancherError as error:
            assert error.kind == "already_exists", error
        maps.delete("python")
        maps.wait_gone("python", timeout=60)
        seen.append("a config map made, changed, deleted")

print(", ".join(seen))
