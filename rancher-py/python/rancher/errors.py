"""What a failed call raises: one class for each kind of failure, with everything the core knows about it.

Every class is a :class:`RancherError`. Where Python has a word of its own for what happened, the class is that too:
``except PermissionError`` catches :class:`Forbidden` and :class:`OutOfScope`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = [
    "AlreadyExists",
    "Cancelled",
    "ClusterUnavailable",
    "ConfigError",
    "Conflict",
    "ConnectError",
    "DecodeError",
    "Forbidden",
    "InternalError",
    "Invalid",
    "NotFound",
    "NotRancher",
    "OutOfScope",
    "PartlyDone",
    "RancherError",
    "RancherTimeout",
    "RateLimited",
    "TlsError",
    "TokenRefused",
    "Unauthenticated",
    "Unavailable",
    "Undetermined",
    "Unsupported",
]

_SHOWN = 160


class RancherError(Exception):
    """Why a call failed. Its text is one line that says what went wrong and what to do next.

    No field holds a secret.
    """

    kind: str = ""
    """The stable word for what happened, the same in every language: ``not_found``."""
    confidence: str | None
    """How certain a statement on the credential is: ``proven``, ``asserted``, ``likely``."""
    operation: str | None
    """What was called."""
    method: str | None
    """The method of the request; nothing if none was made."""
    path: str | None
    """Its path, without the values of its query."""
    scope: str | None
    """Which credentials the path takes."""
    status: int | None
    """The status of the answer; nothing if there was none."""
    accepted: bool | None
    """Whether the server accepted the credential; nothing where it did not say."""
    code: str | None
    """The server's own word, ``NotUnique``."""
    field: str | None
    """The field that the server objects to."""
    message: str | None
    """What the server said."""
    reason: str | None
    """What stands behind a :class:`Forbidden`: ``rbac``, ``quota``, ``admission``, …"""
    causes: tuple[str, ...]
    """What may be the cause: one, or all that remain possible."""
    cluster: str | None
    """The cluster that was asked."""
    scoped_to: str | None
    """The cluster that the credential is scoped to, where it is known."""
    retryable: bool
    """Whether the same call may succeed later, unchanged."""
    retry_after: float | None
    """How many seconds the server asked to wait."""
    attempts: int
    """How often the request was sent."""
    advice: str
    """What to do next."""
    because: tuple[str, ...]
    """What the conclusion rests on."""
    observations: tuple[str, ...]
    """The requests that were made, and what came back."""
    curl: str | None
    """The request as a command, with a variable for the token."""
    summary: str
    """What went wrong, without the request and the advice."""

    def __init__(self, text: str = "", /, **fields: Any) -> None:
        super().__init__(text)
        self._fields: Mapping[str, Any] = {**fields, "text": text}
        given = fields.get
        self.kind = given("kind") or type(self).kind
        for name in _TEXTS:
            setattr(self, name, given(name))
        for name in _TUPLES:
            setattr(self, name, tuple(given(name) or ()))
        self.status = given("status")
        self.accepted = given("accepted")
        self.retryable = bool(given("retryable"))
        self.retry_after = given("retry_after")
        self.attempts = given("attempts") or 0
        self.advice = given("advice") or ""
        self.summary = given("summary") or text

    def __str__(self) -> str:
        return str(self._fields["text"])

    def __repr__(self) -> str:
        text = str(self)
        if len(text) > _SHOWN:
            text = text[: _SHOWN - 1] + "…"
        return f"<{type(self).__name__} {text}>"

    def __reduce__(self) -> tuple[Any, ...]:
        rest = {"__notes__": list(self.__notes__)} if hasattr(self, "__notes__") else None
        return _rebuilt, (type(self), dict(self._fields)), rest

    def evidence(self) -> str:
        """How the conclusion came about, for a report or a ticket: several lines, without secrets."""
        lines = [str(self)]
        lines.append(f"kind: {self.kind}" + (f" ({self.confidence})" if self.confidence else ""))
        if self.causes:
            lines.append(f"causes: {', '.join(self.causes)}")
        lines.extend(f"because: {line}" for line in self.because)
        lines.extend(f"seen: {line}" for line in self.observations)
        if self.message:
            lines.append(f"server: {self.message}")
        if self.curl:
            lines.append(f"try: {self.curl}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from html import escape

        return f"<b>{escape(type(self).__name__)}</b><pre>{escape(self.evidence()[:4000])}</pre>"


_TEXTS = (
    "confidence",
    "operation",
    "method",
    "path",
    "scope",
    "code",
    "field",
    "message",
    "reason",
    "cluster",
    "scoped_to",
    "curl",
)
_TUPLES = ("causes", "because", "observations")


class TokenRefused(RancherError):
    """The credential is dead: expired, deleted, switched off, mistyped, or its user is disabled."""

    kind = "token_refused"


class OutOfScope(RancherError, PermissionError):
    """The credential is scoped to a cluster, and what was asked is not that cluster's. It is fine: do not rotate it."""

    kind = "out_of_scope"


class Undetermined(RancherError):
    """The credential was not accepted there; whether it is dead or scoped elsewhere is not known. See ``causes``."""

    kind = "undetermined"


class Unauthenticated(RancherError):
    """The request was sent without a credential and needs one, or a login was refused."""

    kind = "unauthenticated"


class Forbidden(RancherError, PermissionError):
    """The credential was accepted, and the server refuses this to its user. ``reason`` says why."""

    kind = "forbidden"


class NotFound(RancherError, LookupError):
    """There is no such thing, or none that the user may see."""

    kind = "not_found"


class Conflict(RancherError):
    """Somebody else changed it first. Read it again, change that, and send it."""

    kind = "conflict"


class AlreadyExists(RancherError):
    """It exists already. It is no :class:`Conflict`: reading and sending again does not help."""

    kind = "already_exists"


class Invalid(RancherError, ValueError):
    """The server does not accept the content, or the client knows that it would not. ``field`` may name the field."""

    kind = "invalid"


class RateLimited(RancherError):
    """Too many requests. ``retry_after`` says how long to wait."""

    kind = "rate_limited"


class ClusterUnavailable(RancherError):
    """Rancher answers, but the cluster does not: it never connected, or its agent is gone."""

    kind = "cluster_unavailable"


class Unavailable(RancherError):
    """Rancher, or a proxy in front of it, is out of order."""

    kind = "unavailable"


class NotRancher(RancherError):
    """The answer is not Rancher's: a login page, a proxy, another program."""

    kind = "not_rancher"


class RancherTimeout(RancherError, TimeoutError):
    """It took too long. What was sent may still take effect."""

    kind = "timeout"


class TlsError(RancherError):
    """No trusted connection. ``causes`` says what is wrong with the certificate."""

    kind = "tls"


class ConnectError(RancherError, ConnectionError):
    """There was no connection, or it broke."""

    kind = "connect"


class DecodeError(RancherError):
    """The answer cannot be read: it was cut short, is too large, or is not what this call answers with."""

    kind = "decode"


class ConfigError(RancherError, ValueError):
    """The configuration is wrong or incomplete. Nothing was sent."""

    kind = "config"


class Unsupported(RancherError):
    """This server does not offer it, or did not do what was asked."""

    kind = "unsupported"


class Cancelled(RancherError):
    """The call was given up: its client was closed, or the process ends. What was sent may still take effect."""

    kind = "cancelled"


class PartlyDone(RancherError):
    """A job of several steps stopped in the middle."""

    kind = "partly_done"


class InternalError(RancherError):
    """A defect of this library."""

    kind = "internal"


_BY_KIND = {of_kind.kind: of_kind for of_kind in RancherError.__subclasses__()}


def _from_json(fields: dict[str, Any]) -> RancherError:
    """The exception of the core's error. A kind of a newer core is a plain :class:`RancherError`."""
    return _rebuilt(_BY_KIND.get(fields.get("kind", ""), RancherError), fields)


def _rebuilt(cls: type[RancherError], fields: dict[str, Any]) -> RancherError:
    rest = {name: value for name, value in fields.items() if name != "text"}
    return cls(fields.get("text") or "", **rest)
