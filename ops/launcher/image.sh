# The image command: what is about files of this machine runs in the image builder, what is about names, workers and
# schedules in the client; a build here is handed to the orchestrator when one answers.

image_usage() {
  cat <<'TEXT'
Images: what jobs run in. A name such as maven:3, java:25 or debian:12 points to a boot bundle; it may move.

  ./mayfly image ls [--json]                  names, what they point to, sizes, sources, who has them
  ./mayfly image build NAME [--from SOURCE]   build on this machine and publish; without SOURCE a recipe or a registry's image
                                              SOURCE: registry:REF  recipe:NAME  dockerfile:DIR  archive:FILE  oci:DIR  tar:FILE
                                                      debian:SUITE?packages=a,b  alpine:VERSION?packages=a,b  disk:FILE
                                                      system:KERNEL,INITRAMFS  console:KERNEL[,INITRAMFS]
                                              --kernel stock|minimal  --sign-key FILE  (build --help for all)
  ./mayfly image inspect NAME|DIGEST          all about one: files, source, kernel, signatures, who has it
  ./mayfly image history | rollback | rm NAME what it pointed to; point to that again; forget it
  ./mayfly image policy NAME [--source SOURCE] [--refresh CRON] [--watch 1h] [--keep N] [--prepull POOL]
                                              how it is kept: built again by schedule, or when the tag moved upstream
  ./mayfly image pin | unpin NAME             whether workers may remove it to make room
  ./mayfly image check NAME                   boot it and try what jobs need: pass or fail for each
  ./mayfly image gc                           remove what nothing needs any more
  ./mayfly image publish NAME | --all         hand what was built here to the orchestrator
  ./mayfly image push NAME REF | pull REF     bundles to and from an OCI registry
  ./mayfly image key new FILE | sign NAME     sign bundles; workers can be told to boot signed ones only
  ./mayfly image kernel build|ls | verify NAME | resolve SOURCE
  ./mayfly image ls|inspect|rm|gc --local     the same of this machine alone, without an orchestrator

'./mayfly image COMMAND --help' shows every option.
TEXT
}

image() {
  local command=${1:-}
  [ $# -eq 0 ] || shift
  case $command in
    ls | inspect | gc)
      if wants_local "$@"; then
        image_builder "$command" "${OTHERS[@]}"
      else
        client image "$command" "$@"
      fi
      ;;
    rm) image_remove "$@" ;;
    build) image_build "$@" ;;
    pull) image_pull "$@" ;;
    verify | push | key | sign | kernel | resolve) image_builder "$command" "$@" ;;
    check | history | rollback | pin | unpin | policy | publish) client image "$command" "$@" ;;
    '' | help | --help | -h) image_usage ;;
    *) die 2 "there is no command 'image $command'; ./mayfly image help lists them" ;;
  esac
}

# wants_local ARGUMENTS…: whether only this machine is asked about; sets OTHERS to the arguments for the builder.
wants_local() {
  local argument local=no
  OTHERS=()
  for argument in "$@"; do
    case $argument in
      --local) local=yes ;;
      # For programs, and of this machine's images only.
      --plain)
        local=yes
        OTHERS+=("$argument")
        ;;
      *) OTHERS+=("$argument") ;;
    esac
  done
  [ $local = yes ]
}

# Runs the builder and ends as it does.
image_builder() {
  ensure_packages no "$RUN_NEEDS"
  ensure_built no
  builder_command
  exec "${COMMAND[@]}" "$@"
}

# What was built is published when there is an orchestrator.
image_build() {
  ensure_packages no "$RUN_NEEDS"
  ensure_built no
  then_publish build "$@"
}

image_pull() {
  ensure_packages no "$RUN_NEEDS"
  ensure_built no
  then_publish pull "$@"
}

# then_publish COMMAND…: runs a command of the builder that names an image, and publishes what it named.
then_publish() {
  local result=$MAYFLY_HOME/run/image.$$ code=0 name
  mkdir -p "$MAYFLY_HOME/run"
  builder_command
  "${COMMAND[@]}" "$@" --result "$result" || code=$?
  if [ $code -eq 0 ] && [ -s "$result" ]; then
    name=$(cat "$result")
    rm -f "$result"
    publish_image "$name" || code=$?
  fi
  rm -f "$result"
  exit $code
}

publish_image() {
  client_command
  if "${COMMAND[@]}" health >/dev/null 2>&1; then
    "${COMMAND[@]}" image publish "$1"
  else
    say "$1 is only on this machine, as no orchestrator answers; './mayfly up' publishes it, or './mayfly image publish $1'"
  fi
}

# Of this machine too, or the next start would publish it again.
image_remove() {
  local code=0
  if wants_local "$@"; then
    image_builder rm "${OTHERS[@]}"
  fi
  require_built
  client_command
  "${COMMAND[@]}" image rm "$@" || code=$?
  if [ $code -eq 0 ] && [ -f "$MAYFLY_HOME/images/names.json" ] && grep -qF "\"${!#}\":" "$MAYFLY_HOME/images/names.json"; then
    builder_command
    "${COMMAND[@]}" rm "${!#}" || code=$?
  fi
  exit $code
}
