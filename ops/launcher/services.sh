# The processes: how each program is started, trained for a quick start, and stopped.

# How each program runs: one collector thread and no JVM warnings among its output. The quick compiler alone saves the
# orchestrator and the command a third of their start and 50 MiB; neither computes much.
JAVA_QUIET=(-XX:+UseSerialGC -XX:-UsePerfData -Xlog:disable -Xlog:all=error:stderr --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow)
SERVER_FLAGS=("${JAVA_QUIET[@]}" -Xmx256m -XX:TieredStopAtLevel=1)
WORKER_FLAGS=("${JAVA_QUIET[@]}" -XX:TieredStopAtLevel=1 -Xmx64m -Xss512k -XX:ReservedCodeCacheSize=24m -XX:MaxDirectMemorySize=24m -XX:+UseCompactObjectHeaders)
CLIENT_FLAGS=("${JAVA_QUIET[@]}" -Xmx96m -XX:TieredStopAtLevel=1)
BUILDER_FLAGS=("${JAVA_QUIET[@]}" -Xmx512m)

# java_command NAME FLAGS…: fills COMMAND with the command line of an installed program, with its AOT cache when there is one
# (a cache that does not fit this JDK or these jars is passed over by the JVM).
java_command() {
  local name=$1
  shift
  COMMAND=("$JAVA" "$@" "-Djava.io.tmpdir=$TEMPORARY")
  [ ! -f "$APP/$name.aot" ] || COMMAND+=("-XX:AOTCache=$APP/$name.aot")
  COMMAND+=(-jar "$APP/$name/$name.jar")
}

server_command() { java_command server "${SERVER_FLAGS[@]}"; }

