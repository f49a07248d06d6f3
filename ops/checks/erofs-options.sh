#!/bin/bash
# Packs one root file system with different options of mkfs.erofs, and prints size, build time (best of 2), the time to
# read everything, and the time to read the first 4 KiB of 2,000 files (best of 5 each, page cache emptied before).
# Needs root, a kernel with erofs and loop, erofs-utils. What is decided from it: ops/docs/adr/0010.
#   ops/checks/erofs-options.sh ROOTFS.erofs
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: $0 ROOTFS.erofs" >&2; exit 2; }
work=$(mktemp -d)
mounted=
clean_up() {
  [ -z "$mounted" ] || umount "$work/mount"
  rm -rf "$work"
}
trap clean_up EXIT
mkdir "$work/mount" "$work/tree"
mount -t erofs -o loop,ro "$1" "$work/mount" && mounted=yes
cp -a "$work/mount/." "$work/tree/"
umount "$work/mount" && mounted=
(cd "$work/tree" && find . -type f -print0) | shuf -z -n 2000 --random-source=<(yes) >"$work/list"

now() { date +%s%N; }
least() { if [ "$1" -lt "$2" ]; then echo "$1"; else echo "$2"; fi; }
empty_cache() { sync; echo 3 >/proc/sys/vm/drop_caches; }

measure() {
  local build=999999999999 all=999999999999 heads=999999999999 start
  for _ in 1 2; do
    rm -f "$work/image"
    start=$(now)
    # shellcheck disable=SC2086
    mkfs.erofs --quiet $1 -T1704067200 "$work/image" "$work/tree"
    build=$(least $(($(now) - start)) "$build")
  done
  mount -t erofs -o loop,ro "$work/image" "$work/mount" && mounted=yes
  for _ in 1 2 3 4 5; do
    empty_cache
    start=$(now)
    tar -cf - -C "$work/mount" . | cat >/dev/null
    all=$(least $(($(now) - start)) "$all")
    empty_cache
    start=$(now)
    (cd "$work/mount" && xargs -0 -n 500 head -qc 4096 <"$work/list" >/dev/null)
    heads=$(least $(($(now) - start)) "$heads")
  done
  umount "$work/mount" && mounted=
  awk -v o="${1:-not compressed}" -v b="$(stat -c %s "$work/image")" -v m=$build -v a=$all -v h=$heads \
    'BEGIN { printf "%-34s %6.1f MiB  build %5.1f s  read all %4.0f ms  2000 heads %4.0f ms\n", o, b / 1048576, m / 1e9, a / 1e6, h / 1e6 }'
}

for options in "" -zlz4 -zlz4hc "-zlz4hc -Eztailpacking" "-zlz4hc -C16384 -Eztailpacking" "-zlz4hc -C32768 -Eztailpacking" \
  "-zlz4hc -C65536 -Eztailpacking" "-zlz4hc,12 -C65536 -Eztailpacking" "-zlz4hc -C131072 -Eztailpacking" \
  "-zlz4hc -C262144 -Eztailpacking" "-zlz4hc -C1048576 -Eztailpacking"; do
  measure "$options"
done
