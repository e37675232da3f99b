"""Prints the log of a pod, and goes on with it if asked to."""

from connect import arguments, connect

cluster, namespace, pod, *rest = arguments(3, "CLUSTER-ID NAMESPACE POD [CONTAINER] [--follow]")
container = next((word for word in rest if not word.startswith("--")), None)
with connect() as client:
    space = client.cluster(cluster).namespace(namespace)
    for line in space.logs(pod, container=container, follow="--follow" in rest, tail=1000):
        print(line, flush=True)
