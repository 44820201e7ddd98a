#!/usr/bin/env bash
# wheel.sh VENV: builds the wheel from a clean copy of the sources and uses it as a stranger would:
# alone in a clean environment, with only what it asks for by itself, a cell is run over real files.
# The environment stays, as VENV.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$PWD/$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The bundle as it is released: nothing of an earlier development build.
PATH="$PWD/.venv/bin:$PATH" jlpm clean:all
YARN_ENABLE_IMMUTABLE_INSTALLS=1 .venv/bin/pip wheel --quiet --disable-pip-version-check --no-deps \
  --wheel-dir "$work" .
listing=$(.venv/bin/python -m zipfile -l "$work"/*.whl)
for part in labextensions/jupyter-datum/package.json labextensions/jupyter-datum/install.json \
  jupyter_server_config.d/jupyter_datum.json jupyter_datum/server/openapi.yaml; do
  grep -q "$part" <<<"$listing" || { echo "the wheel lacks $part"; exit 1; }
done
if grep -E 'build_log.json|\.map ' <<<"$listing"; then
  echo "the wheel holds a development build"
  exit 1
fi
.venv/bin/python tools/bundles.py
.venv/bin/python -m venv --clear "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check "$work"/*.whl
mkdir "$work/project"
for i in 1 2 3; do echo "line $i" > "$work/project/$i.txt"; done
cd "$work/project"
"$venv/bin/ipython" --no-banner --simple-prompt -c '
%load_ext jupyter_datum
get_ipython().run_cell("""%%datum lengths -i "*.txt"
with open(datum.path) as file:
    n = len(file.read())
n""")
assert lengths.results() == [7, 7, 7], lengths.results()
print("the wheel works alone:", lengths.results())
'
