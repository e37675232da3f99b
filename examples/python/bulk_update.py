"""Sets a label on every project that has one of these names, in all clusters; an empty value takes it away."""

from connect import arguments, connect

label, *names = arguments(2, "KEY=VALUE NAME [NAME…]")
key, equals, value = label.partition("=")
if not (key and equals):
    raise SystemExit("Error: the label is not KEY=VALUE")
with connect() as client:
    projects = client.projects.list(where={"name": {"in": names}}).collect()
    for found in projects:
        def change(project):
            others = {name: text for name, text in (project.get("labels") or {}).items() if name != key}
            project["labels"] = {**others, key: value} if value else others
        # reads it anew, sends only the label, and begins again if somebody else was faster
        print(f"{client.projects.update_with(found['id'], change).id} updated")
    if not projects:
        raise SystemExit("Error: no project has such a name")
