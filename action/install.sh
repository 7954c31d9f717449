#!/usr/bin/env bash
# Installs rowproof: the release archive of this machine's platform, its SHA-256 compared with the one that is
# committed beside this script before anything of it is unpacked.
#
# ROWPROOF_BIN names a binary to use instead, ROWPROOF_ARCHIVE a local archive instead of the download.
set -euo pipefail
here=$(cd -- "${BASH_SOURCE[0]%/*}" && pwd)
readonly here
# shellcheck source=action/inputs.sh
. "$here/inputs.sh"

# Prints the platform as releases name it.
platform() {
    local os arch
    case ${RUNNER_OS:-} in
        Linux) os=unknown-linux-gnu ;;
        macOS) os=apple-darwin ;;
        *) refuse "there is no release for ${RUNNER_OS:-a machine whose RUNNER_OS is not set}; use a Linux or macOS runner" ;;
    esac
    case ${RUNNER_ARCH:-} in
        X64) arch=x86_64 ;;
        ARM64) arch=aarch64 ;;
        *) refuse "there is no release for the architecture ${RUNNER_ARCH:-that RUNNER_ARCH does not name}; use an X64 or ARM64 runner" ;;
    esac
    printf '%s-%s' "$arch" "$os"
}

# Prints the entries of release.lock: DIGEST NAME.
locked() { sed -n 's/^\([0-9a-f]\{64\}\)  \(rowproof-.*\.tar\.gz\)$/\1 \2/p' "$here/release.lock"; }

# Prints the version to install: the one asked for, or the first of release.lock.
wanted_version() {
    local version=$INPUT_VERSION pattern='^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$'
    if [ -z "$version" ]; then
        version=$(locked | sed -n "s/^[0-9a-f]* rowproof-\(.*\)-$1\.tar\.gz$/\1/p" | sed -n 1p)
        [ -n "$version" ] || refuse "action/release.lock names no release for $1: use the commit of a release tag of the action, give the inputs \`version\` and \`checksum\`, or set ROWPROOF_BIN to a binary"
    fi
    [[ $version =~ $pattern ]] || refuse "input \`version\` is \`$version\`; it takes a release such as 0.1.0"
    printf '%s' "$version"
}

# Prints the digest that the archive must have: NAME. Both the lock and `checksum` must agree where both know it.
wanted_digest() {
    local known given=$INPUT_CHECKSUM pattern='^[0-9a-f]{64}$'
    known=$(locked | sed -n "s/^\([0-9a-f]*\) ${1//./\\.}$/\1/p" | sed -n 1p)
    if [ -n "$given" ]; then
        [[ $given =~ $pattern ]] || refuse "input \`checksum\` is no SHA-256: it takes 64 lower-case hexadecimal digits"
        if [ -n "$known" ] && [ "$known" != "$given" ]; then
            refuse "input \`checksum\` differs from the digest of $1 in action/release.lock"
        fi
    fi
    [ -n "$known$given" ] || refuse "action/release.lock does not know $1: use the action's commit of that release, or give the archive's SHA-256 as \`checksum\`"
    printf '%s' "${known:-$given}"
}

# Prints the action's own repository, which holds its releases.
repository() {
    local name pattern='^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$' path=${GITHUB_ACTION_PATH:-}
    case $path in
        */_actions/*/*/*) path=${path##*/_actions/} path=${path%"${path#*/*/}"} path=${path%/} ;;
        *) path= ;;
    esac
    for name in "${GITHUB_ACTION_REPOSITORY:-}" "${ACTION_REPOSITORY:-}" "$path" rowproof/rowproof; do
        [ -n "$name" ] || continue
        [[ $name =~ $pattern ]] || refuse "the action's repository is \`$name\`, which is no OWNER/NAME"
        printf '%s' "$name"
        return
    done
}

# Prints the SHA-256 of a file.
sha256() {
    if command -v sha256sum >/dev/null; then
        sha256sum <"$1" | cut -c1-64
    else
        shasum -a 256 <"$1" | cut -c1-64
    fi
}

