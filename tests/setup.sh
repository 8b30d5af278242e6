# Sourced by tests/run, scenarios/run and .ci/run: installs what is missing, and builds.
# Sets `root`, the project's folder. `say` writes a line on stderr.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# The compiler and libraries, all from Debian 12.
build_packages=(g++ meson ninja-build pkg-config libfmt-dev nlohmann-json3-dev libcli11-dev
    doctest-dev libzstd-dev libpcre2-dev python3)

say() { echo "$(basename "$(dirname "$(realpath "$0")")")/$(basename "$0"): $*" >&2; }

# Debian's own interpreter where there is one: a user's may lack or shadow modules.
python() {
    if [ -x /usr/bin/python3 ]; then /usr/bin/python3 "$@"; else python3 "$@"; fi
}

missing_packages() {
    local installed package
    installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null)
    for package in "$@"; do
        grep -qxF "installed $package" <<<"$installed" || echo "$package"
    done
}

# install_packages NAME…: returns 2 when some are missing and may not be installed.
install_packages() {
    local missing as_root=()
    if ! command -v dpkg-query >/dev/null; then
        say "not a Debian system: these must be here already: $*"
        return 0
    fi
    mapfile -t missing < <(missing_packages "$@")
    [ "${#missing[@]}" -eq 0 ] && return 0
    if [ "$(id -u)" -ne 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            say "some packages are missing; please run:"
            say "    sudo apt-get install ${missing[*]}"
            return 2
        fi
        as_root=(sudo -n)
    fi
    say "installing ${missing[*]}"
    apt_install "${missing[@]}" && return 0
    say "apt-get failed: is each of these to be had? ${missing[*]}"
    return 2
}

# Uses `as_root` of its caller. The package lists may be old or absent: a second try updates them.
apt_install() {
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq
        -o DPkg::Lock::Timeout=300)
    local log status=1
    log=$(mktemp)
    if "${apt[@]}" install -y --no-install-recommends "$@" >"$log" 2>&1 </dev/null; then
        status=0
    elif "${apt[@]}" update >>"$log" 2>&1 </dev/null &&
        "${apt[@]}" install -y --no-install-recommends "$@" >>"$log" 2>&1 </dev/null; then
        status=0
    else
        tail -n 20 "$log" >&2
    fi
    rm -f "$log"
    return "$status"
}

# The compiler as it is called: through ccache, where there is one.
launched() { command -v ccache >/dev/null && echo "ccache $1" || echo "$1"; }

# build_in FOLDER [TARGET…]: configures where needed, then builds. `cxx` and the array
# `meson_options` of the caller say how. A changed set-up, or a copied tree, starts afresh.
build_in() (
    local folder=$1 wanted
    shift
    : "${cxx:=${CXX:-g++}}"
    wanted="$root $(launched "$cxx") ${meson_options[*]:-}"
    exec 9>"$root/.build-lock"
    flock 9
    if [ ! -e "$folder/build.ninja" ] ||
        [ "$(cat "$folder/set-up" 2>/dev/null)" != "$wanted" ]; then
        say "configuring ${folder#"$root"/} with $cxx ${meson_options[*]}"
        rm -rf "$folder"
        if ! CXX=$(launched "$cxx") meson setup "$folder" "$root" "${meson_options[@]}" \
            >"$root/.build-log" 2>&1; then
            cat "$root/.build-log" >&2
            return 1
        fi
        echo "$wanted" >"$folder/set-up"
    fi
    if ! ninja -C "$folder" -n "$@" | grep -q '^ninja: no work to do'; then
        say "building ${folder#"$root"/}"
        ninja -C "$folder" --quiet "$@" >&2
    fi
)
