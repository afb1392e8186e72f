#!/bin/sh
# debian-package.sh PROGRAM PACKAGE WITHOUT
# See that PROGRAM is there. If not: as root on Debian install PACKAGE, else say in one line what is missing and
# what happens WITHOUT it, and exit 1.
set -eu
program=$1 package=$2 without=$3

command -v "$program" >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing $package …"
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  export DEBIAN_FRONTEND=noninteractive
  if { apt-get update && apt-get install --yes --no-install-recommends "$package"; } >"$log" 2>&1; then
    exit 0
  fi
  tail -n 3 "$log" >&2
fi
echo "$program is missing: install it (Debian: apt-get install $package); until then: $without" >&2
exit 1
