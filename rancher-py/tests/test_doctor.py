"""`python -m rancher doctor` gives the report and the exit code of the doctor in Rust."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from conftest import ROOT
from rancher.testing import Simulator

TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
DOCTOR = TARGET / "debug" / "doctor"
CASES: list[tuple[str, list[str]]] = [
    ("admin-unscoped", []),
    ("admin-unscoped", ["--cluster", "c-prod1", "--can-i", "get:pods", "create:deployments.apps"]),
    ("admin-prod", ["--cluster", "c-prod1"]),
    ("admin-prod", ["--cluster", "c-stag1", "--also", "c-prod1"]),
    ("expired", ["--cluster", "c-prod1"]),
    ("deleted", ["--key-is-for", "global"]),
    ("base-unscoped", ["--cluster", "c-prod1", "--namespace", "default"]),
]


def asked(
    command: Sequence[str], simulator: Simulator, label: str, more: list[str], ca: Path
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, "doctor", "--url", simulator.url, "--token", "-", "--ca-file", str(ca), *more]
        if command[0] == sys.executable
        else [*command, "--url", simulator.url, "--token", "-", "--ca-file", str(ca), *more],
        input=simulator.tokens[label],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def timeless(report: Any) -> Any:
    """The report without what differs from one run to the next."""
    for probe in report["probes"]:
        del probe["ms"]
    report["probes"].sort(key=lambda probe: (probe["path"], probe["method"], str(probe["status"])))
    return report


@pytest.fixture
def ca(simulator: Simulator, tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    file.write_text(simulator.ca_pem)
    return file


@pytest.mark.skipif(not DOCTOR.exists(), reason="the doctor in Rust is not built")
@pytest.mark.parametrize(("label", "more"), CASES)
def test_the_report_is_that_of_rust(simulator: Simulator, ca: Path, label: str, more: list[str]) -> None:
    ours = asked([sys.executable, "-m", "rancher"], simulator, label, [*more, "--json"], ca)
    theirs = asked([str(DOCTOR)], simulator, label, [*more, "--json"], ca)
    assert ours.returncode == theirs.returncode, ours.stderr
    assert timeless(json.loads(ours.stdout)) == timeless(json.loads(theirs.stdout))
    text = asked([sys.executable, "-m", "rancher"], simulator, label, more, ca)
    of_rust = asked([str(DOCTOR)], simulator, label, more, ca)
    assert digits(text.stdout) == digits(of_rust.stdout)


def digits(text: str) -> list[str]:
    """Its lines, without times."""
    return sorted(re.sub(r"\s*\d+ ms", " ms", line).rstrip() for line in text.splitlines())


@pytest.mark.parametrize(("label", "more", "code"), [("admin-unscoped", [], 0), ("expired", [], 5)])
def test_exit_codes(simulator: Simulator, ca: Path, label: str, more: list[str], code: int) -> None:
    done = asked([sys.executable, "-m", "rancher"], simulator, label, more, ca)
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout


@pytest.mark.skipif(not DOCTOR.exists(), reason="the doctor in Rust is not built")
def test_without_a_credential_the_report_is_that_of_rust(simulator: Simulator, ca: Path) -> None:
    given = ["--url", simulator.url, "--ca-file", str(ca), "--cluster", "c-prod1"]

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run([*command, *given], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 4, done.stderr
        return done

    ours, theirs = run(sys.executable, "-m", "rancher", "doctor"), run(str(DOCTOR))
    # in their order too: what to do stands before what was asked
    lines = [line.split()[0] for line in ours.stdout.splitlines()]
    assert lines == [line.split()[0] for line in theirs.stdout.splitlines()] and lines.count("advice") == 2
    assert digits(ours.stdout) == digits(theirs.stdout)
    ours, theirs = run(sys.executable, "-m", "rancher", "doctor", "--json"), run(str(DOCTOR), "--json")
    assert timeless(json.loads(ours.stdout)) == timeless(json.loads(theirs.stdout))


@pytest.mark.skipif(not DOCTOR.exists(), reason="the doctor in Rust is not built")
def test_json_says_too_that_nothing_was_diagnosed(simulator: Simulator, ca: Path) -> None:
    more = ["--cluster", "No_id", "--json"]
    ours = asked([sys.executable, "-m", "rancher"], simulator, "admin-unscoped", more, ca)
    theirs = asked([str(DOCTOR)], simulator, "admin-unscoped", more, ca)
    assert (ours.returncode, theirs.returncode) == (4, 4)
    report, other = json.loads(ours.stdout), json.loads(theirs.stdout)
    assert "No_id" in report.pop("advice")[0] and "No_id" in other.pop("advice")[0]
    other["server"]["url"] = None
    assert report == other


def test_a_token_in_the_place_of_a_file_is_not_shown(simulator: Simulator, ca: Path) -> None:
    secret = simulator.tokens["admin-unscoped"]
    more = ["--witness-token-file", secret, "--json"]
    done = asked([sys.executable, "-m", "rancher"], simulator, "expired", more, ca)
    assert done.returncode == 4
    assert "cannot be read" in done.stderr and secret.split(":")[1] not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--help"),
        (["doctor"], "RANCHER_URL"),
        (["doctor", "--cluster", ""], "--cluster is empty"),
        (["doctor", "--url", "https://rancher.example.com", "--token", ""], "--token is empty"),
        (["doctor", "--witness-token-file", "/no/such/file", "--url", "https://rancher.example.com"], "/no/such/file"),
        (["doctor", "--timeout", "soon"], "--timeout"),
        ([], "required: doctor"),
        (["doctor", "--cluter", "token-abcde:s3cr3t"], "unrecognized arguments: --cluter;"),
        (["doctor", "--tokn=token-abcde:s3cr3t"], "unrecognized arguments: --tokn;"),
        (["doctor", "token-abcde:s3cr3t"], "unrecognized arguments;"),
        (["doctor", "--insecure=token-abcde:s3cr3t"], "argument --insecure: it does not take what was given;"),
        (["doctor", "--token"], "--token: expected one argument"),
        (["s3cr3t"], "argument doctor: it does not take what was given"),
        (["doctor", "--url", "https://rancher.example.com", "--token", "-"], "doctor: standard input held no token"),
    ],
)
def test_what_is_misconfigured(arguments: list[str], words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rancher", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 4 and words in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert "s3cr3t" not in done.stderr and "doctor: doctor:" not in done.stderr


@pytest.mark.parametrize("way", [">/dev/full", ">&-"])
def test_a_report_that_nobody_got_is_no_verdict(simulator: Simulator, ca: Path, way: str) -> None:
    for more in ("", "--json"):
        command = f'"$0" -m rancher doctor --url {simulator.url} --token - --ca-file "{ca}" {more} {way}'
        done = subprocess.run(
            ["sh", "-c", command, sys.executable],
            input=simulator.tokens["admin-unscoped"],
            stderr=PIPE,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 4, done.stderr
        assert done.stderr.startswith("doctor: standard output cannot be written: ") and done.stderr.count("\n") == 1


def test_a_terminal_without_dots_in_the_middle_is_no_traceback(simulator: Simulator, ca: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rancher", "doctor", "--url", simulator.url, "--token", "-", "--ca-file", str(ca)],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        input=simulator.tokens["admin-unscoped"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "") and "verdict     usable" in done.stdout


def test_nobody_there(simulator: Simulator, ca: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rancher", "doctor", "--url", "https://127.0.0.1:1", "--token", "-"],
        input="token-abcde:secret",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3, done.stderr


def test_ctrl_c_is_no_traceback() -> None:
    with Simulator(faults=["GET /rancherversion hang"]) as simulator:
        environment = {
            **os.environ,
            "RANCHER_URL": simulator.url,
            "RANCHER_TOKEN": simulator.tokens["admin-unscoped"],
            "RANCHER_CA_CERTS": simulator.ca_pem,
        }
        command = [sys.executable, "-m", "rancher", "doctor"]
        with subprocess.Popen(command, env=environment, stdout=PIPE, stderr=PIPE, text=True) as doctor:
            until = time.monotonic() + 30
            while not simulator.journal() and time.monotonic() < until:
                time.sleep(0.05)
            doctor.send_signal(signal.SIGINT)
            told = doctor.communicate(timeout=30)
    assert (doctor.returncode, *told) == (130, "", "")


def test_without_a_credential_the_server_is_looked_at() -> None:
    with Simulator() as simulator:
        found = doctor(simulator, "--url", simulator.url)
    assert found.returncode == 4 and "no token is sent" in found.stderr and "v2.16.0" in found.stdout, found


@pytest.mark.parametrize("seconds", ["0", "-1", "nan"])
def test_no_time_at_all_says_nothing_of_the_server(seconds: str) -> None:
    with Simulator() as simulator:
        found = doctor(simulator, "--url", simulator.url, "--token", "-", "--timeout", seconds, input="token-abcde:x")
        assert simulator.journal() == []
    assert found.returncode == 4 and "--timeout" in found.stderr and found.stdout == "", found


def doctor(simulator: Simulator, *arguments: str, input: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rancher", "doctor", *arguments],
        env={**os.environ, "RANCHER_CA_CERTS": simulator.ca_pem},
        input=input,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
