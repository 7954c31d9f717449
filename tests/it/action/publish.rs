//! `action/post.sh`: what is published, by which mode, and how the step ends.

use super::harness::Runner;

fn token(runner: &Runner, command: &str) -> Vec<String> {
    runner.environment(command).into_iter().filter(|v| v.contains("ghs_secret")).collect()
}

#[test]
fn all_publishes_on_pull_requests_only() {
    let mut runner = Runner::new();
    let ran = runner.input("comment", "failure").input("args", "--select=orders").run();
    assert_eq!(ran.code, 0, "{}", ran.log);
    let report = runner.path("temp/rowproof/report.json");
    assert_eq!(runner.told("post").unwrap(), ["post", report.to_str().unwrap(), "--comment=failure"]);
    assert_eq!(token(&runner, "post"), ["GITHUB_TOKEN=ghs_secret"]);
    for event in ["merge_group", "push", "schedule", "pull_request_target"] {
        let mut runner = Runner::new();
        assert_eq!(runner.env("GITHUB_EVENT_NAME", event).run().code, 0);
        assert!(runner.told("run").is_some() && runner.told("post").is_none(), "{event}");
    }
}

#[test]
fn a_failure_is_published_too_and_the_worst_code_stays() {
    for (run, post, verdict, expected) in [
        (1, 1, "fail", 1),
        (1, 0, "fail", 1),
        (0, 2, "pass", 2),
        (1, 2, "fail", 2),
        (2, 2, "error", 2),
        (2, 0, "error", 2),
    ] {
        let runner = Runner::new();
        runner.says(verdict, false);
        runner.ends("run", run);
        runner.ends("post", post);
        let ran = runner.run();
        assert!(runner.told("post").is_some(), "run {run}, post {post}");
        assert_eq!(ran.code, expected, "run {run}, post {post}: {}", ran.log);
        assert_eq!(ran.output("exit-code"), expected.to_string());
        assert_eq!(ran.output("verdict"), verdict);
    }
}

/// Nothing is checked out where `review` runs: the folder is only a name.
#[test]
fn project_and_policy_are_named() {
    let mut runner = Runner::new();
    runner.input("mode", "review").input("working-directory", "./analytics/").input("policy", "gates.yml");
    let ran = runner.run();
    assert_eq!(ran.code, 0, "{}", ran.log);
    let expected = ["review", "--project-dir=analytics", "--key=analytics", "--policy=base:gates.yml"];
    assert_eq!(runner.told("review").unwrap(), expected);
}

#[test]
fn post_publishes_a_report_of_another_job() {
    let mut runner = Runner::new();
    runner.input("mode", "post");
    runner.run().refused("there is no report");
    std::fs::create_dir(runner.path("temp/rowproof")).unwrap();
    let report = runner.path("temp/rowproof/report.json");
    std::fs::write(&report, "{}").unwrap();
    runner.says("fail", true);
    runner.ends("post", 1);
    let ran = runner.input("args", "--comment\nalways").run();
    assert_eq!(
        runner.told("post").unwrap(),
        ["post", report.to_str().unwrap(), "--comment=auto", "--comment", "always"]
    );
    assert!(runner.told("run").is_none(), "nothing is judged");
    assert_eq!((ran.code, ran.output("verdict"), ran.output("llm-assisted")), (1, "fail", "true"));
    assert_eq!(ran.output("report"), report.to_str().unwrap());
    assert_eq!(runner.input("fail-on", "never").run().code, 0);
    std::fs::remove_file(&report).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", &report).unwrap();
    runner.run().refused("there is no report");
}

#[test]
fn review_evaluates_the_human_rules() {
    for (code, verdict) in [(0, "pass"), (1, "fail"), (2, "error")] {
        let mut runner = Runner::new();
        runner.ends("review", code);
        let ran = runner.input("mode", "review").input("args", "--pr=7").run();
        assert_eq!(runner.told("review").unwrap(), ["review", "--pr=7"]);
        assert!(runner.told("run").is_none() && runner.told("post").is_none());
        assert_eq!((ran.code, ran.output("verdict")), (i32::from(code), verdict));
        assert_eq!((ran.output("report"), ran.output("llm-assisted")), ("", ""));
        assert_eq!(token(&runner, "review"), ["GITHUB_TOKEN=ghs_secret"]);
    }
}

#[test]
fn budget_counts_a_period_and_leaves_its_report() {
    for (code, verdict) in [(0, "pass"), (1, "fail"), (2, "error")] {
        let mut runner = Runner::new();
        runner.ends("budget", code);
        let args = "--labels\n\n\n--quarter=2026-Q3\n\n--issue\n";
        let ran = runner.env("GITHUB_EVENT_NAME", "schedule").input("mode", "budget").input("args", args).run();
        let at = |ending: &str| runner.path(&format!("temp/rowproof/budget.{ending}")).to_str().unwrap().to_owned();
        let mut expected = vec!["budget".to_owned()];
        expected.extend(["json", "html", "svg"].map(|ending| format!("--output={}", at(ending))));
        expected.extend(["--labels", "--quarter=2026-Q3", "--issue"].map(str::to_owned));
        assert_eq!(runner.told("budget").unwrap(), expected);
        assert!(["run", "post", "review"].iter().all(|c| runner.told(c).is_none()), "nothing is judged");
        assert_eq!((ran.code, ran.output("verdict")), (i32::from(code), verdict), "{}", ran.log);
        assert_eq!((ran.output("report"), ran.output("llm-assisted")), (at("json").as_str(), ""));
        assert_eq!(runner.text("temp/rowproof/budget.svg"), "face of svg\n");
        assert_eq!(token(&runner, "budget"), ["GITHUB_TOKEN=ghs_secret"]);
        assert_eq!(runner.input("fail-on", "never").run().code, if code == 2 { 2 } else { 0 });
    }
}

