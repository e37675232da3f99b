"""What the example programs share: a server to talk to, their arguments, and a plain way to fail."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rancher import Client, RancherError
from rancher.testing import Simulator, SimulatorError


@contextmanager
def connect() -> Iterator[Client]:
    """A client for the server that the environment names, or for a simulated one, of which it tells on standard error.

    A server is named by any variable `RANCHER_*` or `CATTLE_*`. Without one nothing else is looked at: an example that
    changes things does so on a server that was meant. What fails is one line, and the exit status 1.
    """
    named = (name for name in os.environ if name.startswith(("RANCHER_", "CATTLE_")) and os.environ[name])
    try:
        if any(name != "RANCHER_SIM" for name in named):
            with Client() as client:
                yield client
        else:
            print("RANCHER_URL is not set: this is a simulator", file=sys.stderr)
            with Simulator(nodes=500) as simulator, simulator.client() as client:
                yield client
    except (RancherError, SimulatorError) as error:
        sys.exit(f"Error: {error}")


def arguments(count: int, usage: str) -> list[str]:
    """The arguments of the program, at least so many beside its options; the options come last."""
    options = [word for word in sys.argv[1:] if word.startswith("--")]
    names = [word for word in sys.argv[1:] if not word.startswith("--")]
    if len(names) < count:
        sys.exit(f"Error: usage: {os.path.basename(sys.argv[0]).removesuffix('.py')} {usage}".rstrip())
    return names + options
