# What the scripts of this folder share. Sourced, not run; the caller has set strict mode.

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)

# The libraries that the program links or loads, and the ffmpeg program, which the tests and the demonstration
# draw their videos with.
packages=(
    libavformat-dev libavcodec-dev libswscale-dev libdnnl-dev libopenblas-dev libsqlite3-dev
    pkg-config ffmpeg
)

fail() {
    printf 'error: %s\n' "$1" >&2
    [[ $# -lt 2 ]] || printf 'hint: %s\n' "$2" >&2
    exit 1
}

need_swift() {
    command -v swift >/dev/null ||
        fail "there is no swift program on the PATH" "install Swift 6.2 or newer: https://swift.org/install"
}

# Installs the Debian packages that are missing, as root or through sudo.
install_packages() {
    if ! command -v dpkg-query >/dev/null; then
        printf 'note: not a Debian system; needed here under their own names: %s\n' "${packages[*]}" >&2
        return
    fi
    local installed missing=() package
    installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null || true)
    for package in "${packages[@]}"; do
        [[ $'\n'$installed$'\n' == *$'\n'"$package installed"$'\n'* ]] || missing+=("$package")
    done
    ((${#missing[@]})) || return 0

    local as_root=()
    if ((EUID != 0)); then
        # Without a terminal sudo cannot ask for a password.
        if command -v sudo >/dev/null && { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; then
            as_root=(sudo)
        else
            fail "missing Debian packages: ${missing[*]}" "as root: apt-get install ${missing[*]}"
        fi
    fi
    printf 'installing %s\n' "${missing[*]}" >&2
    "${as_root[@]}" apt-get update -qq >&2 ||
        printf 'note: apt-get update failed; going on with the package lists at hand\n' >&2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 ||
        fail "apt-get could not install ${missing[*]}" "see its messages above"
}
