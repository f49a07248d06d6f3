# What every part of the launcher uses: one voice, one way to run a long step, one way to end.

say() { printf '%s\n' "$*"; }
warn() { printf 'mayfly: %s\n' "$*" >&2; }

# die CODE TEXT: one clear line, then the end.
die() {
  local code=$1
  shift
  warn "$*"
  exit "$code"
}

# step TEXT COMMAND…: runs a long command quietly, shows that it goes on, and its last lines when it fails.
# What the command prints goes to $MAYFLY_HOME/log/setup.log.
step() {
  local text=$1 started=$SECONDS log=$MAYFLY_HOME/log/setup.log pid code=0
  shift
  mkdir -p "$MAYFLY_HOME/log"
  printf '\n== %s\n' "$text" >>"$log"
  printf '==> %s\n' "$text"
  # A process group of its own, so that an interrupted step takes everything it started with it.
  set -m
  "$@" </dev/null >>"$log" 2>&1 &
  pid=$!
  set +m
  # shellcheck disable=SC2064
  trap "kill -TERM -- -$pid 2>/dev/null; exit 130" INT TERM HUP
  local next=15
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    if [ $((SECONDS - started)) -ge $next ]; then
      printf '    … %d s\n' $((SECONDS - started))
      next=$((next + 15))
    fi
  done
  wait "$pid" || code=$?
  trap - INT TERM HUP
  if [ $code -ne 0 ]; then
    warn "'$text' failed with exit code $code; its last lines (all in $log):"
    tail -n 25 "$log" | sed 's/^/    /' >&2
    exit 1
  fi
  printf '    done in %d s\n' $((SECONDS - started))
}

# Temporary files of our programs lie here and not in /tmp, so that a killed one leaves nothing outside.
TEMPORARY=$MAYFLY_HOME/run/tmp

# The state directory, marked as ours so that reset never removes anything else.
ensure_home() {
  # The path of a Unix socket holds 107 bytes, and a microVM's lie deep beneath.
  [ "$(printf %s "$MAYFLY_HOME" | wc -c)" -le 53 ] || die 1 "the path of the state directory is too long for the sockets beneath it: set MAYFLY_HOME to one of at most 53 bytes (now: $MAYFLY_HOME)"
  mkdir -p "$MAYFLY_HOME" || die 1 "cannot make the state directory $MAYFLY_HOME: set MAYFLY_HOME to a directory you can write"
  [ -w "$MAYFLY_HOME" ] || die 1 "cannot write to the state directory $MAYFLY_HOME: set MAYFLY_HOME to another one"
  chmod 700 "$MAYFLY_HOME"
  : >>"$MAYFLY_HOME/.mayfly-home"
  mkdir -p "$MAYFLY_HOME"/{app,log,run/tmp}
}

# Takes the one lock of the state directory, on file descriptor 9, for as long as this shell lives.
lock_home() {
  exec 9>>"$MAYFLY_HOME/run/launcher.lock"
  if ! flock -n 9; then
    die 1 "Mayfly is already running from $MAYFLY_HOME (launcher pid $(cat "$MAYFLY_HOME/run/launcher.pid" 2>/dev/null || echo unknown)); stop it first, or use another MAYFLY_HOME"
  fi
  echo $$ >"$MAYFLY_HOME/run/launcher.pid"
}

reset() {
  local yes=no answer
  [ "${1:-}" = --yes ] && yes=yes
  [ -d "$MAYFLY_HOME" ] || { say "Nothing to remove: $MAYFLY_HOME does not exist."; return; }
  [ -e "$MAYFLY_HOME/.mayfly-home" ] || die 1 "$MAYFLY_HOME was not made by Mayfly (it lacks .mayfly-home); remove it yourself if you mean it"
  mkdir -p "$MAYFLY_HOME/run"
  lock_home
  if [ $yes = no ]; then
    [ -t 0 ] || die 2 "reset removes $MAYFLY_HOME with all jobs, logs and images; say --yes"
    read -r -p "Remove $MAYFLY_HOME with all jobs, logs and images? [y/N] " answer
    case $answer in y | Y | yes) ;; *) say "Nothing removed."; return ;; esac
  fi
  rm -rf -- "$MAYFLY_HOME"
  say "Removed $MAYFLY_HOME."
}
