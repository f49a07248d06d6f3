# Debian packages: which are needed, which are missing, and how they come.

# "what proves it is there" -> "the Debian package that brings it". A path is looked up as a file, a word on PATH and in
# the sbin directories.
RUN_NEEDS='
qemu-system-x86_64 qemu-system-x86
mmdebstrap mmdebstrap
mkfs.erofs erofs-utils
mkfs.ext4 e2fsprogs
setfattr attr
dpkg-deb dpkg
setpriv util-linux
unshare util-linux
flock util-linux
fakeroot fakeroot
fakechroot fakechroot
newuidmap uidmap
/usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring
/etc/ssl/certs/ca-certificates.crt ca-certificates
'
BUILD_NEEDS='
mvn maven
gcc gcc
/usr/include/stdio.h libc6-dev
/usr/include/linux/types.h linux-libc-dev
musl-gcc musl-tools
make make
'
# Beside what a run and a build need; nothing of it is used by Mayfly itself, but for buildah, which builds Dockerfiles,
# and qemu-utils, which opens disk images, where they are there.
TEST_NEEDS='
docker-registry docker-registry
umoci umoci
buildah buildah
qemu-img qemu-utils
/usr/share/doc/busybox-static busybox-static
'

has() {
  case $1 in
    /*) [ -e "$1" ] ;;
    *) command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ] ;;
  esac
}

# Prints the packages of a needs list whose proof is missing, each once.
missing_packages() {
  local proof package
  while read -r proof package; do
    [ -z "$proof" ] || has "$proof" || echo "$package"
  done <<<"$1" | sort -u
}

# ensure_packages YES NEEDS…: installs what is missing, asking first unless YES is yes.
ensure_packages() {
  local yes=$1 missing answer
  local -a sudo=()
  shift
  missing=$(missing_packages "$*" | tr '\n' ' ')
  missing=${missing% }
  [ -n "$missing" ] || return 0
  if ! command -v apt-get >/dev/null; then
    warn "missing on this machine (Debian's names): $missing"
    die 3 "this is not Debian, so install what brings them with your own package manager, then run this again"
  fi
  say "Missing Debian packages: $missing"
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die 3 "you are not root and there is no sudo: as root, run: apt-get install --no-install-recommends $missing"
    sudo=(sudo)
    if [ "$yes" != yes ]; then
      [ -t 0 ] || die 3 "run again with --yes to install them by sudo, or as root: apt-get install --no-install-recommends $missing"
      read -r -p "Install them with sudo apt-get? [Y/n] " answer
      case $answer in n | N | no) die 3 "not installed: $missing" ;; esac
    fi
    sudo -v || die 3 "sudo refused: as root, run: apt-get install --no-install-recommends $missing"
  fi
  step "Reading the package lists" "${sudo[@]}" apt-get update -q
  # shellcheck disable=SC2086
  step "Installing $missing" "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
  missing=$(missing_packages "$*" | tr '\n' ' ')
  [ -z "$missing" ] || die 3 "still missing after the installation: $missing"
}
