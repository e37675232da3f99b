"""Says what is wrong with a credential: whether it is dead, scoped to another cluster, or lacks a right."""

import sys

from connect import arguments, connect

cluster, *_ = [*arguments(0, "[CLUSTER]"), None]
with connect() as client:
    report = client.doctor(cluster=cluster)
    print(report["text"], end="")
    sys.exit(report["exit_code"])
