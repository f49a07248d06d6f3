# Builds the programs and installs them under MAYFLY_HOME/app, so that a later build never pulls jars from under a
# running process.

# One word for the state of the sources: names, sizes and times of every file that goes into the build.
sources_fingerprint() {
  (cd "$MAYFLY_ROOT" && find pom.xml .mvn db orchestrator vm-worker image-builder jenkins-plugin gitlab-runner-adapter \
    \( -name target -o -name '.*.sw?' \) -prune -o -type f -printf '%p %s %T@\n') | LC_ALL=C sort | sha256sum | cut -c1-16
}

maven() { (cd "$MAYFLY_ROOT" && JAVA_HOME=$JAVA_HOME nice mvn -B -ntp "$@"); }

build_programs() { maven package -DskipTests -T 2 -pl '!it'; }

# install_program NAME MODULE DESTINATION: the jar of a module as NAME.jar beside its lib directory.
install_program() {
  local name=$1 module=$MAYFLY_ROOT/$2 destination=$3/$1 jar
  mkdir -p "$destination"
  jar=$(find "$module/target" -maxdepth 1 -name 'mayfly-*.jar' ! -name '*-tests.jar' | head -n 1)
  [ -n "$jar" ] || { echo "the build made no jar in $2/target" >&2; return 1; }
  cp "$jar" "$destination/$name.jar"
  cp -r "$module/target/lib" "$destination/lib"
}

install_programs() {
  local fingerprint=$1 new=$MAYFLY_HOME/app/.new.$$
  rm -rf "$MAYFLY_HOME"/app/.new.*
  mkdir -p "$new"
  install_program server orchestrator/server "$new"
  install_program worker vm-worker/daemon "$new"
  install_program cli orchestrator/cli "$new"
  install_program image-builder image-builder/builder "$new"
  rm -rf "$MAYFLY_HOME/app/$fingerprint"
  mv "$new" "$MAYFLY_HOME/app/$fingerprint"
  # The newest two stay: the one before may still be running.
  (cd "$MAYFLY_HOME/app" && ls -1dt -- */ | tail -n +3 | xargs -r rm -rf --)
}

programs_are_built() { [ -d "$MAYFLY_HOME/app/$(sources_fingerprint)" ]; }

# Sets APP to the installed programs of the present sources, building them when they are not there.
ensure_built() {
  local yes=$1 fingerprint
  ensure_home
  fingerprint=$(sources_fingerprint)
  APP=$MAYFLY_HOME/app/$fingerprint
  if [ ! -d "$APP" ]; then
    ensure_packages "$yes" "$BUILD_NEEDS"
    require_jdk
    step "Building Mayfly (the first time Maven fetches its libraries)" build_programs
    step "Installing the programs" install_programs "$fingerprint"
  fi
  require_jdk
  touch "$APP"
}

# Like ensure_built, but for commands that must be quick: says what to do instead of building.
require_built() {
  local newest
  require_jdk
  APP=$MAYFLY_HOME/app/$(sources_fingerprint)
  if [ ! -d "$APP" ]; then
    newest=$({ find "$MAYFLY_HOME/app" -mindepth 1 -maxdepth 1 -type d ! -name '.*' -printf '%T@ %p\n' 2>/dev/null || true; } | sort -rn | head -n 1 | cut -d' ' -f2-)
    [ -n "$newest" ] || die 1 "Mayfly is not built yet: run ./mayfly up"
    APP=$newest
  fi
}
