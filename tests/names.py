#!/usr/bin/env python3
"""Fails if the tree holds a name that must not be in it, or a path of somebody's machine.

The names belong to a firm whose guides described the problem; the tree invents its own. They are kept as hashes in
tests/names.sha256, since a list of them would be the very thing it forbids.
"""

import hashlib
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# a path below one of these belongs to a machine; in a URL the same letters follow a host
MACHINE = re.compile(r"(?<![\w.~%}*-])/(?:tmp|work|root|home|Users)/[A-Za-z0-9]")
WORD = re.compile(r"[a-z0-9]+")
WHOLE_WORD_BELOW = 5


def files():
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True
    )
    if listed.returncode == 0:
        return [name for name in listed.stdout.decode().split("\0") if name]
    skip = {"target", ".git", "node_modules", ".venv"}
    every = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return [str(path) for path in every if not skip & set(path.parts)]


def forbidden():
    lines = (ROOT / "tests/names.sha256").read_text().splitlines()
    pairs = (line.split() for line in lines if line and not line.startswith("#"))
    return {digest: int(length) for length, digest in pairs}


def words_of(text):
    """Every word, and every two and three neighbours that a separator joins: `a-b`, `a_b`, `a.b`."""
    for joined in re.findall(r"[a-z0-9]+(?:[-_.:][a-z0-9]+)*", text.lower()):
        parts = WORD.findall(joined)
        for count in (1, 2, 3):
            for start in range(len(parts) - count + 1):
                yield "".join(parts[start : start + count])


class Names:
    def __init__(self):
        self.hashes = forbidden()
        self.lengths = sorted(set(self.hashes.values()))
        self.known = {}

    def hit(self, word):
        if word not in self.known:
            self.known[word] = any(self._is_forbidden(piece) for piece in self._pieces(word))
        return self.known[word]

    def _pieces(self, word):
        yield word
        for length in self.lengths:
            if length >= WHOLE_WORD_BELOW:
                yield from (word[start : start + length] for start in range(len(word) - length + 1))

    def _is_forbidden(self, piece):
        return hashlib.sha256(piece.encode()).hexdigest() in self.hashes


def main():
    names, problems, count = Names(), [], 0
    for name in files():
        path = ROOT / name
        if not path.is_file():
            continue
        count += 1
        text = path.read_bytes().decode("utf-8", errors="replace")
        # checksums hold every short word sooner or later; a crate's name cannot
        words = re.sub(r'checksum = "[0-9a-f]+"', "", text) if name.endswith(".lock") else text
        if any(names.hit(word) for word in words_of(name)):
            problems.append(f"{name}: its path holds a name that must not be in the tree")
        for number, line in enumerate(words.splitlines(), 1):
            if any(names.hit(word) for word in words_of(line)):
                problems.append(f"{name}:{number}: holds a name that must not be in the tree")
            if MACHINE.search(line):
                problems.append(f"{name}:{number}: holds a path of a machine")
    for problem in problems:
        print(problem)
    print(f"names: {count} files, {len(problems)} with what must not be in the tree")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
