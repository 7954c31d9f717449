# shellcheck shell=bash
# How the scripts of the action refuse, answer, and look at their inputs. Sourced by them, never run.
#
# Everything here runs in bash 3.2, which macOS has.

# Neither these scripts nor what they start take code from the environment.
unset BASH_ENV ENV CDPATH GLOBIGNORE

# Escapes a text for a workflow command, so that an input cannot start a command of its own.
escaped() {
    local text=$1
    text=${text//'%'/%25}
    text=${text//$'\r'/%0D}
    printf '%s' "${text//$'\n'/%0A}"
}

say() { printf '::%s title=rowproof::%s\n' "$1" "$(escaped "$2")"; }

# Ends the step: asked wrongly, or could not be done. On standard error, where the runner reads commands too, because
# standard output is often being captured.
refuse() {
    say error "$1" >&2
    exit 2
}

if [ -n "$(declare -Fx)" ]; then
    refuse 'the environment holds exported bash functions (BASH_FUNC_...); unset them before this step'
fi

# Writes one output of the step: NAME VALUE.
output() {
    one_line "$1" "$2"
    printf '%s=%s\n' "$1" "$2" >>"${GITHUB_OUTPUT:?}"
}

# Refuses a VALUE of several lines: NAME VALUE.
one_line() {
    case $2 in
        *$'\n'* | *$'\r'*) refuse "\`$1\` has more than one line" ;;
    esac
}

# Refuses a value that is none of the words: NAME VALUE WORD...
one_of() {
    local name=$1 value=$2 word
    shift 2
    for word in "$@"; do
        [ "$value" != "$word" ] || return 0
    done
    refuse "input \`$name\` is \`$value\`; it takes: $*"
}

# The inputs that both `run.sh` and `post.sh` go by.
check_words() {
    one_of mode "$INPUT_MODE" all run post review budget
    one_of comment "$INPUT_COMMENT" auto always failure never
    one_of fail-on "$INPUT_FAIL_ON" error warning never
    one_line working-directory "$INPUT_WORKING_DIRECTORY"
    one_line report "$INPUT_REPORT"
    if [ ! -x "${ROWPROOF_BINARY:-}" ]; then
        refuse 'rowproof is not installed: the step before this one did not name its binary'
    fi
}

# Prints the project's folder: working-directory, from the workspace.
project_folder() {
    local folder=${INPUT_WORKING_DIRECTORY:-.}
    case $folder in
        /*) ;;
        *) folder=${GITHUB_WORKSPACE:?}/$folder ;;
    esac
    (cd -- "$folder" 2>/dev/null && pwd) || refuse "input \`working-directory\`: there is no folder $folder"
}

# Prints what `--policy` is given: a file of the base side, unless it stands outside the workspace, where no pull
# request reaches it.
policy() {
    local file=$INPUT_POLICY workspace=${GITHUB_WORKSPACE:?}
    case $file in
        "$workspace"/*) file=${file#"$workspace"/} ;;
        /*)
            printf '%s' "$file"
            return
            ;;
    esac
    printf 'base:%s' "${file#./}"
}

# Prints where a file of an input is: FOLDER PATH.
located() {
    case $2 in
        /*) printf '%s' "$2" ;;
        *) printf '%s/%s' "$1" "$2" ;;
    esac
}

# Prints the path of the report: FOLDER.
report_path() {
    local name=report
    [ "$INPUT_MODE" != budget ] || name=budget
    case $INPUT_REPORT in
        '') printf '%s' "${RUNNER_TEMP:?}/rowproof/$name.json" ;;
        *.json) located "$1" "$INPUT_REPORT" ;;
        *) refuse "input \`report\` is \`$INPUT_REPORT\`; its name must end in .json" ;;
    esac
}

# Refuses a file to write: PATH INPUT_NAME. A path within the workspace must not leave it through a symbolic link, which
# the pull request may have made.
check_place() {
    local folder=${1%/*} real workspace
    [ ! -d "$1" ] || refuse "input \`$2\`: $1 is a folder"
    [ "${1#"${GITHUB_WORKSPACE:?}"/}" != "$1" ] || return 0
    workspace=$(cd -P -- "$GITHUB_WORKSPACE" && pwd -P)
    while [ ! -e "$folder" ] && [ ! -L "$folder" ]; do
        folder=${folder%/*}
    done
    real=$(cd -P -- "$folder" 2>/dev/null && pwd -P) || refuse "input \`$2\`: $folder is no folder"
    case $real/ in
        "$workspace"/*) ;;
        *) refuse "input \`$2\`: $folder leads out of the workspace" ;;
    esac
}

# Puts the lines of `args` into the array ARGS. They are words for the program, never code.
read_args() {
    ARGS=()
    local line
    while IFS= read -r line || [ -n "$line" ]; do
        line=${line%$'\r'}
        [ -z "$line" ] || ARGS+=("$line")
    done <<<"${INPUT_ARGS:-}"
}
