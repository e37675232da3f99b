#!/usr/bin/env python3
"""Writes the corpora of the fuzz targets: from the recorded answers in tests/truth, and the edge cases below.

Run it after a recording was added: `python3 tests/fuzz/seeds.py`. It rewrites the files it names and leaves others,
such as inputs that once failed, alone.
"""

import json
import pathlib
import re

HERE = pathlib.Path(__file__).parent
TRUTH = HERE.parent / "truth"
SECRET = "\x1f"  # where the targets put a marked secret

# the orders of tests/fuzz/targets/error_body.rs
STATUSES = [200, 302, 307, 400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429, 500, 501, 502, 503, 504, 599]
HEADERS = [None, "true", "false", "none", "TRUE, x"]
PATHS = ["/v3/clusters", "/v3/clusters/c-prod1", "/k8s/clusters/", "/rancherversion", "/v3-public/", "/nosuch"]
KINDS = ["v3", "ext", "kubeconfig", "jwt", "none"]


def write(target, name, content):
    folder = HERE / "targets/__fuzz__" / target / "corpus"
    folder.mkdir(parents=True, exist_ok=True)
    data = content if isinstance(content, bytes) else content.encode("utf-8")
    (folder / re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60]).write_bytes(data)


def index(choices, wanted):
    """The printable byte that chooses `wanted`."""
    return next(byte for byte in range(0x20, 0x7F) if byte % len(choices) == choices.index(wanted))


def answer(status, header, path, kind, body):
    place = next((p for p in PATHS if path.startswith(p)), "/nosuch")
    head = [index(STATUSES, status), index(HEADERS, header), index(PATHS, place), index(KINDS, kind)]
    return bytes(head) + body.encode("utf-8")


def recorded():
    for name in ("matrix", "agent-gone"):
        fixture = json.loads((TRUTH / f"{name}.json").read_text())
        for _, _, request, reply in fixture["rows"]:
            yield fixture["requests"][request], fixture["answers"][reply]


def from_the_record():
    paths, bodies = set(), set()
    for (_, path, *_), reply in recorded():
        if path not in paths:
            paths.add(path)
            write("route", f"record-{path}", path)
        body = reply["body"]
        omitted = isinstance(body, dict) and "$omitted_bytes" in body
        if reply["status"] < 300 or reply["status"] not in STATUSES or omitted:
            continue
        text = "" if body is None else body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))
        # one of each shape: what differs is only the names of users and clusters
        shape = (reply["status"], re.sub(r'\\?"[uc]-[a-z0-9]+\\?"|p-[a-z0-9]+', "X", text)[:70])
        if shape in bodies:
            continue
        bodies.add(shape)
        accepted = reply["headers"].get("x-api-cattle-auth")
        write(
            "error_body",
            f"record-{reply['status']}-{accepted}-{len(bodies)}",
            answer(reply["status"], accepted, path, "v3", text),
        )
        if text:
            write("redact", f"record-{len(bodies)}", text + SECRET)


ROUTES = {
    "query": "/v3/projects?clusterId=c-prod1&name=a%26b",
    "encoded-slash": "/v3/clusters/c-prod1%2F..%2Fprojects",
    "encoded-dots": "/v3/clusters/%2e%2e/projects",
    "doubled": "/v3//clusters/c-prod1",
    "other-host": "//evil.example/v3",
    "url": "https://rancher.example.com/r/v3/clusters?marker=x",
    "foreign-url": "https://rancher.example.com@evil.example/r/v3",
    "credentials-in-url": "https://a:b@rancher.example.com/r/v3",
    "climbing-link": "/r/../v3",
    "upper-case": "/K8S/Clusters/c-prod1",
    "project-as-cluster": "/k8s/clusters/c-prod1:p-abcde/version",
    "not-utf8": b"/v3/%ff/\xff\xfe",
    "zero": "/v3/\0",
    "backslash": "/v3\\clusters",
    "fragment": "/v3#x",
    "broken-percent": "/v3/%zz?%",
    "script": "javascript:alert(1)",
    "tab-in-scheme": "ht\ttps://evil.example/",
    "root": "/",
    "empty": "",
}

