"""Creates a project, waits until it can be used, and deletes it again unless it shall stay."""

from connect import arguments, connect

cluster, name, *rest = arguments(2, "CLUSTER NAME [--keep]")
with connect() as client:
    cluster_id = client.clusters.find(cluster)["id"]
    project = client.projects.create({"name": name, "clusterId": cluster_id})
    print(f"{project['id']} created")
    try:
        project = client.projects.wait(project["id"], condition="InitialRolesPopulated")
    finally:
        if "--keep" not in rest:
            client.projects.delete(project["id"])
            print(f"{project['id']} deleted")
    print(f"{project['id']} was {project.state or 'ready'}")
