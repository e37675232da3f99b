#!/usr/bin/env python3
"""Says which crates a package of another language would build anew, because they have other features than in the rest of the workspace."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def features(*selection):
    """The crates of a build with their features, as lines of text."""
    command = ["cargo", "tree", "--locked", "--prefix", "none", "--format", "{p}|{f}", *selection]
    lines = subprocess.check_output(command, cwd=ROOT, text=True).splitlines()
    return {line.replace(" (*)", "").replace(" (proc-macro)", "") for line in lines if line.strip()}


def main():
    everything = features("--workspace", "--edges", "normal,build,dev")
    bad = 0
    for shell in ("rancher-py", "rancher-node", "rancher-simulator"):
        own = features("--package", shell, "--edges", "normal,build", "--features", f"{shell}/tests")
        # the shell itself has the feature `tests` only where it is asked for
        twice = sorted(line for line in own - everything if not line.startswith(shell + " "))
        for line in twice:
            print(f"{shell}: {line} has other features in the workspace; state them in tests/features/Cargo.toml")
        bad += len(twice)
        print(f"features: {len(own)} crates of {shell}, {len(twice)} built twice")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
