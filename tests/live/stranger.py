#!/usr/bin/env python3
"""Runs the live suite on a simulator as on a stranger's server: it knows the URL, an administrator's key, the authority.

    stranger.py FOLDER-OF-PROGRAMS [ARGUMENT…]
"""

import json
import os
import subprocess
import sys
import tempfile


def main():
    programs, *arguments = sys.argv[1:]
    simulator = subprocess.Popen(
        [os.path.join(programs, "rancher-sim"), "--nodes", "200", "--exit-with-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with simulator, tempfile.TemporaryDirectory() as home:
        try:
            access = json.loads(simulator.stdout.readline())
            environment = {
                **os.environ,
                "HOME": home,
                "RANCHER_URL": access["url"],
                "RANCHER_TOKEN": access["tokens"]["admin-unscoped"],
                "RANCHER_CA_CERTS": access["ca_pem"],
            }
            # the one repository that simulated clusters reach
            charts = ["--charts", "https://charts.example.com/shop", "--chart", "web"]
            return subprocess.call([os.path.join(programs, "live"), *charts, *arguments], env=environment)
        finally:
            simulator.stdin.close()


if __name__ == "__main__":
    sys.exit(main())
