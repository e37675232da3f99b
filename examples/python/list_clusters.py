"""Lists the clusters that the user may see, by name: all of them, however many pages they are."""

from connect import connect

with connect() as client:
    count = 0
    for cluster in client.clusters.list(sort="name"):
        print(f"{cluster.id or '-':<14} {cluster.state or '-':<12} {cluster.name or '-'}")
        count += 1
    print(f"{count} clusters")