TOKENS = {
    "v3": "token-abcde:" + SECRET,
    "ext": "ext/token-abcde:" + SECRET,
    "kubeconfig": "kubeconfig-u-abcde.c-prod1:" + SECRET,
    "jwt": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0." + SECRET,
    "bearer-before-it": "Bearer token-abcde:" + SECRET,
    "basic": "Basic " + SECRET,
    "name-only": "token-abcde",
    "secret-only": SECRET,
    "two-colons": f"token-abcde:{SECRET}:{SECRET}",
    "secret-as-name": f"{SECRET}:{SECRET}",
    "quoted": f'"token-abcde:{SECRET}"',
    "white-space": f"token-abcde: {SECRET}\n",
    "masked": "token-abcde:***",
    "placeholder": "${RANCHER_TOKEN}" + SECRET,
    "url": "https://rancher.example.com/?t=" + SECRET,
    "not-utf8": b"token-abcde:\xff\x1f",
    "pair-twice": f"token-abcde:token-abcde:{SECRET}",
    "empty": "",
}

MESSAGES = {
    "plain": f"no such token {SECRET} here",
    "at-the-ends": SECRET + SECRET,
    "quoted": f'"{SECRET}","{SECRET}"',
    "header-dump": f"GET / HTTP/1.1\r\nAuthorization: {SECRET}\r\nCookie: {SECRET}\r\n",
    "url": f"https://h/?a={SECRET}&b={SECRET}",
    "json": json.dumps({"token": SECRET, "message": f"Bearer {SECRET}"}, ensure_ascii=False),
    "announced-twice": f"Bearer Bearer {SECRET}",
    "names": "token-abcde is expired; c-x:p-y; kubeconfig-u-x",
    "wide": "é-ü " + SECRET + " 日本-語",
}

AND = "\x1e"  # where the target edit parts two documents

DOCUMENTS = {
    "set": '{"a":1,"b":null}' + AND + '{"a":2,"b":null}',
    "remove-first": '{ "a":1 , "b":2}' + AND + '{"b":2}',
    "remove-all": '{"a":1,"b":{"c":1}}' + AND + "{}",
    "twice": '{"type":"error","links":{},"type":"error"}' + AND + '{"type":"x","links":{}}',
    "escaped-name": '{"\\u0061":1}' + AND + '{"a":2}',
    "numbers": '{"a":1.0,"b":99999999999999999999,"c":1e3,"d":-0}' + AND + '{"a":1.0,"b":1,"c":1000.0,"d":-0.0}',
    "list-shorter": "[1,2,3]" + AND + "[1,3]",
    "list-turned": '[{"name":"x","a":1},{"name":"y"}]' + AND + '[{"name":"y"},{"name":"x","a":2}]',
    "list-same-name": '[{"name":"x"},{"name":"x"}]' + AND + '[{"name":"x","a":1},{"name":"x","a":2},{"name":"x"}]',
    "other-kind": '{"a":[1]}' + AND + '{"a":{"b":1}}',
    "scalar": "1" + AND + "null",
    "object-for-a-list": '{"a":{"name":1},"name":"x","b":{"name":"x"}}',
    "list-of-another-length": '{"a":{"name":1},"b":[{"name":"x"}]}',
    "secret": '{"token":"' + SECRET + '","b":"' + SECRET + '"}',
    "secret-cut": '{"token":"' + SECRET,
    "deep": "[" * 10_000 + "]" * 10_000,
    "deep-inside": '{"b":[{"name":"x","a":1},{"name":"y"}],"deep":' + "[" * 10_000 + "]" * 10_000 + "}",
    "not-utf8": b'{"a":"\xff"}',
    "bom": "\ufeff{}",
    "empty": "",
}

