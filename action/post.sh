#!/usr/bin/env bash
# Publishes what run.sh made (mode `all`) or another job made (`post`), evaluates the human rules (`review`), or counts the
# budget (`budget`); then says how the step ends. The only script that is given the token, and it runs nothing of the pull
# request.
set -euo pipefail
here=$(cd -- "${BASH_SOURCE[0]%/*}" && pwd)
readonly here
# shellcheck source=action/inputs.sh
. "$here/inputs.sh"

# GitHub takes 1 MiB of summary per step; above it, none of it is shown.
readonly summary_limit=1000000

# The exit code so far, made worse by another: 2 outweighs 1 outweighs 0, and anything else is 2.
worsen() {
    case $1 in
        0) ;;
        1) [ "$CODE" = 2 ] || CODE=1 ;;
        *) CODE=2 ;;
    esac
}

# Runs a command of rowproof with the token: FOLDER ARGUMENT... Its exit code joins CODE.
with_token() {
    local folder=$1 token=$INPUT_TOKEN code=0
    shift
    (
        unset INPUT_TOKEN GITHUB_TOKEN GH_TOKEN
        [ -z "$token" ] || export GITHUB_TOKEN=$token
        cd -- "$folder" && exec "$ROWPROOF_BINARY" "$@"
    ) || code=$?
    worsen "$code"
}

# Puts `verdict` and `llm-assisted` of a report into VERDICT and ASSISTED: FILE.
read_verdict() {
    local told name value
    VERDICT=error
    ASSISTED=
    told=$("$ROWPROOF_BINARY" verdict "$1") || {
        say error "$1 is no report that this version reads"
        CODE=2
        return
    }
    while IFS='=' read -r name value; do
        case $name=$value in
            verdict=pass | verdict=warn | verdict=fail | verdict=error) VERDICT=$value ;;
            llm-assisted=true | llm-assisted=false) ASSISTED=$value ;;
            *) refuse "rowproof verdict says \`$name=$value\`, which this action does not know" ;;
        esac
    done <<<"$told"
    case $VERDICT in
        fail) worsen 1 ;;
        error) worsen 2 ;;
    esac
}

summary_size() { wc -c <"${GITHUB_STEP_SUMMARY:-/dev/null}" | tr -d ' '; }

# Adds a Markdown file to the job's summary, cut at a line where it would be too large: FILE.
summarize() {
    [ -n "${GITHUB_STEP_SUMMARY:-}" ] || return 0
    local room=$((summary_limit - $(summary_size)))
    if [ "$(wc -c <"$1")" -le "$room" ]; then
        cat -- "$1" >>"$GITHUB_STEP_SUMMARY"
    elif [ "$room" -gt 0 ]; then
        {
            head -c "$room" -- "$1" | sed '$d'
            printf '\n\nCut here: a summary holds 1 MiB. The report has the rest.\n'
        } >>"$GITHUB_STEP_SUMMARY"
    fi
}

# Puts the arguments that tell which project and policy are meant into PROJECT: none for the project at the root.
# Several projects of one repository have a comment and a check run each.
name_project() {
    local folder=$INPUT_WORKING_DIRECTORY
    PROJECT=()
    folder=${folder#"${GITHUB_WORKSPACE:?}"}
    folder=${folder#/}
    folder=${folder#./}
    folder=${folder%/}
    case $folder in
        '' | .) ;;
        *) PROJECT=("--project-dir=$folder" "--key=$folder") ;;
    esac
    [ -z "$INPUT_POLICY" ] || PROJECT+=("--policy=$(policy)")
}

# Prints the folder to work in: that of the project, or the workspace where nothing was checked out.
place_of_work() {
    if [ -d "$GITHUB_WORKSPACE/${INPUT_WORKING_DIRECTORY:-.}" ] || [ -d "${INPUT_WORKING_DIRECTORY:-.}" ]; then
        project_folder
    else
        case $INPUT_MODE in
            post | review | budget) printf '%s' "$GITHUB_WORKSPACE" ;;
            *) project_folder ;;
        esac
    fi
}

# Mode `all` and `run`: the report of run.sh, published when asked for.
conclude_run() {
    local before
    worsen "$RUN_EXIT_CODE"
    before=$(summary_size)
    if [ -n "$RUN_REPORT" ]; then
        read_verdict "$RUN_REPORT"
        if [ "$INPUT_MODE" = all ] && [ "${GITHUB_EVENT_NAME:-}" = pull_request ]; then
            with_token "$FOLDER" post "$RUN_REPORT" "--comment=$INPUT_COMMENT" ${PROJECT[@]+"${PROJECT[@]}"}
        fi
    fi
    # `post` writes the summary itself.
    if [ -n "$RUN_MARKDOWN" ] && [ "$(summary_size)" = "$before" ]; then
        summarize "$RUN_MARKDOWN"
    fi
}

# Mode `post`: a report of another job, which is not trusted.
conclude_post() {
    RUN_REPORT=$(report_path "$FOLDER")
    [ -f "$RUN_REPORT" ] && [ ! -L "$RUN_REPORT" ] || refuse "there is no report $RUN_REPORT; download the artifact to there first, or set \`report\`"
    read_verdict "$RUN_REPORT"
    with_token "$FOLDER" post "$RUN_REPORT" "--comment=$INPUT_COMMENT" ${PROJECT[@]+"${PROJECT[@]}"} ${ARGS[@]+"${ARGS[@]}"}
}

# Mode `review`: there is no report; the exit code is the verdict.
conclude_review() {
    with_token "$FOLDER" review ${PROJECT[@]+"${PROJECT[@]}"} ${ARGS[@]+"${ARGS[@]}"}
    case $CODE in
        0) VERDICT=pass ;;
        1) VERDICT=fail ;;
    esac
}

# Mode `budget`: the count of a period, its picture, and the same for a browser.
conclude_budget() {
    local report stem file
    report=$(report_path "$FOLDER")
    stem=${report%.json}
    for file in "$report" "$stem.html" "$stem.svg"; do
        check_place "$file" report
        # A report of an earlier run must not pass for this one's.
        rm -f -- "$file"
    done
    mkdir -p -- "${report%/*}"
    with_token "$FOLDER" budget "--output=$report" "--output=$stem.html" "--output=$stem.svg" \
        ${PROJECT[@]+"${PROJECT[@]}"} ${ARGS[@]+"${ARGS[@]}"}
    if [ -f "$report" ]; then
        RUN_REPORT=$report
    elif [ "$CODE" != 2 ]; then
        say error "rowproof ended with exit code $CODE and wrote no report"
        CODE=2
    fi
    case $CODE in
        0) VERDICT=pass ;;
        1) VERDICT=fail ;;
    esac
}

# The exit code of the step: CODE, as `fail-on` weighs it.
weighed() {
    case $INPUT_FAIL_ON:$CODE in
        never:1) echo 0 ;;
        warning:0) if [ "$VERDICT" = warn ]; then echo 1; else echo 0; fi ;;
        *) echo "$CODE" ;;
    esac
}

check_words
FOLDER=$(place_of_work)
name_project
CODE=0
VERDICT=error
ASSISTED=
read_args
case $INPUT_MODE in
    all | run) conclude_run ;;
    post) conclude_post ;;
    review) conclude_review ;;
    budget) conclude_budget ;;
esac
output verdict "$VERDICT"
output exit-code "$CODE"
output report "$RUN_REPORT"
output sarif "$RUN_SARIF"
output llm-assisted "$ASSISTED"
exit "$(weighed)"
