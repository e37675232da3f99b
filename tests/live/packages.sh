# Sourced by tests/run: the packages of Python and Node for the live suite, where they can be built.

live_packages=()

# A Python and a Node with the packages in them, from this tree. What cannot be built is left out, and the suite names
# the case that it skips for that.
build_packages_for_live() {
  local log python="$CARGO_TARGET_DIR/python/bin/python"
  log=$(mktemp)
  echo "building the packages of Python and Node; a first time takes minutes" >&2
  if {
    [[ -x "$python" ]] || python3 -m venv "${python%/bin/python}"
    "$python" -m pip install --quiet --disable-pip-version-check -r rancher-py/tests/requirements.txt
    MATURIN_PEP517_ARGS="--profile dev --features tests" \
      "$python" -m pip install --quiet --disable-pip-version-check ./rancher-py
  } >"$log" 2>&1; then
    live_packages+=(--python "$python")
  else
    echo "no package of Python: $(tail -n 1 "$log")" >&2
  fi
  if (cd rancher-node && npm ci --no-audit --no-fund && node scripts/build.mjs --features tests) >"$log" 2>&1; then
    live_packages+=(--node node)
  else
    echo "no package of Node: $(tail -n 1 "$log")" >&2
  fi
  rm -f "$log"
}
