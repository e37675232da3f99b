"""Tells which namespaces a cluster has, and then every change, through cuts and restarts, until it is stopped."""

from connect import arguments, connect

cluster, *rest = arguments(1, "CLUSTER [--count EVENTS]")
if "--count" in rest and not rest[0].isdigit():
    raise SystemExit("Error: --count needs a number")
wanted = int(rest[0]) if "--count" in rest else None
with connect() as client, client.cluster(cluster).resource("namespaces").watch() as watch:
    told = 0
    for event in watch:
        if event.type == "bookmark":
            continue
        print(f"{event.type:<12} {event.id or ''}", flush=True)
        told += 1
        if told == wanted:
            break
