#!/usr/bin/env python3
"""Checks licences, sources and banned crates of the dependency graph against deny.toml.

`cargo deny` says more and says it better; this is what holds where it is not installed, so that no machine lands a
crate that the lists do not allow.
"""

import json
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
REGISTRY = "registry+https://github.com/rust-lang/crates.io-index"


def allowed(expression, licences):
    """Whether an SPDX expression can be met with these licences. `/` is the old way to write OR."""
    tokens = re.findall(r"\(|\)|[A-Za-z0-9.+-]+", expression.replace("/", " OR "))

    def alternatives():
        met = conjunction()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            met = conjunction() or met
        return met

    def conjunction():
        met = term()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            met = term() and met
        return met

    def term():
        token = tokens.pop(0)
        if token == "(":
            met = alternatives()
            tokens.pop(0)
            return met
        if tokens and tokens[0] == "WITH":
            token += f" WITH {tokens[1]}"
            del tokens[:2]
        return token in licences

    return alternatives()


def main():
    rules = tomllib.loads((ROOT / "deny.toml").read_text())
    licences = set(rules["licenses"]["allow"])
    exceptions = {e["crate"]: set(e["allow"]) for e in rules["licenses"]["exceptions"]}
    command = ["cargo", "metadata", "--format-version", "1", "--all-features", "--locked"]
    packages = json.loads(subprocess.check_output(command, cwd=ROOT))["packages"]
    foreign = [package for package in packages if package["source"]]
    versions = {}
    for package in foreign:
        versions.setdefault(package["name"], set()).add(package["version"])

    problems = []
    for package in foreign:
        name = f"{package['name']} {package['version']}"
        if package["source"] != REGISTRY:
            problems.append(f"{name} comes from {package['source']}")
        licence = package["license"] or "no licence stated"
        if not allowed(licence, licences | exceptions.get(package["name"], set())):
            problems.append(f"{name}: {licence} is not allowed")
    for rule in rules["bans"]["deny"]:
        found = versions.get(rule["crate"], set())
        if rule.get("deny-multiple-versions"):
            if len(found) > 1:
                problems.append(f"{rule['crate']} comes in {len(found)} versions: {', '.join(sorted(found))}")
        elif found:
            problems.append(f"{rule['crate']} is banned: {rule['reason']}")
    for problem in problems:
        print(problem)
    print(f"dependencies: {len(foreign)} crates, {len(problems)} not allowed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
