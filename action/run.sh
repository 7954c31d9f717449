#!/usr/bin/env bash
# Judges the pull request, in the modes `all` and `run`: writes the report, its SARIF and the annotations of the log.
# How the step ends is left to post.sh; here only what was asked wrongly ends it.
set -euo pipefail
here=$(cd -- "${BASH_SOURCE[0]%/*}" && pwd)
readonly here
# shellcheck source=action/inputs.sh
. "$here/inputs.sh"

# Whether a variable stays away from the process that judges. It runs SQL of strangers: it gets no token, no secret, and
# none of the files by which a step speaks to the runner.
withheld() {
    shopt -s nocasematch
    case $1 in
        INPUT_* | RUN_* | ACTIONS_* | GITHUB_ENV | GITHUB_PATH | GITHUB_OUTPUT | GITHUB_STATE | GITHUB_STEP_SUMMARY) return 0 ;;
        *TOKEN* | *SECRET* | *PASSWORD* | *PASSWD* | *PASSPHRASE* | *CREDENTIAL* | *PRIVATE*KEY* | *_KEY | *_PAT) return 0 ;;
        *API_KEY* | *ACCESS_KEY* | SSH_AUTH_SOCK | *ASKPASS) return 0 ;;
    esac
    return 1
}

# Puts what the process that judges may know into the array KEPT, as NAME=VALUE.
keep_environment() {
    local name
    KEPT=()
    for name in $(compgen -e); do
        (withheld "$name") || KEPT+=("$name=${!name}")
    done
}

# Completes a shallow clone, and fetches the two commits where they are missing: FOLDER. What cannot be fetched is not
# told here: rowproof tells what it lacks, and what to do.
complete_history() {
    local sha pattern='^([0-9a-f]{40}|[0-9a-f]{64})$'
    local git=(git -C "$1" -c core.hooksPath=/dev/null -c protocol.ext.allow=never)
    command -v git >/dev/null || return 0
    export GIT_TERMINAL_PROMPT=0
    if [ "$("${git[@]}" rev-parse --is-shallow-repository 2>/dev/null || echo unknown)" = true ]; then
        "${git[@]}" fetch --quiet --no-tags --no-recurse-submodules --unshallow origin >/dev/null 2>&1 ||
            say notice "the clone is shallow and could not be completed; \`fetch-depth: 0\` of actions/checkout brings all of it"
    fi
    for sha in "$EVENT_BASE" "$EVENT_HEAD" "$INPUT_BASE" "$INPUT_HEAD"; do
        [[ $sha =~ $pattern ]] || continue
        if ! "${git[@]}" cat-file -e "$sha^{commit}" 2>/dev/null; then
            "${git[@]}" fetch --quiet --no-tags --no-recurse-submodules origin "$sha" >/dev/null 2>&1 ||
                say notice "commit $sha is not in the clone and could not be fetched"
        fi
    done
}

# Moves a file to its place, over whatever file or link is there: FILE PATH.
place() {
    mkdir -p -- "${2%/*}"
    mv -f -- "$1" "$2"
}

# Runs rowproof: FOLDER SCRATCH. Its exit code is put into CODE.
judge() {
    local arguments=(run --format=github "--output=$2/report.json" "--output=$2/report.md")
    [ -z "$INPUT_SARIF" ] || arguments+=("--output=$2/report.sarif")
    [ -z "$INPUT_BASE" ] || arguments+=("--base=$INPUT_BASE")
    [ -z "$INPUT_HEAD" ] || arguments+=("--head=$INPUT_HEAD")
    [ -z "$INPUT_POLICY" ] || arguments+=("--policy=$(policy)")
    [ "$1" = "$(cd -- "${GITHUB_WORKSPACE:?}" && pwd)" ] || arguments+=("--project-dir=$1")
    read_args
    arguments+=(${ARGS[@]+"${ARGS[@]}"})
    keep_environment
    CODE=0
    (cd -- "$1" && exec env -i "${KEPT[@]}" "$ROWPROOF_BINARY" "${arguments[@]}") || CODE=$?
    case $CODE in
        0 | 1 | 2) ;;
        *)
            say error "rowproof ended with exit code $CODE, which is none of its own"
            CODE=2
            ;;
    esac
}

# Judges, and hands the files on.
run() {
    local folder scratch report sarif
    folder=$(project_folder)
    report=$(report_path "$folder")
    sarif=
    case $INPUT_SARIF in
        '') ;;
        *.sarif) sarif=$(located "$folder" "$INPUT_SARIF") ;;
        *) refuse "input \`sarif\` is \`$INPUT_SARIF\`; its name must end in .sarif" ;;
    esac
    check_place "$report" report
    [ -z "$sarif" ] || check_place "$sarif" sarif
    # A report of an earlier run must not pass for this one's.
    rm -f -- "$report" ${sarif:+"$sarif"}
    complete_history "$folder"
    scratch=$(mktemp -d "${RUNNER_TEMP:?}/rowproof.XXXXXX")
    judge "$folder" "$scratch"
    if [ -f "$scratch/report.json" ]; then
        place "$scratch/report.json" "$report"
        output report "$report"
    elif [ "$CODE" != 2 ]; then
        say error "rowproof ended with exit code $CODE and wrote no report"
        CODE=2
    fi
    if [ -f "$scratch/report.md" ]; then
        output markdown "$scratch/report.md"
    fi
    if [ -n "$sarif" ] && [ -f "$scratch/report.sarif" ]; then
        place "$scratch/report.sarif" "$sarif"
        output sarif "$sarif"
    fi
    output exit-code "$CODE"
}

check_words
one_line policy "$INPUT_POLICY"
one_line base "$INPUT_BASE"
one_line head "$INPUT_HEAD"
one_line sarif "$INPUT_SARIF"
case $INPUT_MODE in
    all | run) run ;;
esac
