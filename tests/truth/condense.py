#!/usr/bin/env python3
"""Condenses a folder of recorded answers into the fixtures beside this script.

    python3 tests/truth/condense.py FOLDER

FOLDER holds recordings as JSON lines, one exchange a line:
    {"auth", "label"?, "request": {"method", "path", "body"?, "headers"?},
     "response": {"status", "headers"?, "body"}}
Beside them it writes stock.json: the objects that the simulated server is born with. The result is deterministic: the same recordings give the same bytes. README.md states the form of a fixture.
"""

import ast
import json
import pathlib
import re
import sys

# The recordings that the tests replay. To add one, name it here, run the script, and read it in
# tests/behaviour/src/truth.rs.
RECORDINGS = ["collections", "errors", "workflows", "kubernetes", "agent-gone", "matrix", "downstream"]

# The headers that carry meaning; the rest (cache-control, nosniff) are the same on every answer.
HEADERS = ["content-type", "location", "x-api-cattle-auth", "x-api-schemas"]


class Table:
    """Distinct values in the order of their first appearance."""

    def __init__(self):
        self.index = {}
        self.values = []

    def put(self, value):
        key = json.dumps(value, sort_keys=True)
        if key not in self.index:
            self.index[key] = len(self.values)
            self.values.append(value)
        return self.index[key]

    def lines(self):
        return ",\n".join("  " + compact(v) for v in self.values)


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def condense(source):
    labels, credentials, requests, answers, rows = Table(), Table(), Table(), Table(), []
    for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            request, response = row["request"], row["response"]
            asked = [request["method"], request["path"]]
            if request.get("body") is not None or request.get("headers"):
                asked.append(request.get("body"))
            if request.get("headers"):
                asked.append({k.lower(): v for k, v in request["headers"].items()})
            # a recording that kept no headers does not say that there were none
            kept = response.get("headers")
            headers = {"headers": {k: kept[k] for k in HEADERS if k in kept}} if kept is not None else {}
            answer = {"status": response["status"], **headers, "body": response.get("body")}
            rows.append([labels.put(row.get("label", "")), credentials.put(row["auth"]), requests.put(asked), answers.put(answer)])
        except (KeyError, TypeError, ValueError) as error:
            sys.exit(f"{source}:{number}: not a recorded exchange: {error!r}")
    parts = [
        f' "labels": {compact(labels.values)}',
        f' "credentials": {compact(credentials.values)}',
        f' "requests": [\n{requests.lines()}\n ]',
        f' "answers": [\n{answers.lines()}\n ]',
        ' "rows": [\n' + ",\n".join("  " + compact(r) for r in rows) + "\n ]",
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n", len(rows), len(answers.values)


# Who asked in websocket.jsonl, by the label of the row, since the rows do not say.
SOCKETS = {"v3 subscribe projects": "admin-unscoped", "v1 subscribe bad token": "wrong-secret"}


def socket_caller(label):
    if label in SOCKETS:
        return SOCKETS[label]
    return "admin-local" if "scoped" in label else "admin-unscoped"


def sockets(source):
    """What sockets said, one socket a line: what was sent and heard, or the status and body of a refusal."""
    rows = []
    for line in source.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        out = {"label": row["label"], "auth": socket_caller(row["label"]), "path": row["path"]}
        refusal = re.match(r"Handshake status (\d+) .*?-\+-\+- (\{.*\}) -\+-\+- (.*)", row.get("error", ""), re.S)
        if refusal:
            headers = ast.literal_eval(refusal[2])
            out["status"] = int(refusal[1])
            out["headers"] = {k: headers[k] for k in HEADERS if k in headers}
            out["body"] = json.loads(refusal[3])
        elif "error" in row:
            out["error"] = row["error"]
        else:
            out["sent"] = row["sent"]
            out["heard"] = [heard["message"] for heard in row["received"]]
        rows.append(out)
    return "[\n" + ",\n".join(" " + compact(row) for row in rows) + "\n]\n", len(rows)


# Where the objects that the simulated server is born with stand: in stock.jsonl, by their list.
STOCK = ["settings", "features", "globalroles", "roletemplates", "authconfigs",
         "podsecurityadmissionconfigurationtemplates", "users", "globalrolebindings", "clusterroletemplatebindings"]
STOCK_ELSEWHERE = ["projectroletemplatebindings", "projects"]

# What every object has and the server derives from the rest.
DERIVED = {"baseType", "created", "links", "actions", "creatorId", "id", "me", "principalIds"}


def lists(source):
    """The objects of every recorded list, by the last segment of its path."""
    found = {}
    for line in source.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        body = row["response"].get("body")
        if isinstance(body, dict) and body.get("type") == "collection" and row["response"]["status"] == 200:
            path = row["request"]["path"].split("?")[0].rsplit("/", 1)[-1]
            of_path = found.setdefault(path, {})
            for item in body["data"]:
                of_path[item["id"]] = item
    return found


def kept(item, kind):
    """An object without what follows from its type."""
    out = {"id": item["id"]}
    without = [name for name in ("remove", "update") if name not in item.get("links", {})]
    if without:
        out["$without"] = without
    if item.get("actions"):
        out["$actions"] = sorted(item["actions"])
    if item.get("creatorId"):
        out["creatorId"] = item["creatorId"]
    for key in sorted(item):
        if key not in DERIVED and not (key == "type" and item[key] == kind):
            out[key] = item[key]
    return out


def stock(folder):
    """Every stock object, one a line."""
    lines = []
    sources = [(folder / "stock.jsonl", STOCK), (folder / "collections.jsonl", STOCK_ELSEWHERE)]
    for source, names in sources:
        found = lists(source)
        for name in names:
            base = {"projects": "project"}.get(name)
            items = [kept(found[name][id], base or found[name][id]["baseType"]) for id in sorted(found[name])]
            if name == "projects":
                items = [{"id": p["id"], "name": p["name"], "createdTS": p["createdTS"], "uuid": p["uuid"]} for p in items]
            lines.append(f'"{name}": [\n' + ",\n".join("  " + compact(i) for i in items) + "\n ]")
    # One cluster's registration token stands for all: the cluster, the server and the secret are filled in.
    token = kept(lists(folder / "collections.jsonl")["clusterregistrationtokens"]["c-edge1:default-token"], "clusterRegistrationToken")
    text = compact({k: v for k, v in token.items() if k not in ("id", "uuid", "createdTS", "expiresAt", "expiresAtTS")})
    text = text.replace("c-edge1", "{cluster}").replace("https://rancher.example.com", "{server}")
    text = re.sub("<secret:[a-z-]+>", "{token}", text)
    lines.append(f'"clusterRegistrationToken": {text}')
    # The authority of the connected imported cluster: a certificate, no secret.
    authority = lists(folder / "collections.jsonl")["clusters"]["c-prod1"]["caCert"]
    lines.append(f'"caCert": {compact(authority)}')
    return "{\n " + ",\n ".join(lines) + "\n}\n"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    here = pathlib.Path(__file__).resolve().parent
    text = stock(pathlib.Path(sys.argv[1]))
    (here / "stock.json").write_text(text, encoding="utf-8")
    print(f"stock: {len(text)} bytes")
    for name in RECORDINGS:
        text, rows, answers = condense(pathlib.Path(sys.argv[1]) / f"{name}.jsonl")
        (here / f"{name}.json").write_text(text, encoding="utf-8")
        print(f"{name}: {rows} rows, {answers} distinct answers")
    text, rows = sockets(pathlib.Path(sys.argv[1]) / "websocket.jsonl")
    (here / "websocket.json").write_text(text, encoding="utf-8")
    print(f"websocket: {rows} rows")


main()
