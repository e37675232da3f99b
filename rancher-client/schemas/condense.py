#!/usr/bin/env python3
"""Turns a folder of recorded schemas into the compact facts beside this script.

    python3 rancher-client/schemas/condense.py FOLDER

FOLDER holds v3-management.json, v3-cluster.json, v3-project.json and v3-public.json: each the `data` of the schemas
that a server lists (`GET /v3/schemas`, `/v3/cluster/ID/schemas`, `/v3/project/ID/schemas`, `/v3-public/schemas`), or
the whole list. README.md has the form of what is written. A key that the script does not know is an error, so that
nothing which a newer server states is lost in silence.
"""

import json
import pathlib
import sys

APIS = ("management", "cluster", "project", "public")

# what a schema states, under the name that it has in the facts
TYPE_KEYS = {
    "id": "id",
    "pluralName": "plural",
    "pathLinks": "collection",
    "collectionMethods": "collectionMethods",
    "resourceMethods": "resourceMethods",
    "resourceFields": "fields",
    "collectionFilters": "filters",
    "resourceActions": "actions",
    "collectionActions": "collectionActions",
}
# of every schema the same, links to itself, or names in the server's own source
TYPE_NOISE = {
    "type", "baseType", "links", "actions", "version", "codeName", "codeNamePlural", "pkgName", "description",
    "embed", "embedType", "collectionFields", "includeableLinks", "dynamicSchemaVersion", "scope", "enabled",
}
FIELD_KEYS = (
    "type", "create", "update", "required", "nullable", "writeOnly", "unique", "default", "options", "min", "max",
    "minLength", "maxLength", "validChars", "invalidChars", "pointer", "dynamicField",
)
FIELD_NOISE = {"description", "codeName"}
FLAGS = {"create", "update", "required", "nullable", "writeOnly", "unique", "pointer", "dynamicField"}
ACTION_KEYS = ("input", "output")


def fail(text):
    sys.exit(f"condense.py: {text}")


def field(owner, name, stated):
    unknown = set(stated) - set(FIELD_KEYS) - FIELD_NOISE
    if unknown:
        fail(f"{owner}.{name} states {sorted(unknown)}: add it to FIELD_KEYS and to README.md")
    kept = {}
    for key in FIELD_KEYS:
        value = stated.get(key)
        if value is None or (key in FLAGS and value is False):
            continue
        kept[key] = value
    return kept


def action(owner, name, stated):
    unknown = set(stated or {}) - set(ACTION_KEYS)
    if unknown:
        fail(f"action {owner}.{name} states {sorted(unknown)}: add it to ACTION_KEYS and to README.md")
    return {key: stated[key] for key in ACTION_KEYS if (stated or {}).get(key)}


def filters(owner, name, stated):
    unknown = set(stated) - {"modifiers", "options"}
    if unknown or stated.get("options"):
        fail(f"filter {owner}.{name} states {sorted(stated)}: the form of the facts has only modifiers")
    return stated["modifiers"]


def collection(schema):
    """The last segment of the collection's address."""
    address = schema.get("pathLinks") or (schema.get("links") or {}).get("collection")
    return address.rstrip("/").rsplit("/", 1)[1] if address else None


def condense(schema):
    owner = schema["id"]
    unknown = set(schema) - set(TYPE_KEYS) - TYPE_NOISE
    if unknown:
        fail(f"{owner} states {sorted(unknown)}: add it to TYPE_KEYS and to README.md, or to TYPE_NOISE")
    kept = {}
    for key, name in TYPE_KEYS.items():
        value = schema.get(key)
        if key == "pathLinks":
            value = collection(schema)
        elif key == "resourceFields":
            value = {n: field(owner, n, f) for n, f in sorted((value or {}).items())}
        elif key == "collectionFilters":
            value = {n: filters(owner, n, f) for n, f in sorted((value or {}).items())}
        elif key in ("resourceActions", "collectionActions"):
            value = {n: action(owner, n, a) for n, a in sorted((value or {}).items())}
        if value or key == "resourceFields":
            kept[name] = value
    return kept


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    source, target = pathlib.Path(sys.argv[1]), pathlib.Path(__file__).parent
    for api in APIS:
        recorded = json.loads((source / f"v3-{api}.json").read_text())
        schemas = recorded["data"] if isinstance(recorded, dict) else recorded
        types = sorted((condense(schema) for schema in schemas), key=lambda t: t["id"])
        for before, after in zip(types, types[1:]):
            if before["id"] == after["id"]:
                fail(f"{api} has two types {after['id']}")
        lines = ",\n".join(json.dumps(t, separators=(",", ":"), ensure_ascii=False) for t in types)
        (target / f"{api}.json").write_text(f'{{"api":"{api}","types":[\n{lines}\n]}}\n')
        fields = sum(len(t["fields"]) for t in types)
        print(f"{api}.json: {len(types)} types, {fields} fields")


if __name__ == "__main__":
    main()
