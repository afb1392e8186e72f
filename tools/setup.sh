#!/bin/sh
# Makes a bare clone ready to run: Python packages, Node packages, assets, translations, static files.
# Each step leaves the digest of what it was made from; it is skipped while that stays the same.
set -eu
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
UV='uv>=0.8,<1'
mkdir -p build
exec 9>build/.setup.lock
flock 9 # one set-up at a time in a checkout

fail() {
  echo "$*" >&2
  exit 1
}

# step TITLE COMMAND...: one line with the time; the output is shown only when it fails
step() {
  title=$1
  shift
  began=$(date +%s)
  [ ! -t 1 ] || printf '… %s\r' "$title"
  if ! "$@" >build/setup.log 2>&1 9>&-; then
    printf '✗ %s\n' "$title"
    tail -n 40 build/setup.log >&2
    fail "set-up stopped at: $title (all of it in build/setup.log)"
  fi
  printf '✓ %s %s s\n' "$title" "$(($(date +%s) - began))"
}

# fresh STAMP FILE...: whether STAMP was made from these files as they are
digest() { cat /dev/null "$@" | sha256sum | cut -d' ' -f1; }
fresh() {
  stamp=$1
  shift
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(digest "$@")" ]
}

# What style sheets and scripts are made from, the templates included: unused style is left out.
asset_sources() {
  {
    find package.json package-lock.json tools/assets.mjs assets -type f
    find src/tinhso -type f \( -name '*.html' -o -name '*.py' \) # they name the classes that are kept
  } | LC_ALL=C sort
  find src/tinhso -type f \( -name '*.html' -o -path '*/static/*' -o -path '*/templatetags/*.py' \) | LC_ALL=C sort
}

check_python() {
  command -v "$PYTHON" >/dev/null 2>&1 || fail "Python 3.11 or later is missing (Debian: apt-get install python3-venv)"
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Python 3.11 or later is needed, $PYTHON is $("$PYTHON" -V): name another with PYTHON="
  "$PYTHON" -c 'import ensurepip' 2>/dev/null && return
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 ||
    fail "Python cannot make environments here (Debian: apt-get install python3-venv)"
  step 'python3-venv' sh -c 'apt-get update && apt-get install --yes --no-install-recommends python3-venv'
}

check_node() {
  found=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
  [ "$found" -ge 18 ] && command -v npm >/dev/null 2>&1 ||
    fail "Node.js 18 or later with npm is missing (found: $(node --version 2>/dev/null || echo none)): https://nodejs.org"
}

make_environment() {
  "$PYTHON" -m venv --clear .venv && .venv/bin/python -m pip install --quiet "$UV"
}

install_python() {
  .venv/bin/uv pip sync --compile-bytecode --python .venv/bin/python --require-hashes requirements.lock &&
    .venv/bin/uv pip install --python .venv/bin/python --no-deps --editable .
}

build_assets() { npm ci --ignore-scripts --no-progress && node tools/assets.mjs; }

collect_static() {
  DJANGO_SETTINGS_MODULE=tinhso.shell.settings .venv/bin/python -m django collectstatic --no-input --verbosity 0
}

if ! .venv/bin/uv --version >/dev/null 2>&1 || ! .venv/bin/python -c '' >/dev/null 2>&1; then
  check_python
  step 'Python environment' make_environment
fi
if ! fresh .venv/.made-from requirements.lock pyproject.toml; then
  step 'Python packages' install_python
  digest requirements.lock pyproject.toml >.venv/.made-from
fi
translations=$(find src/tinhso/locale -name '*.po' | LC_ALL=C sort)
if ! fresh build/.translations $translations; then
  step 'Translations' .venv/bin/python tools/messages.py compile
  digest $translations >build/.translations
fi
sources=$(asset_sources)
if ! fresh build/.assets $sources; then
  check_node
  step 'Pages: packages, style sheets, scripts' build_assets
  step 'Static files' collect_static
  digest $sources >build/.assets
fi
