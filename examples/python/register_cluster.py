"""Registers a cluster: its manifest goes to standard output, for `kubectl apply -f -` in the cluster. It is a secret."""

from connect import arguments, connect

name, *rest = arguments(1, "NAME [--wait]")
with connect() as client:
    cluster = client.registration.ensure_imported(name)
    print("#", cluster["id"], "created" if cluster["created"] else "was there")
    print(client.registration.manifest(cluster["id"]).reveal())
    if "--wait" in rest:
        client.registration.wait_ready(cluster["id"])
