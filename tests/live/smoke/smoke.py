"""What the package of Python does on the server of the environment. An assertion that fails is its exit status."""

import os

import rancher

cluster = os.environ.get("SDK_LIVE_CLUSTER")
namespace = os.environ.get("SDK_LIVE_NAMESPACE")
seen = []

with rancher.Client() as client:
    seen.append(client.version()["version"])
    report = client.doctor(cluster=cluster)
    assert report["verdict"] in ("usable", "limited"), report
    seen.append(f"doctor: {report['verdict']}")
    try:
        seen.append(f"{len(list(client.clusters.list(page_size=2)))} clusters")
    except rancher.RancherError as error:
        # a living key is never called refused
        assert error.kind in ("out_of_scope", "undetermined"), error
        seen.append(f"clusters: {error.kind}")
    if cluster:
        seen.append(client.cluster(cluster).whoami()["user"])
    if namespace:
        maps = client.cluster(cluster).resource("configmaps", namespace=namespace)
        own = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "python"}, "data": {"n": "1"}}
        told = []
        with maps.watch() as watch:
            for event in watch:
                if event.type == "synced":
                    made = maps.create(own)
                if event.id != f"{namespace}/python":
                    continue
                told.append(event.type)
                if event.type == "added":
                    try:
                        maps.create(own)
                        raise AssertionError("the same name was accepted twice")
                    except rancher.RancherError as error:
                        assert error.kind == "already_exists", error
                    made["data"]["n"] = "2"
                    assert maps.update(made)["data"]["n"] == "2"
                elif event.type == "modified":
                    assert event.object["data"]["n"] == "2", event
                    maps.delete("python")
                elif event.type == "deleted":
                    break
        assert told == ["added", "modified", "deleted"], told
        maps.wait_gone("python", timeout=60)
        seen.append("a config map made, changed, deleted, and watched")

print(", ".join(seen))
