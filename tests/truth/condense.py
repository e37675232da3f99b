#!/usr/bin/env python3
"""Condenses a folder of recorded answers into the fixtures beside this script.

    python3 tests/truth/condense.py FOLDER

FOLDER holds recordings as JSON lines, one exchange a line:
    {"auth", "label"?, "request": {"method", "path", "body"?, "headers"?},
     "response": {"status", "headers", "body"}}
Beside them it writes stock.json: the objects that the simulated server is born with. The result is deterministic: the same recordings give the same bytes. README.md states the form of a fixture.
"""

import json
import pathlib
import sys

# The recordings that the tests replay. To add one, name it here, run the script, and read it in
# tests/behaviour/src/truth.rs.
RECORDINGS = ["collections", "errors", "agent-gone", "matrix"]

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
            headers = {k: response["headers"][k] for k in HEADERS if k in response["headers"]}
            answer = {"status": response["status"], "headers": headers, "body": response.get("body")}
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


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    here = pathlib.Path(__file__).resolve().parent
    for name in RECORDINGS:
        text, rows, answers = condense(pathlib.Path(sys.argv[1]) / f"{name}.jsonl")
        (here / f"{name}.json").write_text(text, encoding="utf-8")
        print(f"{name}: {rows} rows, {answers} distinct answers")


main()