# Puts the archive into a file: NAME VERSION FILE.
obtain() {
    if [ -n "${ROWPROOF_ARCHIVE:-}" ]; then
        cp -- "$ROWPROOF_ARCHIVE" "$3" || refuse "ROWPROOF_ARCHIVE: cannot read $ROWPROOF_ARCHIVE"
        return
    fi
    local url
    url=${GITHUB_SERVER_URL:-https://github.com}/$(repository)/releases/download/v$2/$1
    curl --proto '=https' --tlsv1.2 --retry 3 --location --fail --silent --show-error --output "$3" "$url" ||
        refuse "cannot download $url"
}

# Verifies GitHub's attestation that the release workflow built the archive: FILE.
attest() {
    local missing='' repository
    [ "$INPUT_VERIFY" != off ] || return 0
    if ! command -v gh >/dev/null; then
        missing='gh is not installed'
    elif [ "${GITHUB_SERVER_URL:-https://github.com}" != https://github.com ]; then
        missing='attestations are kept on github.com only'
    elif [ -z "$INPUT_TOKEN" ]; then
        missing='there is no token to ask with'
    elif ! gh attestation --help >/dev/null 2>&1; then
        missing='this gh is too old to know attestations'
    fi
    if [ -n "$missing" ]; then
        [ "$INPUT_VERIFY" = auto ] || refuse "the attestation cannot be verified: $missing"
        say notice "the digest is right; the attestation was not verified: $missing"
        return
    fi
    repository=$(repository)
    GH_TOKEN=$INPUT_TOKEN gh attestation verify "$1" --repo "$repository" \
        --signer-workflow "$repository/.github/workflows/release.yml" >&2 ||
        refuse "the attestation of the archive does not hold, or could not be fetched; \`verify: off\` relies on the digest alone"
}

# Unpacks the program, and nothing else: ARCHIVE NAME FOLDER.
unpack() {
    local folder=${2%.tar.gz} members member program=''
    members=$(tar -tzf "$1") || refuse "$2 is not a readable archive"
    while IFS= read -r member; do
        case $member in
            "$folder/" | "$folder/README.md" | "$folder/LICENSE-MIT" | "$folder/LICENSE-APACHE") ;;
            "$folder/rowproof") program=$member ;;
            *) refuse "$2 holds \`$member\`, which is no file of a release" ;;
        esac
    done <<<"$members"
    [ -n "$program" ] || refuse "$2 holds no $folder/rowproof"
    tar -xzf "$1" -C "$3" --no-same-owner -- "$program" || refuse "$2 cannot be unpacked"
    if [ -L "$3/$program" ] || [ ! -f "$3/$program" ]; then
        refuse "$2: $program is no regular file"
    fi
    mv -- "$3/$program" "$3/rowproof"
    rmdir -- "$3/$folder"
    chmod 755 "$3/rowproof"
}

# What the marker beside an installed program must say: ARCHIVE_DIGEST PROGRAM.
marker() { printf 'archive %s\nprogram %s\n' "$1" "$(sha256 "$2")"; }

# Whether the program that is installed there is still the one that was unpacked: FOLDER ARCHIVE_DIGEST.
intact() {
    local program=$1/rowproof
    [ -f "$program" ] && [ ! -L "$program" ] && [ -x "$program" ] && [ -f "$1/installed" ] &&
        [ "$(cat -- "$1/installed")" = "$(marker "$2" "$program")" ]
}

# Installs into the folder, which appears whole or not at all: FOLDER NAME VERSION DIGEST.
install() {
    local beside found
    mkdir -p -- "${1%/*}"
    part=$(mktemp -d "${1%/*}/part.XXXXXX")
    trap 'rm -rf -- "$part"' EXIT
    obtain "$2" "$3" "$part/archive"
    found=$(sha256 "$part/archive")
    [ "$found" = "$4" ] || refuse "$2 has SHA-256 $found, not $4: nothing was installed"
    attest "$part/archive"
    mkdir -- "$part/new"
    unpack "$part/archive" "$2" "$part/new"
    marker "$4" "$part/new/rowproof" >"$part/new/installed"
    if [ -e "$1" ] || [ -L "$1" ]; then
        mv -- "$1" "$part/old"
    fi
    mv -- "$part/new" "$1"
    # Another job that was faster leaves ours within its own folder.
    beside=$1/new
    [ ! -d "$beside" ] || rm -rf -- "$beside"
    intact "$1" "$4" || refuse "$1 changed while rowproof was being installed; run the job again"
}

# Prints the version that a program tells; ends the step when it does not run here: PROGRAM.
told_version() {
    local told
    told=$("$1" --version) || refuse "$1 does not run on this machine; the Linux releases need glibc 2.28 or newer"
    case $told in
        'rowproof '*) printf '%s' "${told#rowproof }" ;;
    esac
}

# Tells the steps after this one what was installed: PROGRAM VERSION.
tell() {
    output binary "$1"
    output version "$2"
    printf '%s\n' "${1%/*}" >>"${GITHUB_PATH:?}"
}

# Uses the program that ROWPROOF_BIN names.
use_named() {
    local program folder
    if [ ! -x "$ROWPROOF_BIN" ] || [ -d "$ROWPROOF_BIN" ]; then
        refuse "ROWPROOF_BIN: $ROWPROOF_BIN is no program"
    fi
    folder=$(cd -- "$(dirname -- "$ROWPROOF_BIN")" && pwd)
    program=$folder/${ROWPROOF_BIN##*/}
    told=$(told_version "$program")
    tell "$program" "$told"
}

# Uses a release.
use_release() {
    local target version name digest folder
    target=$(platform)
    version=$(wanted_version "$target")
    name=rowproof-$version-$target.tar.gz
    digest=$(wanted_digest "$name")
    folder=${RUNNER_TOOL_CACHE:-${RUNNER_TEMP:?}}/rowproof/$version/${target%%-*}
    if ! intact "$folder" "$digest"; then
        install "$folder" "$name" "$version" "$digest"
    fi
    told=$(told_version "$folder/rowproof")
    if [ -n "$told" ] && [ "$told" != "$version" ]; then
        refuse "$name holds rowproof $told"
    fi
    tell "$folder/rowproof" "$version"
}

one_line version "$INPUT_VERSION"
one_line checksum "$INPUT_CHECKSUM"
one_of verify "$INPUT_VERIFY" auto require off
if [ -n "${ROWPROOF_BIN:-}" ]; then
    use_named
else
    use_release
fi
