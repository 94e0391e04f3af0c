#!/bin/sh
# Sends its first half, stands still where there is a gate until somebody says go, sends the rest.
#
#   gate     a FIFO: wait there for a word; `fail` is to fail
#   broken   a file: fail in the middle, always
#   moody    a file: fail in the middle, one time in three
#   slowly   a file: send the first half piece by piece
set -eu
cd "$1"
echo "$$ $PPID" >"source.$$"
mv "source.$$" source
if [ -e slowly ]; then
  for piece in 0 1 2 3 4 5 6 7; do
    dd if=first bs=1500000 count=1 skip=$piece 2>/dev/null
    sleep 0.15
  done
  dd if=first bs=1500000 skip=8 2>/dev/null
else
  cat first
fi
if [ -p gate ]; then
  : >waiting
  read -r word <gate
  if [ "$word" = fail ]; then
    echo 'the disk is gone' >&2
    exit 1
  fi
fi
if [ -e broken ] || { [ -e moody ] && [ $(($(od -An -N1 -tu1 /dev/urandom) % 3)) -eq 0 ]; }; then
  echo 'the disk is gone' >&2
  exit 1
fi
cat rest