# The worker is told how to start the image builder, so that it can build images for the orchestrator; the setting is one line
# of words, so not where a path has a space in it.
worker_command() {
  local -a builder=()
  builder_command
  if [ -z "${MAYFLY_WORKER_BUILDER+set}" ] && [[ ${COMMAND[*]} != *$'\n'* ]] && [ "$(wc -w <<<"${COMMAND[*]}")" -eq ${#COMMAND[@]} ]; then
    builder=("-Dmayfly.worker.builder=${COMMAND[*]}")
  fi
  java_command worker "${WORKER_FLAGS[@]}" "${builder[@]}"
}

client_command() { java_command cli "${CLIENT_FLAGS[@]}"; }
builder_command() { java_command image-builder "${BUILDER_FLAGS[@]}"; }

# train NAME FLAGS… -- ARGUMENTS…: writes the AOT cache of a program by a training run (JEP 514). Without a cache a program only
# starts slower, so a training that fails is noted in the log and no more.
train() {
  local name=$1
  local -a flags=()
  shift
  while [ "$1" != -- ]; do
    flags+=("$1")
    shift
  done
  shift
  [ ! -f "$APP/$name.aot" ] || return 0
  "$JAVA" "${flags[@]}" "-Djava.io.tmpdir=$TEMPORARY" "-XX:AOTCacheOutput=$APP/.$name.aot.new" "$@" || echo "the training run of $name ended with $?"
  if [ -s "$APP/.$name.aot.new" ]; then
    mv "$APP/.$name.aot.new" "$APP/$name.aot"
  fi
}

# The server starts whole, on a database of its own that is thrown away, and ends when its context is up.
train_server() {
  local home=$MAYFLY_HOME/run/training
  MAYFLY_HOME=$home train server "${SERVER_FLAGS[@]}" -- -Dspring.context.exit=onRefresh -Dmayfly.http.port=0 -Dmayfly.grpc.port=0 -jar "$APP/server/server.jar"
  rm -rf "$home"
}

# The client reads the log of a job that has been.
train_client() {
  local job=$1
  train cli "${CLIENT_FLAGS[@]}" -- -jar "$APP/cli/cli.jar" logs -f "$job"
}

# Each start has a log of its own; the three before it are kept.
rotate_log() {
  local log=$MAYFLY_HOME/log/$1.log number
  for number in 2 1; do
    [ ! -f "$log.$number" ] || mv "$log.$number" "$log.$((number + 1))"
  done
  [ ! -f "$log" ] || mv "$log" "$log.1"
  : >"$log"
}

# start_service NAME COMMAND…: starts a process in its own session (Ctrl-C is the launcher's to handle), ended by the kernel
# when the launcher is killed; sets SERVICE_PID.
start_service() {
  local name=$1
  shift
  setsid setpriv --pdeathsig TERM "$@" </dev/null >>"$MAYFLY_HOME/log/$name.log" 2>&1 9>&- &
  SERVICE_PID=$!
}

# stop_service NAME PID SECONDS: asks it to end, insists after so many seconds.
stop_service() {
  local name=$1 pid=$2 left=$(($3 * 10))
  kill -0 "$pid" 2>/dev/null || return 0
  kill -TERM "$pid" 2>/dev/null || true
  while kill -0 "$pid" 2>/dev/null; do
    if [ $left -le 0 ]; then
      warn "$name (pid $pid) did not end within $3 s and is killed"
      kill -KILL "$pid" 2>/dev/null || true
      break
    fi
    sleep 0.1
    left=$((left - 1))
  done
  wait "$pid" 2>/dev/null || true
}

client() {
  require_built
  client_command
  exec "${COMMAND[@]}" "$@"
}

# Lets the worker build images with the builder installed beside it, unless the caller named another. The setting is words
# separated by spaces, so a path with a space in it cannot be told.
tell_builder() {
  [ -z "${MAYFLY_WORKER_BUILDER:-}" ] || return 0
  builder_command
  case "${COMMAND[*]}" in
    *[[:space:]]*)
      local -a words
      read -r -a words <<<"${COMMAND[*]}"
      if [ ${#words[@]} -ne ${#COMMAND[@]} ]; then
        warn "this worker builds no images, because the path of the state directory or of the JDK has a space in it"
        return 0
      fi
      ;;
  esac
  export MAYFLY_WORKER_BUILDER="${COMMAND[*]}"
}

run_worker() {
  local yes=no
  if [ "${1:-}" = --yes ]; then
    yes=yes
    shift
  fi
  ensure_packages "$yes" "$RUN_NEEDS"
  ensure_built "$yes"
  tell_builder
  worker_command
  exec "${COMMAND[@]}" "$@"
}

doctor() {
  local missing code=0
  say "state directory  $MAYFLY_HOME$([ -d "$MAYFLY_HOME" ] || echo ' (not made yet)')"
  if JAVA_HOME=$(find_jdk); then
    say "JDK              $JAVA_HOME ($(jdk_major "$JAVA_HOME"))"
  else
    say "JDK              none of version $MAYFLY_JDK_LEAST or newer: install one under /usr/lib/jvm, or set JAVA_HOME"
    code=1
  fi
  missing=$(missing_packages "$RUN_NEEDS$BUILD_NEEDS" | tr '\n' ' ')
  if [ -z "$missing" ]; then
    say "packages         all there"
  else
    say "packages         missing: $missing(./mayfly up installs them)"
    code=1
  fi
  if [ $code -eq 0 ] && [ -d "$MAYFLY_HOME/app" ]; then
    require_built
    worker_command
    "${COMMAND[@]}" doctor || code=1
  else
    say "worker           not built yet: ./mayfly up"
  fi
  return $code
}

run_tests() {
  local yes=no
  if [ "${1:-}" = --yes ]; then
    yes=yes
    shift
  fi
  require_jdk
  ensure_packages_for_tests "$yes"
  # The tests make their own state directories; nothing of the user's is touched.
  maven verify "$@"
}

# Before the state directory exists, the steps' log goes to a temporary one.
ensure_packages_for_tests() {
  [ -n "$(missing_packages "$RUN_NEEDS$BUILD_NEEDS$TEST_NEEDS")" ] || return 0
  ensure_home
  ensure_packages "$1" "$RUN_NEEDS$BUILD_NEEDS$TEST_NEEDS"
}

bench() {
  local what=${1:-}
  case $what in
    start) bench_start "${@:2}" ;;
    engine) bench_engine "${@:2}" ;;
    images) bench_images "${@:2}" ;;
    log) bench_log "${@:2}" ;;
    *) die 2 "say what to measure: ./mayfly bench start [-n N] [--accelerator tcg|kvm], ./mayfly bench images [-n N] [--compressors], ./mayfly bench engine [--full], or ./mayfly bench log [-n LINES]" ;;
  esac
}

bench_start() {
  ensure_packages no "$RUN_NEEDS"
  ensure_built no
  builder_command
  "${COMMAND[@]}" build
  run_bench bench.StartBench "$@"
}

bench_images() {
  ensure_packages no "$RUN_NEEDS"
  ensure_built no
  builder_command
  "${COMMAND[@]}" build
  run_bench bench.ImageBench "$@"
}

# Needs no microVM: an orchestrator, its PostgreSQL and connections.
bench_log() {
  ensure_packages no "$RUN_NEEDS"
  ensure_built no
  builder_command
  "${COMMAND[@]}" build
  run_bench bench.LogBench "$@"
}

bench_engine() {
  ensure_built no
  run_bench bench.EngineBench "$@"
}

run_bench() {
  step "Building the benchmark" maven package -DskipTests -T 2
  exec "$JAVA" "${JAVA_QUIET[@]}" -Xmx512m -Dlogback.configurationFile=bench-logback.xml -cp "$MAYFLY_ROOT/it/target/classes:$MAYFLY_ROOT/it/target/lib/*" "dev.mayfly.it.$1" "${@:2}"
}

# Kills everything at random for a while, and counts what was lost.
chaos() {
  ensure_packages no "$RUN_NEEDS"
  ensure_built no
  builder_command
  "${COMMAND[@]}" build
  run_bench chaos.Chaos "$@"
}
