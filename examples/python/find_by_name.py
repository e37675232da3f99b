"""Finds an object by its name or its id. More than one of that name is an error that names their ids."""

from connect import arguments, connect

collection, name, *_ = arguments(2, "COLLECTION NAME")
with connect() as client:
    found = client.collection(collection).find(name)
    print(found.id or "-")
    for field in ("name", "state", "value", "description"):
        if isinstance(found.get(field), str):
            print(f"  {field}: {found[field]}")
