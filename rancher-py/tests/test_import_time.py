"""What importing costs, as a user sees it: the time of the whole process."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ALLOWED = 40.0


def taken(text: str) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-c", text], check=True, timeout=60)
    return (time.perf_counter() - begun) * 1000


def test_importing_is_quick() -> None:
    taken("import rancher")
    # in turns, so that a busy machine slows both
    pairs = [(taken("pass"), taken("import rancher")) for _ in range(20)]
    bare, ours = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(f"import: {ours - bare:.0f} ms over bare python ({bare:.0f} ms)")
    assert ours - bare <= ALLOWED


def test_what_it_leaves_for_later() -> None:
    late = ["json", "logging", "asyncio", "threading", "rancher._async_client", "rancher.types", "rancher.testing"]
    text = f"import sys, rancher; print([name for name in {late} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-I", "-c", text], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
