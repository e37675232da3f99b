"""`python -m rancher doctor`: what is wrong with a Rancher credential. The diagnosis is the core's; this prints it."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import rancher

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rancher.types.values import DoctorReport

__all__ = ["main"]

UNREACHABLE = 3
MISCONFIGURED = 4
_TOKEN_MOST = 64 * 1024
_LONGEST = 365 * 24 * 3600.0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        what, _, given = message.partition(": ")
        if what == "unrecognized arguments":
            # what is given in the wrong place can be a token, so no more is repeated than what an option is called
            names = [word.partition("=")[0] for word in given.split()]
            words = ", ".join(name for name in names if re.fullmatch(r"--[a-z][a-z-]{0,30}", name))
            what = f"{what}: {words}" if words else what
        elif given.startswith(("expected ", "not allowed ")) or "are required" in what:
            what = message
        elif given:
            what = f"{what}: it does not take what was given"
        self.exit(MISCONFIGURED, f"{self.prog}: {what}; --help lists the options\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m rancher", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=rancher.__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="doctor")
    doctor = commands.add_parser(
        "doctor",
        allow_abbrev=False,
        help="tells what is wrong with a credential, with evidence, and changes nothing",
        description="Tells what is wrong with a Rancher credential, with evidence, and changes nothing. Exit codes: "
        "0 usable, 1 limited (valid, but not for what was asked), 2 refused, 3 unreachable or TLS, 4 misconfigured, "
        "5 undetermined.",
        epilog="Environment: RANCHER_URL, RANCHER_TOKEN (or RANCHER_ACCESS_KEY and RANCHER_SECRET_KEY), "
        "RANCHER_CLUSTER_ID, RANCHER_CA_CERTS, RANCHER_CA_BUNDLE, RANCHER_INSECURE, CATTLE_*, HTTPS_PROXY.",
    )
    add = doctor.add_argument
    add("--url", help="the server's address, with or without /v3")
    add("--token", help="the token; `-` reads it from standard input. Others on the machine can see a command line")
    add("--server", metavar="NAME", help="a server of the Rancher CLI's cli2.json, by its name")
    add("--kubeconfig", metavar="FILE", help="a kubeconfig whose server is a Rancher proxy URL")
    add("--context", metavar="NAME", help="a context of the kubeconfig, if not its current one")
    add("--cluster", help="the cluster that the credential is wanted for")
    add("--namespace", help="a namespace in that cluster")
    add("--can-i", metavar="VERB:RESOURCE", nargs="+", help="rights to ask for: get:pods, create:deployments.apps")
    add("--also", metavar="CLUSTER", nargs="+", help="more clusters that the key may be scoped to")
    add("--key-is-for", metavar="CLUSTER|global", help="what you know of the key's scope")
    add("--witness-token-file", metavar="FILE", help="a file with another token, which looks the first one's name up")
    add("--ca-file", metavar="FILE", help="authorities to trust besides the machine's")
    add("--insecure", action="store_true", help="trust whatever certificate comes")
    add("--timeout", metavar="SECONDS", type=float, help="the deadline of each question")
    add("--json", action="store_true", help="print JSON")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; its exit code."""
    given = _parser().parse_args(arguments)
    try:
        report, remarks = _diagnosed(given)
    except rancher.RancherError as error:
        text = str(error) if error.operation == "doctor" else f"doctor: {error}"
        for line in (text, *(f"  {line}" for line in error.because)):
            _say(line)
        wrong = isinstance(error, (rancher.ConfigError, rancher.Invalid))
        if given.json:
            _print(_as_json(_nothing_diagnosed("misconfigured" if wrong else "unreachable", error)))
        return MISCONFIGURED if wrong else UNREACHABLE
    fields: dict[str, Any] = {**report}
    text, code = fields.pop("text"), fields.pop("exit_code")
    fields["advice"] = [*fields["advice"], *remarks]
    _print(_as_json(fields) if given.json else _advised(text, remarks))
    return int(code)


def _advised(text: str, remarks: list[str]) -> str:
    """The report with more advice, in its place before the requests."""
    lines = text.splitlines()
    at = next((at for at, line in enumerate(lines) if line.startswith("probe ")), len(lines))
    return "\n".join([*lines[:at], *(f"advice      {remark}" for remark in remarks), *lines[at:], ""])


