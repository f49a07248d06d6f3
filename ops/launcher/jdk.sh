# Finds a JDK 25 or newer, whatever the default java is.

MAYFLY_JDK_LEAST=25

# The major version a JDK says in its release file, or nothing when it is not a whole JDK.
jdk_major() {
  local line
  [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 0
  while IFS= read -r line; do
    case $line in
      JAVA_VERSION=\"*)
        line=${line#JAVA_VERSION=\"}
        line=${line%%[!0-9]*}
        echo "$line"
        return
        ;;
    esac
  done <"$1/release"
}

# Prints the home of the JDK to use; fails when there is none. MAYFLY_JDK_DIRECTORIES (colon-separated globs) is for tests.
find_jdk() {
  local candidate major javac
  local -a candidates=()
  [ -z "${JAVA_HOME:-}" ] || candidates+=("$JAVA_HOME")
  local directories=${MAYFLY_JDK_DIRECTORIES-/usr/lib/jvm/*:/opt/java/*:/opt/jdk*:/opt/*jdk*:/usr/java/*:${HOME:-/nonexistent}/.sdkman/candidates/java/*:${HOME:-/nonexistent}/.jdks/*}
  local IFS=:
  for candidate in $directories; do
    candidates+=("$candidate")
  done
  unset IFS
  if javac=$(command -v javac); then
    candidates+=("$(dirname "$(dirname "$(readlink -f "$javac")")")")
  fi
  for candidate in "${candidates[@]}"; do
    major=$(jdk_major "$candidate")
    if [ -n "$major" ] && [ "$major" -ge $MAYFLY_JDK_LEAST ]; then
      (cd "$candidate" && pwd)
      return 0
    fi
  done
  return 1
}

# Sets JAVA_HOME and JAVA, or ends with what to do.
require_jdk() {
  JAVA_HOME=$(find_jdk) || die 3 "no JDK $MAYFLY_JDK_LEAST or newer found (looked at JAVA_HOME, /usr/lib/jvm, /opt, PATH): install one, for example Eclipse Temurin $MAYFLY_JDK_LEAST, under /usr/lib/jvm, or set JAVA_HOME"
  export JAVA_HOME
  JAVA=$JAVA_HOME/bin/java
}
