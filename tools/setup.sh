#!/bin/sh
# Brings a machine that has npm and Node 20 to where one of the tools can run, and runs it:
#
#   sh tools/setup.sh demo|test|recovery|chaos|bench|endless|scaling|deps [ARGUMENT]…
#
# Idempotent. Says nothing unless it does something slow. It installs the npm packages of the lock
# file, among them Node 24, and a Redis or Valkey server when there is none; it starts neither.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

main() {
  tool=${1:-}
  [ $# -eq 0 ] || shift
  case $tool in
    demo) script=tools/demo.ts ;;
    test) script=tools/run-tests.ts ;;
    recovery) script=test/recovery/matrix.ts ;;
    chaos) script=test/recovery/chaos.ts ;;
    bench) script=bench/main.ts ;;
    endless) script=bench/endless/main.ts ;;
    scaling) script=bench/scaling/main.ts ;;
    deps) script= ;;
    *) fail 2 "Usage: sh tools/setup.sh demo|test|recovery|chaos|bench|endless|scaling|deps [ARGUMENT]..." ;;
  esac
  need_packages
  PATH=$root/node_modules/.bin:$PATH
  export PATH
  [ "$(node_major)" -ge 24 ] ||
    fail 1 "The Node 24 of the npm package 'node' does not run here: install Node 24 and run this again."
  need_redis "$tool"
  [ "$tool" != bench ] || need_rivals
  [ -z "$script" ] || exec node "$script" "$@"
}

say() { printf 'setup: %s\n' "$*" >&2; }

fail() {
  status=$1
  shift
  printf '%s\n' "$*" >&2
  exit "$status"
}

node_major() {
  node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0
}

# --- npm packages ---------------------------------------------------------------------------------

stamp=node_modules/.backstream-stamp

need_packages() {
  command -v npm >/dev/null && [ "$(node_major)" -ge 20 ] ||
    fail 1 "Node 20 or newer with npm is needed: see https://nodejs.org/en/download."
  if ! packages_are_current; then
    say "installing the npm packages (a minute or so)"
    # NODE_ENV=production would leave out the tools; the lock file alone decides what is installed.
    npm ci --include=dev --no-audit --no-fund --loglevel=error >&2 ||
      fail 1 "npm ci failed: its reason stands above."
  fi
  lock_checksum >"$stamp"
}

# Current when installed from this very lock file, by us (the stamp) or by someone's npm install
# (npm's own record is written after the lock file).
packages_are_current() {
  [ -x node_modules/.bin/node ] && [ -f node_modules/.package-lock.json ] || return 1
  [ "$(cat "$stamp" 2>/dev/null)" = "$(lock_checksum)" ] ||
    [ -n "$(find node_modules/.package-lock.json -newer package-lock.json)" ]
}

lock_checksum() { cksum <package-lock.json; }

# --- Redis or Valkey ------------------------------------------------------------------------------

need_redis() {
  if [ "$1" = test ] && [ -n "${TEST_REDIS_URL:-}" ]; then return; fi
  has_redis && return
  say "installing a Redis server"
  install_redis >&2 || true
  has_redis ||
    fail 1 "A Redis server is needed and could not be installed: install redis-server (or valkey-server) and run this again."
}

# The same places as packages/testkit/src/find-program.ts.
has_redis() {
  (
    PATH=$PATH:/usr/sbin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/bin
    command -v redis-server || command -v valkey-server
  ) >/dev/null 2>&1
}

install_redis() {
  if command -v brew >/dev/null; then
    HOMEBREW_NO_AUTO_UPDATE=1 brew install --quiet redis
  elif command -v apt-get >/dev/null; then
    install_with_apt
  elif command -v dnf >/dev/null; then
    as_root dnf install -y -q redis || as_root dnf install -y -q valkey
  elif command -v apk >/dev/null; then
    as_root apk add -q redis || as_root apk add -q valkey
  else
    return 1
  fi
}

# --- what the bench compares with -----------------------------------------------------------------

# The bench itself names what is still missing after this, and how to get it.
need_rivals() {
  has_rivals && return
  say "installing zstd, aws, rclone, restic, python3 and openssl"
  install_rivals >&2 || true
}

has_rivals() {
  for rival in tar zstd aws rclone restic python3 openssl; do command -v $rival || return 1; done
} >/dev/null 2>&1

install_rivals() {
  if command -v brew >/dev/null; then
    HOMEBREW_NO_AUTO_UPDATE=1 brew install --quiet zstd awscli rclone restic python openssl
  elif command -v apt-get >/dev/null; then
    [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null || return 1
    apt_install zstd awscli rclone restic python3 openssl 2>/dev/null ||
      { as_root apt-get update -qq && apt_install zstd awscli rclone restic python3 openssl; }
  elif command -v dnf >/dev/null; then
    as_root dnf install -y -q tar zstd awscli2 rclone restic python3 openssl
  elif command -v apk >/dev/null; then
    as_root apk add -q tar zstd aws-cli rclone restic python3 openssl
  else
    return 1
  fi
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# The Debian package starts a server on 6379 and at every boot. Nobody asked for that one: it is
# held back by the policy that invoke-rc.d asks, if none is in place, and disabled where systemd runs.
install_with_apt() {
  [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null || return 1
  policy=/usr/sbin/policy-rc.d
  held_back=
  if [ ! -e "$policy" ]; then
    held_back=yes
    trap 'as_root rm -f "$policy"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  # Without package lists the first try fails, and only then is it worth fetching them.
  apt_install redis-server 2>/dev/null ||
    { as_root apt-get update -qq && apt_install redis-server; } ||
    apt_install valkey-server
  if [ -d /run/systemd/system ]; then
    as_root systemctl disable -q redis-server valkey-server 2>/dev/null || true
  fi
  if [ -n "$held_back" ]; then
    as_root rm -f "$policy"
    trap - EXIT INT TERM
  fi
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "$@" >/dev/null
}

main "$@"
