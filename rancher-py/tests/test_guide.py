"""The code of the guide to Python runs, as a reader would run it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from conftest import ROOT
from rancher.testing import Simulator

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_guide_runs(tmp_path: Path) -> None:
    done = run(tmp_path, "python", 10)
    # the one line of the log that it asks for, without the token that it was sent with
    assert "GET /rancherversion" in done.stderr, done.stderr


def test_the_guide_to_logins_runs(tmp_path: Path) -> None:
    assert "<Secret ***>" in run(tmp_path, "login", 1).stdout


def test_the_guide_to_kubernetes_runs(tmp_path: Path) -> None:
    said = run(tmp_path, "kubernetes", 2, nodes=0).stdout
    assert "web started" in said and '.spec.replicas belongs to "ci"' in said, said


def test_the_guide_to_watches_runs(tmp_path: Path) -> None:
    there, listed = run(tmp_path, "watches", 0).stdout.split()
    assert there == listed and int(there) > 5


def run(tmp_path: Path, name: str, more_than: int, nodes: int | None = None) -> subprocess.CompletedProcess[str]:
    text = (ROOT / f"docs/guide/{name}.md").read_text()
    blocks = BLOCK.findall(text)
    assert len(blocks) > more_than and len(blocks) == text.count("```python")
    program = tmp_path / "guide.py"
    program.write_text("\n".join(blocks))
    environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "RANCHER_SIM") if name in os.environ}
    with Simulator(nodes=nodes) as simulator:
        (tmp_path / "ca.pem").write_text(simulator.ca_pem)
        environment |= {
            "HOME": str(tmp_path),
            "RANCHER_URL": simulator.url,
            "RANCHER_TOKEN": simulator.tokens["admin-unscoped"],
            "RANCHER_CA_BUNDLE": str(tmp_path / "ca.pem"),
            "RANCHER_USER": simulator.users["member"]["username"],
            "RANCHER_PASSWORD": simulator.users["member"]["password"],
        }
        done = subprocess.run(
            [sys.executable, program], env=environment, capture_output=True, text=True, timeout=180, check=False
        )
    assert done.returncode == 0, done.stderr
    assert simulator.tokens["admin-unscoped"].partition(":")[2] not in done.stdout + done.stderr
    print(f"guide: {len(blocks)} pieces of Python ran")
    return done
