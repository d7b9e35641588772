#!/bin/sh
# Makes a fresh machine ready: system packages through apt where they are missing, then the npm packages.
# Usage: set-up.sh run|test
set -eu
cd "$(dirname "$0")/.."
goal=${1:-run}

case "$(uname -m)" in
  x86_64) ;;
  *) echo "set-up: Lifeboat is developed on x86_64; this machine is $(uname -m)" >&2; exit 2 ;;
esac

wanted=$(grep -hv '^#' set-up/packages-run.txt)
[ "$goal" = test ] && wanted="$wanted $(grep -hv '^#' set-up/packages-test.txt)"

missing=
if command -v dpkg-query >/dev/null; then
  for package in $wanted; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
  done
else
  missing=" $(echo $wanted)"
fi

if [ -n "$missing" ]; then
  if ! command -v apt-get >/dev/null; then
    echo "set-up: these Debian packages, or what your distribution calls them, are needed:" >&2
    echo " $missing" >&2
    echo "set-up: there is no apt-get here to install them with" >&2
    exit 2
  fi
  if [ "$(id -u)" != 0 ]; then
    echo "set-up: these packages are missing:$missing" >&2
    echo "set-up: install them as root: apt-get install --no-install-recommends$missing" >&2
    exit 2
  fi
  echo "set-up: installing$missing"
  mkdir -p out
  export DEBIAN_FRONTEND=noninteractive
  if ! { apt-get update && apt-get install -y --no-install-recommends $missing; } > out/set-up-apt.log 2>&1; then
    tail -n 5 out/set-up-apt.log >&2
    echo "set-up: apt-get failed; all it said is in out/set-up-apt.log" >&2
    exit 2
  fi
fi

# npm leaves this file when it has installed what the lock file says.
stamp=node_modules/.lifeboat-lock
if ! cmp -s package-lock.json "$stamp"; then
  echo "set-up: npm ci"
  npm ci --no-audit --no-fund --loglevel=error
  cp package-lock.json "$stamp"
fi
