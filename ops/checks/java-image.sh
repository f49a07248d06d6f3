#!/usr/bin/env bash
# Runs a real "mvn verify" of a small project in a microVM of java:25, and prints what the image and the guest take.
# Needs a system that is up (./mayfly up in another terminal) with java:25 published in it, as ./mayfly up does with every
# image of this machine (./mayfly image build --recipe java:25). Maven reaches its repository as it does on this machine:
# it gets the trust store of this machine's JDK and, where there is one, its settings.xml.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
mayfly=${MAYFLY:-$here/../../mayfly}
jdk=${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")}
settings=${MAVEN_SETTINGS:-$HOME/.m2/settings.xml}

in_use='awk "/^MemTotal/ { total = \$2 } /^MemAvailable/ { available = \$2 } END { printf \"memory in use: %.0f of %.0f MiB\n\", (total - available) / 1024, total / 1024 }" /proc/meminfo'

"$mayfly" image build --recipe java:25 --sizes
echo "==> After boot, a microVM of the default size"
"$mayfly" run --image java:25 -- sh -c "$in_use; java -version; mvn -version; git --version"

echo "==> mvn verify"
files=$(mktemp -d)
session=
finish() {
  [ -z "$session" ] || "$mayfly" session release "$session" >/dev/null || true
  rm -rf "$files"
}
trap finish EXIT
cp -r "$here/greeting" "$files/project"
cp -L "$jdk/lib/security/cacerts" "$files/cacerts"
arguments=(-B -ntp -Djavax.net.ssl.trustStore=/workspace/cacerts)
if [ -f "$settings" ]; then
  cp -L "$settings" "$files/settings.xml"
  arguments+=(-s /workspace/settings.xml)
fi
session=$("$mayfly" session start --image java:25 --memory 2G --cpus 2)
tar -c -C "$files" . | "$mayfly" upload "$session" /workspace
start=$SECONDS
"$mayfly" exec --workdir=/workspace/project "$session" -- mvn "${arguments[@]}" verify
echo "mvn verify took $((SECONDS - start)) s"
"$mayfly" exec "$session" -- sh -c "$in_use"
