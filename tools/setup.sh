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

# Whether packages can be installed here. Sets as_root, what stands in front of the command; or advice.
find_installer() {
    as_root=
    advice='install these (named as in Debian), then call me again:'
    command -v apt-get >/dev/null 2>&1 || return 1
    [ "$(id -u)" -ne 0 ] || return 0
    advice='install these as root, then call me again: apt-get install'
    command -v sudo >/dev/null 2>&1 || return 1
    as_root=sudo
}

# Sets updated if all lists could be had.
apt_update() {
    if $as_root apt-get update -q -o APT::Update::Error-Mode=any; then
        updated=yes
    else
        updated=
        echo 'apt-get update failed; going on with the lists there are'
    fi
}

apt_install() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

install_packages() {
    [ -n "$*" ] || return 0
    find_installer || fail "$advice $*"
    echo "Installing $*"
    apt_update
    apt_install "$@" || fail "apt-get could not install $*"
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

# Packages that the distribution does not have; asked for once.
unavailable_file=build/unavailable-packages

# The same for tools without which tests are left out: one by one, as not every distribution has them all.
ensure_extras() {
    extras=
    unavailable=
    for package in $(missing_packages "$@"); do
        if grep -qsxF "$package" $unavailable_file; then
            echo "Going on without $package, which was not to be had (to ask again, delete $unavailable_file)"
        else
            extras="$extras $package"
        fi
    done
    [ -n "$extras" ] || return 0
    find_installer || {
        echo "Going on without some tools; for all tests $advice$extras"
        return 0
    }
    echo "Installing$extras"
    apt_update
    for package in $extras; do
        if apt_install "$package"; then
            installed=yes
            continue
        fi
        echo "Going on without $package"
        # Only what is in none of the lists, not what merely could not be fetched.
        if [ -n "$updated" ] && ! apt-cache show "$package" >/dev/null 2>&1; then
            unavailable="$unavailable $package"
        fi
    done
}

ensure_build() {
    if [ ! -f build/build.ninja ]; then
        rm -rf build
        meson setup build --cross-file cross/i386-elf.ini || fail 'meson setup failed, see above'
    elif [ -n "${installed:-}" ]; then # what is new here may mean more tests
        meson setup --reconfigure build || fail 'meson setup failed, see above'
    fi
    for package in ${unavailable:-}; do
        echo "$package" >>$unavailable_file
    done
    ninja -C build --quiet || fail 'the build failed, see above'
}