ANSWERS = {
    "old-message": (401, None, '{"type":"error","status":"401","message":"clusterID does not match"}'),
    "old-message-and-header": (403, "false", "clusterID does not match"),
    "html-login": (200, None, "<!DOCTYPE html><title>Sign in</title>"),
    "html-502": (502, None, "<html><body><h1>502 Bad Gateway</h1></body></html>"),
    "cut": (401, "false", '{"type":"error","status":"401","mess'),
    "deep": (500, "true", "[" * 300),
    "secret-in-message": (401, "false", json.dumps({"type": "error", "message": f"bad {SECRET}"}, ensure_ascii=False)),
    "secret-in-code": (
        422,
        "true",
        json.dumps({"type": "error", "code": f"X{SECRET}", "fieldName": SECRET, "status": 422}, ensure_ascii=False),
    ),
    "secret-in-status": (
        409,
        "true",
        json.dumps(
            {"kind": "Status", "reason": SECRET, "message": SECRET, "details": {"causes": [{"field": SECRET}]}},
            ensure_ascii=False,
        ),
    ),
    "secret-in-router": (
        403,
        "false",
        json.dumps({"Code": {"Code": SECRET, "Status": 403}, "Message": SECRET, "FieldName": SECRET}, ensure_ascii=False),
    ),
    "secret-in-words": (400, "true", f'Bad Request {SECRET}\n{{"type":"error","code":"{SECRET}","message":""}}'),
    "lines": (500, "true", "a\nb\r\nc\u2028d\u0085e"),
    "layer-none": (401, "none", ""),
    "quota": (403, "true", '{"kind":"Status","reason":"Forbidden","message":"exceeded quota: q"}'),
}


def page(items, **envelope):
    return json.dumps({"data": items, "items": items, **envelope}, separators=(",", ":"))


def to_v3(marker, place="/v3/projects?limit=2&marker="):
    return {"pagination": {"next": f"{place}{marker}"}}


def lists():
    """How to list (one byte), then the answers: `!` before one makes it a 410."""
    a, b, c = ({"id": name, "metadata": {"uid": name, "name": name}} for name in "abc")
    token = lambda text: {"metadata": {"continue": text}}
    cases = {
        "one-page": [page([a, b])],
        "two-pages": [page([a], **to_v3("b"), **token("one")), page([b, c])],
        "overlap": [page([a, b], **to_v3("b"), **token("one")), page([b, c])],
        "twice-on-a-page": [page([a, a], **to_v3("b"), **token("one")), page([b, b])],
        "itself": [page([a, b], **to_v3("a"), **token("one"))],
        "circle": [page([a], **to_v3("b"), **token("one")), page([b], **to_v3("a"), **token("two"))],
        "marker-gone": [page([a, b], **to_v3("gone")), page([a, b], **to_v3("c")), page([c])],
        "marker-always-gone": [page([a, b, c], **to_v3("gone"))],
        "other-host": [page([a], **to_v3("b", "https://evil.example/v3/projects?marker="))],
        "other-collection": [page([a], **to_v3("b", "/v3/clusters?marker="))],
        "no-marker": [page([a], pagination={"next": "/v3/projects"})],
        "next-is-a-number": [page([a], pagination={"next": 5})],
        "expired": [page([a], **token("one")), '!{"kind":"Status","reason":"Expired"}', page([a, b, c])],
        "expired-with-token": [
            page([a], **token("one")),
            '!{"kind":"Status","reason":"Expired","metadata":{"continue":"two"}}',
            page([b, c]),
        ],
        "always-expired": ['!{"kind":"Status","reason":"Expired"}'],
        "steve-changes": [page([a], count=2, revision="1"), page([b], count=3, revision="2")],
        "steve-never-ends": [page([a], count=9, revision="1")],
        "items-that-are-none": [page([5, None, "x", [], a])],
        "null": ['{"data":null,"items":null}'],
        "echoed": [page([a], filters={"name": [{"modifier": "eq", "value": "x"}]})],
        "not-echoed": [page([a], filters={"name": None})],
        "cut": ['{"data":[{"id":"a"},{"id"'],
        "deep-item": ['{"data":[{"id":"a","x":' + "[" * 10_000 + "]" * 10_000 + '}]}'],
        "deep-envelope": ['{"x":' + "[" * 10_000 + "]" * 10_000 + ',"data":[]}'],
        "twice-the-field": ['{"data":[{"id":"a"}],"data":[{"id":"b"}]}'],
        "page-of-html": ["<html>"],
        "nothing": [""],
    }
    for name, answers in cases.items():
        for how in (" ", "A", "b"):
            write("list", f"edge-{name}-{ord(how)}", how + AND.join(answers))


