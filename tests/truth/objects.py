#!/usr/bin/env python3
"""Collects every object that a server ever answered, once, into objects.json beside this script.

    python3 tests/truth/objects.py FOLDER

FOLDER holds recordings as JSON lines, in the two forms that condense.py and the sockets' recordings have:
    {"auth", "label"?, "request": {"method", "path", "body"?}, "response": {"status", "headers", "body"}}
    {"label", "path", "sent", "received": [{"at", "message"}]}
The result is deterministic: the same recordings give the same bytes.

The text of each object is kept, not its meaning: the order of its fields and the spelling of its numbers. To keep the
file small, every text of a field is stored once, and the object's own id in it is written as U+0001:
    members   texts of fields, `"name":value`
    objects   [api, type, id, [indexes into members]]; api is v3, steve or kubernetes
The text of an object is "{", its members with "," between them, and "}".
"""

import json
import pathlib
import sys

OWN_ID = "\u0001"
# what answers that are no objects say they are
NO_OBJECTS = {"error", "collection", "apiRoot", "Status"}


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def answers(row):
    """The bodies of a row, each with the path that it came from."""
    if "response" in row:
        if row["response"]["status"] < 300:
            yield row["request"]["path"], row["response"].get("body")
    for frame in row.get("received", []):
        message = frame.get("message")
        if isinstance(message, dict):
            yield row["path"], message.get("data", message.get("object"))


def objects(body):
    """The objects in a body, each with the kind that it is said to be beside it."""
    if not isinstance(body, dict) or "$omitted_bytes" in body:
        return
    if body.keys() == {"type", "object"}:
        # an event of a watch
        yield "", body["object"]
        return
    collection = body.get("data") if body.get("type") == "collection" else body.get("items")
    if not isinstance(collection, list):
        yield "", body
        return
    for item in collection:
        if isinstance(item, dict):
            # Kubernetes leaves the kind of a list's items to the list
            yield body.get("kind", "").removesuffix("List"), item


def api_of(path):
    path = path.split("?")[0]
    if path.startswith("/v3"):
        return "v3"
    if path.startswith(("/v1/", "/v1-")) or "/v1/" in path and "/api" not in path:
        return "steve"
    return "kubernetes"


def id_of(value):
    metadata = value.get("metadata")
    name = value.get("id") or (metadata.get("name") if isinstance(metadata, dict) else None)
    return name if isinstance(name, str) else ""


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    members, collected, seen = {}, [], set()
    for source in sorted(pathlib.Path(sys.argv[1]).glob("*.jsonl")):
        for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), 1):
            try:
                row = json.loads(line)
                values = [(path, *found) for path, body in answers(row) for found in objects(body)]
            except (KeyError, TypeError, ValueError) as error:
                sys.exit(f"{source}:{number}: not a recorded exchange: {error!r}")
            for path, beside, value in values:
                api = api_of(path)
                kind = value.get("kind" if api == "kubernetes" else "type") or beside
                text = compact(value)
                if not value or kind in NO_OBJECTS or text in seen:
                    continue
                seen.add(text)
                own, indexes = id_of(value), []
                for name, field in value.items():
                    member = f"{compact(name)}:{compact(field)}"
                    # an id of a few letters stands in too many places to be worth it
                    if len(own) > 3:
                        member = member.replace(own, OWN_ID)
                    indexes.append(members.setdefault(member, len(members)))
                collected.append([api, kind, own, indexes])
    texts = ",\n".join("  " + compact(member) for member in members)
    lines = ",\n".join("  " + compact(row) for row in collected)
    out = pathlib.Path(__file__).resolve().parent / "objects.json"
    out.write_text(f'{{\n "members": [\n{texts}\n ],\n "objects": [\n{lines}\n ]\n}}\n', encoding="utf-8")
    print(f"{len(collected)} objects of {len({(row[0], row[1]) for row in collected})} types, {len(members)} fields, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
