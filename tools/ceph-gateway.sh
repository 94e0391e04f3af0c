#!/bin/sh
# A Ceph RADOS gateway to test against: an S3 server that is nobody's mock.
#
#   sh tools/ceph-gateway.sh start DIR   installs the Debian packages if need be, starts a cluster of
#                                        one monitor, one OSD in memory and the gateway, all on
#                                        loopback and free ports, and prints what tests need to know
#                                        as `export TEST_CEPH_…=…` lines
#   sh tools/ceph-gateway.sh stop DIR    stops them and removes DIR; the data was never on disk
#
# A toy: no authentication between the daemons, no replicas. Root is needed for apt-get only.
set -eu

packages='ceph-mon ceph-osd ceph-common radosgw curl'

main() {
  [ $# -eq 2 ] || fail 'Usage: sh tools/ceph-gateway.sh start|stop DIR'
  command=$1
  mkdir -p "$2"
  dir=$(cd "$2" && pwd)
  conf=$dir/ceph.conf
  log=$dir/start.log
  case $command in
    start) start ;;
    stop) stop && rm -rf "$dir" ;;
    *) fail "unknown command: $command" ;;
  esac
}

say() { printf 'ceph-gateway: %s\n' "$*" >&2; }

fail() {
  say "$*"
  exit 1
}

start() {
  [ ! -e "$conf" ] || fail "$dir already holds a cluster: stop it first"
  install_packages
  trap 'status=$?; [ $status -eq 0 ] || { tail -n 20 "$log" >&2; stop; }' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  mkdir -p "$dir/mon" "$dir/osd" "$dir/run"
  mon_port=$(free_port)
  s3_port=$(free_port)
  fsid=$(cat /proc/sys/kernel/random/uuid)
  write_configuration
  start_monitor
  start_osd
  create_user
  start_gateway
  create_bucket
  cat <<VARIABLES
export TEST_CEPH_ENDPOINT=http://127.0.0.1:$s3_port
export TEST_CEPH_REGION=default
export TEST_CEPH_ACCESS_KEY_ID=$access_key
export TEST_CEPH_SECRET_ACCESS_KEY=$secret_key
export TEST_CEPH_BUCKET=$bucket
VARIABLES
}

install_packages() {
  missing=
  for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
      missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  say "installing$missing"
  DEBIAN_FRONTEND=noninteractive
  export DEBIAN_FRONTEND
  # shellcheck disable=SC2086 # a list of words
  apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 || {
    apt-get update -qq >&2
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
  }
}

free_port() {
  node -e 'const s = require("node:net").createServer()
    s.listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'
}

# Settings that are not about places or sizes have a reason each:
# - chooseleaf 0, pool size 1: the default wants replicas on several hosts
# - pg_num 4: a gateway makes a dozen pools, and each placement group costs start-up time
# - ms_mon_client_mode crc: the gateway's own default wants keys, and without any it hangs
# - paxos_propose_interval: a toy need not wait a second to gather proposals
# - crypt_require_ssl off, kms testing: server-side encryption over plain HTTP on loopback
write_configuration() {
  cat >"$conf" <<CONFIGURATION
[global]
fsid = $fsid
mon_initial_members = a
mon_host = [v2:127.0.0.1:$mon_port/0]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_msgr1 = false
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
keyring = /dev/null
run_dir = $dir/run
admin_socket = $dir/run/\$name.asok
pid_file = $dir/run/\$type.pid
log_file = $dir/run/\$name.log
crash_dir = $dir/run
mon_cluster_log_file = $dir/run/cluster.log
paxos_propose_interval = 0.05
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_data_avail_warn = 1
mon_data_avail_crit = 0
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
client_mount_timeout = 30

[mon]
mon_data = $dir/mon

[osd]
osd_data = $dir/osd
osd_objectstore = memstore
memstore_device_bytes = 6442450944
osd_class_update_on_start = false

[client]
rgw_data = $dir/run
rgw_frontends = beast endpoint=127.0.0.1:$s3_port
rgw_enable_apis = s3, admin
rgw_thread_pool_size = 32
rgw_run_sync_thread = false
rgw_enable_usage_log = false
rgw_enable_quota_threads = false
rgw_override_bucket_index_max_shards = 1
rgw_crypt_require_ssl = false
rgw_crypt_s3_kms_backend = testing

[client.rgw]
ms_mon_client_mode = crc
CONFIGURATION
}

# Daemons go to the background by themselves; their output must not keep the caller's pipe open.
daemon() { "$@" >>"$log" 2>&1 </dev/null; }

start_monitor() {
  daemon monmaptool --create --clobber --fsid "$fsid" \
    --addv a "[v2:127.0.0.1:$mon_port/0]" "$dir/monmap"
  daemon ceph-mon -c "$conf" -i a --mkfs --monmap "$dir/monmap"
  daemon ceph-mon -c "$conf" -i a
}

start_osd() {
  uuid=$(cat /proc/sys/kernel/random/uuid)
  daemon timeout 60 ceph -c "$conf" osd new "$uuid" 0
  daemon ceph-osd -c "$conf" -i 0 --mkfs --osd-uuid "$uuid" --no-mon-config
  daemon ceph-osd -c "$conf" -i 0
  wait_for 60 'the OSD' osd_is_up
}

osd_is_up() { timeout 10 ceph -c "$conf" osd stat 2>>"$log" | grep -q '1 up'; }

create_user() {
  access_key=$(random_hex 10)
  secret_key=$(random_hex 20)
  timeout 120 radosgw-admin -c "$conf" user create --uid=test --display-name=test \
    --access-key="$access_key" --secret-key="$secret_key" 2>>"$log" >/dev/null
}

random_hex() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }

start_gateway() {
  daemon radosgw -c "$conf" -n client.rgw
  wait_for 60 'the gateway' gateway_answers
}

gateway_answers() { curl -fsS -o /dev/null --max-time 2 "http://127.0.0.1:$s3_port/" 2>>"$log"; }

create_bucket() {
  bucket=backstream-test
  # curl signs the empty body but, before version 8, does not send its hash, which S3 wants.
  curl -fsS -o /dev/null --max-time 30 -X PUT --aws-sigv4 aws:amz:default:s3 \
    -H "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" \
    --user "$access_key:$secret_key" "http://127.0.0.1:$s3_port/$bucket" 2>>"$log"
}

# wait_for SECONDS WHAT COMMAND
wait_for() {
  tries=$(($1 * 5))
  until "$3"; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "$2 was not ready within $1 seconds"
    sleep 0.2
  done
}

# The gateway first: the others would wait for it.
stop() {
  for daemon in client:radosgw osd:ceph-osd mon:ceph-mon; do
    pid=$(cat "$dir/run/${daemon%%:*}.pid" 2>/dev/null) || continue
    stop_process "$pid" "${daemon##*:}"
  done
}

# Only if the number still belongs to that program.
stop_process() {
  is_running "$1" "$2" || return 0
  kill -TERM "$1"
  tries=50
  while is_running "$1" "$2"; do
    tries=$((tries - 1))
    [ "$tries" -ne 0 ] || kill -KILL "$1"
    sleep 0.1
  done
}

is_running() { [ "$(basename "$(readlink "/proc/$1/exe")" 2>/dev/null)" = "$2" ]; }

main "$@"