QUERIES = {
    "plain": ["name", "shop", "blog", "c-prod1:p-abcde", "name", "5"],
    "unknown": ["nosuch", "x", "", "", "", ""],
    "injected": ["name&limit=1", "a&b=c#d?e", "a+b c%20d", "x&marker=y", "name,id", ""],
    "climbing": ["../clusters", "..", ".", "a/../b", "%2e%2e", "a%2fb"],
    "control": ["a\nb", "a\0b", "a\x7fb", "a\x85b", "\r\n", "\t"],
    "long": ["name", "x" * 3000, "x" * 300, "x" * 300, "x" * 254, "x" * 253],
    "tokens": ["name", "x", "token-abcde:s3cr3ts3cr3ts3cr3t", "token-abcde:s3cr3ts3cr3ts3cr3t", "", ""],
    "wide": ["name", "日本", "é", "é:ü", "ü", "日本"],
    "urls": ["https://evil.example/", "//evil.example", "@evil.example", "a@b:c", "http://x", "local://u-abcde"],
    "steve": ["metadata.labels[a/b]", "it's \"x\"", "-metadata.name", "shop-web", "metadata.name", ""],
    "kubernetes": ["app=web,tier in (front)", "status.phase=Running", "shop-web", "deployments", "apps", "web"],
    "empty": ["", "", "", "", "", ""],
}


def evidence():
    """Lives and requests for the ledger: four bytes for the key, then four for each request."""
    every = bytes([0, 0, 0, 0, 2, 10, 0, 0, 0, 20, 0, 0, 3, 30, 1, 1, 1, 40, 2, 2])
    for name, key in {
        "global": [0, 0, 0, 0],
        "scoped": [1, 0, 0, 0],
        "born-later": [1 | 0x10, 15, 90, 0],
        "dies": [0x20 | 1, 15, 0, 0],
        "out-for-a-while": [0x30, 15, 25, 0],
        "asserted": [1, 0, 0, 0x11],
        "wrongly-asserted": [1, 0, 0, 0x12],
    }.items():
        write("ledger", name, bytes(key) + every)
    around = [bytes([0, t, 0, 0]) if i % 2 else bytes([2, t, 0, 0]) for i, t in enumerate(range(0, 120, 2))]
    write("ledger", "more-than-it-keeps", bytes([1, 0, 0, 0]) + b"".join(around))
    write("ledger", "overlapping", bytes([1, 0, 0, 0]) + bytes([0, 0, 31, 31, 2, 5, 1, 1, 0, 9, 20, 31, 2, 40, 0, 0]))
    write("ledger", "backwards", bytes([1, 0, 0, 0]) + bytes([0, 90, 0, 0, 2, 50, 0, 0, 0, 10, 0, 0]))


def main():
    from_the_record()
    for target, cases in (("route", ROUTES), ("token", TOKENS), ("redact", MESSAGES), ("edit", DOCUMENTS)):
        for name, content in cases.items():
            write(target, f"edge-{name}", content)
    for name, (status, header, body) in ANSWERS.items():
        for kind in ("v3", "jwt", "none"):
            write("error_body", f"edge-{name}-{kind}", answer(status, header, "/v3/clusters", kind, body))
    lists()
    for name, parts in QUERIES.items():
        for how in (" ", "/", "<", "\x3f"):
            write("query", f"edge-{name}-{ord(how)}", how + AND.join(parts))
    evidence()


if __name__ == "__main__":
    main()
