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
    if not isinstance(body, dict) or "$omitted_bytes" in body:
        return
    for items in (body.get("data") if body.get("type") == "collection" else None, body.get("items")):
        if isinstance(items, list):
            yield from (item for item in items if isinstance(item, dict))
            return
    yield body


def api_of(path, value):
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
    members, found, seen = {}, [], set()
    for source in sorted(pathlib.Path(sys.argv[1]).glob("*.jsonl")):
        for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), 1):
            try:
                row = json.loads(line)
                values = [(path, value) for path, body in answers(row) for value in objects(body)]
            except (KeyError, TypeError, ValueError) as error:
                sys.exit(f"{source}:{number}: not a recorded exchange: {error!r}")
            for path, value in values:
                kind = value.get("type") if isinstance(value.get("type"), str) else value.get("kind", "")
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
                found.append([api_of(path, value), kind, own, indexes])
    texts = ",\n".join("  " + compact(member) for member in members)
    lines = ",\n".join("  " + compact(row) for row in found)
    out = pathlib.Path(__file__).resolve().parent / "objects.json"
    out.write_text(f'{{\n "members": [\n{texts}\n ],\n "objects": [\n{lines}\n ]\n}}\n', encoding="utf-8")
    print(f"{len(found)} objects of {len({(row[0], row[1]) for row in found})} types, {len(members)} fields, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