def _nothing_diagnosed(verdict: str, error: rancher.RancherError) -> dict[str, Any]:
    """A configuration that is wrong is a diagnosis too: its keys are those of every other one."""
    return {
        "advice": [line for line in (error.summary, error.advice, *error.because) if line],
        "cluster": {"id": None, "verdict": "unknown"},
        "credential": {
            "causes": [],
            "cluster": None,
            "confidence": None,
            "expires_at": None,
            "kind": "none",
            "name": None,
            "scope": "unknown",
            "verdict": "missing",
        },
        "namespace": {"name": None, "verdict": "unknown"},
        "probes": [],
        "server": {"reachable": False, "tls": None, "url": None, "version": None},
        "verdict": verdict,
    }


def _as_json(fields: dict[str, Any]) -> str:
    return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"


def _print(text: str) -> None:
    out: TextIO | None = sys.stdout
    if out is None:
        raise rancher.ConfigError("standard output cannot be written: it is closed")
    if isinstance(out, TextIOWrapper):
        # one that has no dots in the middle of a line gets something in their place, and not nothing
        out.reconfigure(errors="backslashreplace")
    try:
        out.write(text)
        out.flush()
    except BrokenPipeError:
        # who reads no more has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
    except OSError as error:
        # what is left of it would be tried again, and complained of, at the very end
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
        raise rancher.ConfigError(f"standard output cannot be written: {error.strerror}") from None


def _diagnosed(given: argparse.Namespace) -> tuple[DoctorReport, list[str]]:
    for name, value in vars(given).items():
        if isinstance(value, str) and not value.strip():
            # an empty variable of a script must not make it look elsewhere
            raise rancher.ConfigError(f"--{name.replace('_', '-')} is empty; give it a value, or leave it out")
    if given.timeout is not None and not 0 < given.timeout < _LONGEST:
        # with no time nothing answers, which says nothing of the server
        raise rancher.ConfigError("--timeout is no span of time; give seconds, above 0")
    if given.token is not None and given.token != "-":
        _say("warning: a token on the command line can be seen by others on this machine; use --token -, or RANCHER_TOKEN")
    options: dict[str, Any] = {
        "url": given.url,
        "token": _read_token() if given.token == "-" else given.token,
        "server": given.server,
        "kubeconfig": given.kubeconfig,
        "context": given.context,
        "cluster": given.cluster,
        "ca_file": given.ca_file,
        "verify": not given.insecure,
    }
    witness = _witness(given)
    remarks: list[str] = []
    try:
        client = rancher.Client(**options)
    except rancher.ConfigError as error:
        if error.causes != ("missing",):
            raise
        # without a credential there is still a server to look at, and the want of one is the finding
        try:
            client = rancher.Client(**options, anonymous=True)
        except rancher.ConfigError:
            raise error from None
        _say("warning: no token is sent, since none belongs to this server:")
        for line in error.because:
            _say(f"  {line}")
        remarks.append(error.summary)
    report = client.doctor(
        cluster=given.cluster,
        namespace=given.namespace,
        can_i=[right.replace(":", " ", 1) for right in given.can_i] if given.can_i else None,
        also=given.also,
        key_is_for=given.key_is_for,
        witness=witness,
        timeout=given.timeout,
    )
    return report, remarks


def _witness(given: argparse.Namespace) -> str | None:
    if given.witness_token_file is not None:
        try:
            with open(given.witness_token_file, encoding="utf-8") as file:
                return file.read(_TOKEN_MOST).strip()
        except (OSError, UnicodeDecodeError) as error:
            words = error.strerror if isinstance(error, OSError) else "it is no text"
            # a token in its place must not be shown
            shown = re.sub(r"[\w.+:-]{32,}", "***", given.witness_token_file)
            summary = f"the witness's token file {shown} cannot be read: {words}"
            raise rancher.ConfigError(summary, summary=summary) from None
    return None


def _read_token() -> str:
    pipe: TextIO | None = sys.stdin
    try:
        token = pipe.read(_TOKEN_MOST).strip() if pipe is not None else ""
    except UnicodeDecodeError:
        raise rancher.ConfigError("standard input held no token, but what is no text; pipe the token in") from None
    if not token:
        # another key, from the environment, must not be diagnosed in its place
        raise rancher.ConfigError("standard input held no token; pipe the token in")
    return token


def _say(line: str) -> None:
    err: TextIO | None = sys.stderr
    if err is not None:
        err.write(line + "\n")


def _run() -> NoReturn:
    try:
        code = main()
    except rancher.ConfigError as error:
        # no verdict reached anybody, and no exit code of one shall
        _say(f"doctor: {error}")
        code = MISCONFIGURED
    except KeyboardInterrupt:
        # as a shell counts it; where it was interrupted is of no use to anybody
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    _run()
