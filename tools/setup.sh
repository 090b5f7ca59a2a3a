# Sourced by ./run and ./check: the tools installed, build/ configured, everything built.
# shellcheck shell=sh

fail() {
    printf '%s: %s\n' "$(basename "$0")" "$1" >&2
    exit 1
}

# The Debian packages of the commands and files that are missing; arguments: command:package or /file:package.
missing_packages() {
    for pair in "$@"; do
        wanted=${pair%%:*}
        # shellcheck disable=SC2086 # the file may be a pattern
        case $wanted in
        /*) ls $wanted >/dev/null 2>&1 ;;
        *) command -v "$wanted" >/dev/null 2>&1 ;;
        esac || printf '%s ' "${pair#*:}"
    done
}

# The part of compiler-rt that holds 64-bit division; its package is named after the Clang release.
missing_builtins() {
    command -v clang >/dev/null 2>&1 || return 0
    builtins=$(clang --target=i386-pc-linux-gnu --rtlib=compiler-rt --print-libgcc-file-name)
    [ -f "$builtins" ] || printf 'libclang-rt-%s-dev ' "$(clang -dumpversion | cut -d. -f1)"
}

install_packages() {
    [ -n "$*" ] || return 0
    command -v apt-get >/dev/null 2>&1 || fail "install these (named as in Debian), then call me again: $*"
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null 2>&1 || fail "install these as root, then call me again: apt-get install $*"
        as_root=sudo
    fi
    echo "Installing $*"
    $as_root apt-get update -q || echo 'apt-get update failed; going on with the lists there are'
    # shellcheck disable=SC2086 # a list of packages
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" ||
        fail "apt-get could not install $*"
    installed=yes
}

# Arguments: as for missing_packages, beyond what every build needs.
ensure_tools() {
    # shellcheck disable=SC2046 # lists of packages
    install_packages $(missing_packages clang:clang ld.lld:lld llvm-ar:llvm meson:meson ninja:ninja-build \
        cc:gcc /usr/include/stdio.h:libc6-dev python3:python3 qemu-system-i386:qemu-system-x86 "$@")
    # shellcheck disable=SC2046
    install_packages $(missing_builtins)
}

# The same for tools without which tests are left out, as on hosts that do not have them all.
ensure_extras() {
    extras=$(missing_packages "$@")
    [ -n "$extras" ] || return 0
    # shellcheck disable=SC2086 # a list of packages
    if (install_packages $extras); then
        installed=yes
    else
        echo "Going on without some of: $extras"
    fi
}

ensure_build() {
    if [ ! -f build/build.ninja ]; then
        rm -rf build
        meson setup build --cross-file cross/i386-elf.ini || fail 'meson setup failed, see above'
    elif [ -n "${installed:-}" ]; then # what is new here may mean more tests
        meson setup --reconfigure build || fail 'meson setup failed, see above'
    fi
    ninja -C build --quiet || fail 'the build failed, see above'
}