#[test]
fn the_budget_is_told_which_project_and_where_to_write() {
    let mut runner = Runner::new();
    runner.input("mode", "budget").input("working-directory", "analytics").input("policy", "gates.yml");
    let ran = runner.input("report", "out/quarter.json").run();
    assert_eq!(ran.code, 0, "{}", ran.log);
    let told = runner.told("budget").unwrap();
    assert_eq!(told[4..], ["--project-dir=analytics", "--key=analytics", "--policy=base:gates.yml"]);
    assert!(ran.output("report").ends_with("/out/quarter.json") && told[3].ends_with("/out/quarter.svg"), "{told:?}");
    runner.input("report", "quarter.txt").run().refused("must end in .json");

    // What an earlier run left does not pass for this one's.
    let runner = &mut Runner::new();
    runner.input("mode", "budget");
    assert_eq!(runner.run().code, 0);
    std::fs::write(runner.path("stub/silent"), "").unwrap();
    let ran = runner.run();
    assert_eq!((ran.code, ran.output("report")), (2, ""), "{}", ran.log);
    assert!(ran.log.contains("wrote no report"), "{}", ran.log);
    runner.ends("budget", 2);
    assert_eq!(runner.run().output("verdict"), "error");
}

/// Neither in the environment of the program that judges nor in that of what started it, which it could read.
#[test]
fn whatever_judges_sees_no_token() {
    let mut runner = Runner::new();
    let secrets = [
        "GITHUB_TOKEN",
        "GH_TOKEN",
        "INPUT_TOKEN",
        "ROWPROOF_TOKEN",
        "ACTIONS_RUNTIME_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "MY_SECRET",
        "DB_PASSWORD",
        "AWS_SECRET_ACCESS_KEY",
        "api_key",
        "npm_token",
    ];
    for name in secrets {
        runner.env(name, "ghs_secret");
    }
    runner.env("DBT_TARGET", "ci\nsecond line").env("INPUT_REPORT", "x").env("ODD-NAME", "ghs_secret");
    let ran = runner.run();
    assert_eq!(ran.code, 0, "{}", ran.log);
    assert!(token(&runner, "run").is_empty(), "{:?}", token(&runner, "run"));
    let kept = runner.environment("run");
    assert!(kept.contains(&"DBT_TARGET=ci\nsecond line".to_owned()), "{kept:?}");
    assert!(kept.iter().any(|v| v.starts_with("PATH=")) && kept.contains(&"GITHUB_ACTIONS=true".to_owned()));
    let names: Vec<&str> = kept.iter().filter_map(|v| v.split_once('=')).map(|v| v.0).collect();
    for name in ["GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "INPUT_REPORT"] {
        assert!(!names.contains(&name), "{name} is withheld");
    }
    let published: Vec<String> = token(&runner, "post");
    for name in ["GITHUB_TOKEN", "MY_SECRET"] {
        assert!(published.contains(&format!("{name}=ghs_secret")), "{published:?}");
    }
    assert!(!published.iter().any(|v| v.starts_with("GH_TOKEN=") || v.starts_with("INPUT_TOKEN=")), "{published:?}");
}

#[test]
fn the_token_of_the_input_does_not_reach_the_parent_of_what_judges() {
    let runner = Runner::new();
    assert_eq!(runner.run().code, 0);
    if cfg!(target_os = "linux") {
        assert!(runner.text("stub/run.parent").contains("GITHUB_WORKSPACE="));
        assert!(!runner.text("stub/run.parent").contains("ghs_secret"));
    }
}

#[test]
fn the_summary_is_written_once_and_within_its_limit() {
    let runner = Runner::new();
    assert_eq!(runner.run().code, 0);
    assert_eq!(runner.run().code, 0);
    assert_eq!(runner.text("summary.md"), "face of md\n".repeat(2));

    // When `post` writes it, run's text does not follow.
    let runner = Runner::new();
    let stub = runner.text("rowproof/rowproof");
    let stub = stub.replacen("echo \"::", "[ $1 != post ] || echo posted >>\"$GITHUB_STEP_SUMMARY\"\necho \"::", 1);
    runner.script("rowproof/rowproof", &stub);
    assert_eq!(runner.run().code, 0);
    assert_eq!(runner.text("summary.md"), "posted\n");

    let runner = Runner::new();
    let stub = runner.text("rowproof/rowproof");
    let stub =
        stub.replacen("printf 'face of %s\\n' \"${argument##*.}\"", "yes 'wörds of a report, é' | head -n 70000", 1);
    runner.script("rowproof/rowproof", &stub);
    assert_eq!(runner.run().code, 0);
    let summary = runner.text("summary.md");
    assert!(summary.len() < 1 << 20 && summary.len() > 900_000, "{}", summary.len());
    assert!(summary.ends_with("The report has the rest.\n"));
    assert!(summary.lines().next_back().is_some_and(|l| l.starts_with("Cut here")));
}
