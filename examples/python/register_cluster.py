"""Registers a cluster: its manifest goes to standard output, for `kubectl apply -f -` in the cluster. It is a secret."""

import sys

from connect import arguments, connect

name, *rest = arguments(1, "NAME [--wait]")
with connect() as client:
    cluster = client.registration.ensure_imported(name)
    print(cluster["id"], "created" if cluster["created"] else "was there", file=sys.stderr)
    print(client.registration.manifest(cluster["id"]))
    if "--wait" in rest:
        client.registration.wait_ready(cluster["id"])
