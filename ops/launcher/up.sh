# ./mayfly up: from nothing to a job that ran in a real microVM.

FIRST_JOB='echo "Hello from a microVM: $(uname -sr) on $(uname -m)"; uptime'

ORCHESTRATOR_PID=
WORKER_PID=

up() {
  local once=no yes=no code=0
  while [ $# -gt 0 ]; do
    case $1 in
      --once) once=yes ;;
      --yes | -y) yes=yes ;;
      --help | -h) usage; return ;;
      *) die 2 "up does not know '$1'; ./mayfly help" ;;
    esac
    shift
  done
  # First of all, because nothing here can install one.
  require_jdk
  ensure_home
  lock_home
  rm -rf "$TEMPORARY"
  mkdir "$TEMPORARY"
  if programs_are_built; then
    ensure_packages "$yes" "$RUN_NEEDS"
  else
    ensure_packages "$yes" "$RUN_NEEDS$BUILD_NEEDS"
  fi
  ensure_built "$yes"
  prepare
  trap 'stop_all' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  start_all
  first_job || code=$?
  [ "$once" = no ] || exit $code
  stay
}

# The image and the AOT caches; both once per machine and version.
prepare() {
  builder_command
  step "Preparing the image debian:12" "${COMMAND[@]}" build --recipe debian:12
  collect_images
  if [ ! -f "$APP/server.aot" ]; then
    step "Training the orchestrator for a quick start" train_server
  fi
}

# Removes builds that no name of this machine points to any more; only looked for where there are more bundles than names.
collect_images() {
  local bundles names
  bundles=$(find "$MAYFLY_HOME/images/bundles" -mindepth 1 -maxdepth 1 -name 'sha256-*' | wc -l)
  names=$(grep -o '"sha256:' "$MAYFLY_HOME/images/names.json" | wc -l)
  if [ "$bundles" -gt "$names" ]; then
    step "Removing old images" "${COMMAND[@]}" gc
  fi
}

start_all() {
  local digest
  rotate_log orchestrator
  rotate_log worker
  say "==> Starting the orchestrator"
  server_command
  start_service orchestrator "${COMMAND[@]}"
  ORCHESTRATOR_PID=$SERVICE_PID
  await orchestrator "$ORCHESTRATOR_PID" 120
  publish_images
  say "==> Starting the worker"
  tell_builder
  worker_command
  start_service worker "${COMMAND[@]}"
  WORKER_PID=$SERVICE_PID
  await worker "$WORKER_PID" 60 --worker
}

# await NAME PID SECONDS [FLAG]: until the orchestrator answers (with --worker: and a worker is online), or its process ends.
await() {
  local name=$1 pid=$2 seconds=$3 waiter code=0
  shift 3
  client_command
  "${COMMAND[@]}" health --wait "$seconds" "$@" >/dev/null 2>"$MAYFLY_HOME/run/await" &
  waiter=$!
  while kill -0 "$waiter" 2>/dev/null; do
    if ! kill -0 "$pid" 2>/dev/null; then
      kill "$waiter" 2>/dev/null || true
      service_failed "$name" "ended while starting"
    fi
    sleep 0.1
  done
  wait "$waiter" || code=$?
  [ $code -eq 0 ] || service_failed "$name" "did not answer within $seconds s: $(tail -n 1 "$MAYFLY_HOME/run/await")"
}

service_failed() {
  warn "the $1 $2; the end of $MAYFLY_HOME/log/$1.log:"
  tail -n 25 "$MAYFLY_HOME/log/$1.log" | sed 's/^/    /' >&2
  exit 1
}

# What was built here while no orchestrator ran, and the image of the first job; a name that was rolled back stays so.
publish_images() {
  client_command
  "${COMMAND[@]}" image publish --all --new || warn "not every image of this machine was published"
}

first_job() {
  local code=0 job
  say "==> A first job, in its own microVM: mayfly run --image debian:12 --timings -- sh -c '$FIRST_JOB'"
  client_command
  "${COMMAND[@]}" run --image debian:12 --timings -- sh -c "$FIRST_JOB" || code=$?
  if [ ! -f "$APP/cli.aot" ]; then
    job=$("${COMMAND[@]}" ps --all --limit 1 --json | sed -n 's/.*"id" *: *"\([0-9a-f-]*\)".*/\1/p' | head -n 1)
    [ -z "$job" ] || step "Training the mayfly command for a quick start" train_client "$job"
  fi
  return $code
}

stay() {
  cat <<TEXT

Mayfly is up. REST: ${MAYFLY_URL:-http://127.0.0.1:8420}   token: $MAYFLY_HOME/secrets/api-token   logs: $MAYFLY_HOME/log
In another terminal:  ./mayfly run --image debian:12 -- sh -c 'echo hi; exit 3'
Ctrl-C stops everything.
TEXT
  while :; do
    if ! kill -0 "$ORCHESTRATOR_PID" 2>/dev/null; then
      service_failed orchestrator "has ended by itself"
    fi
    if ! kill -0 "$WORKER_PID" 2>/dev/null; then
      service_failed worker "has ended by itself"
    fi
    sleep 1 &
    wait $! || true
  done
}

# Runs at every end: the worker first, so that it can still report how its microVMs ended.
stop_all() {
  local code=$?
  trap '' INT TERM HUP
  [ -z "$WORKER_PID$ORCHESTRATOR_PID" ] || say "==> Stopping"
  [ -z "$WORKER_PID" ] || stop_service worker "$WORKER_PID" 30
  [ -z "$ORCHESTRATOR_PID" ] || stop_service orchestrator "$ORCHESTRATOR_PID" 30
  rm -f "$MAYFLY_HOME/run/launcher.pid" "$MAYFLY_HOME/run/await"
  exit $code
}
