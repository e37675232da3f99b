"""Installs a chart, shows what Helm writes, and waits until what it deploys runs."""

from connect import arguments, connect

cluster, namespace, url, chart = arguments(4, "CLUSTER-ID NAMESPACE REPO-URL CHART")
with connect() as client:
    apps = client.cluster(cluster).apps
    apps.repos.create("example-charts", url)
    apps.repos.wait("example-charts")
    operation = apps.install("example-charts", chart, namespace=namespace)
    for line in apps.logs(operation["id"]):
        print(line.text)
    apps.wait(operation)
    print(f"{operation['chart']} {operation['version']} runs")
