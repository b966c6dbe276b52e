#!/usr/bin/env bash
# Run one of the project's own Python modules in the checkout's .venv, from the caller's folder: `module.sh NAME …`.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
"$root/scripts/bootstrap.sh" dev
module=$1
shift
PYTHONPATH="$root:$root/daemon:$root/plugins/common" exec "$root/.venv/bin/python" -m "$module" "$@"
