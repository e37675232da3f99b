"""The example programs print what those of the other languages print: `examples/cases.json`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from rancher.testing import Simulator

FOLDER = ROOT / "examples" / "python"
CASES = [case for case in json.loads((ROOT / "examples/cases.json").read_text()) if "python" in case.get("of", ["python"])]
PROGRAMS = sorted(path for path in FOLDER.glob("*.py") if path.name != "connect.py")


def fits(pattern: str, line: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), line) is not None


def test_each_is_shorter_than_twenty_lines() -> None:
    assert len(PROGRAMS) >= 8
    for path in PROGRAMS:
        lines = len(path.read_text().splitlines())
        print(f"example: python {path.stem} has {lines} lines")
        assert lines < 20, path.name


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['run']} {case.get('as', '')}")
def test_case(case: dict[str, Any], tmp_path: Path) -> None:
    program, *arguments = case["run"].split()
    environment = {name: os.environ[name] for name in ("PATH", "RANCHER_SIM", "PYTHONPATH") if name in os.environ}
    environment |= {"HOME": str(tmp_path), "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    with Simulator(nodes=500) as simulator:
        if "as" in case:
            (tmp_path / "ca.pem").write_text(simulator.ca_pem)
            environment |= {
                "RANCHER_URL": simulator.url,
                "RANCHER_TOKEN": simulator.tokens[case["as"]],
                "RANCHER_CA_BUNDLE": str(tmp_path / "ca.pem"),
                "RANCHER_CLUSTER_ID": simulator.clusters.get(case.get("cluster", ""), ""),
            }
        done = subprocess.run(
            [sys.executable, FOLDER / f"{program}.py", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    out, err = done.stdout.splitlines(), done.stderr.splitlines()
    failures = [line for line in err if not line.endswith("this is a simulator")]
    if "fails" in case:
        assert (done.returncode, out, len(failures)) == (1, [], 1), done
        assert fits(f"Error: *{case['fails']}", failures[0]), done
        return
    assert done.returncode == case.get("status", 0) and not failures, done
    assert ("as" in case) == (not err), done
    for pattern in case.get("prints_some", []):
        assert any(fits(pattern, line) for line in out), done
    if "prints" in case:
        assert len(out) == len(case["prints"]) and all(map(fits, case["prints"], out)), done
