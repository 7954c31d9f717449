//! `action/run.sh`: what reaches `rowproof run`, and what it leaves.

use super::harness::Runner;
use std::process::Command;

fn git(folder: &std::path::Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@rowproof.invalid", "-c", "init.defaultBranch=main"])
        .args(args)
        .current_dir(folder)
        .env_remove("GIT_DIR")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn by_default_it_judges_what_the_event_says() {
    let runner = Runner::new();
    let ran = runner.run();
    assert_eq!(ran.code, 0, "{}", ran.log);
    let told = runner.told("run").unwrap();
    assert_eq!(told[..2], ["run", "--format=github"]);
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(told[2].ends_with("/report.json") && told[3].ends_with("/report.md"), "{told:?}");
    assert_eq!(ran.output("verdict"), "pass");
    assert_eq!(ran.output("exit-code"), "0");
    assert_eq!(ran.output("report"), runner.path("temp/rowproof/report.json").to_str().unwrap());
    assert_eq!(ran.output("sarif"), "");
    assert_eq!(ran.output("llm-assisted"), "false");
    assert_eq!(ran.output("version"), "9.9.9");
    assert_eq!(runner.text("temp/rowproof/report.json"), "face of json\n");
    assert_eq!(runner.text("summary.md"), "face of md\n");
    assert!(ran.log.contains("::notice title=stub::run"), "the annotations reach the log");
}

#[test]
fn each_input_reaches_the_program() {
    let mut runner = Runner::new();
    std::fs::create_dir_all(runner.path("workspace/data/dbt")).unwrap();
    runner
        .input("policy", "ci/gates.yml")
        .input("base", "main")
        .input("head", "topic")
        .input("working-directory", "data/dbt")
        .input("report", "out/result.json")
        .input("sarif", "out/result.sarif")
        .input("args", "--select=orders\n\n--gates\nparse,safety\r\n")
        .input("mode", "run");
    let ran = runner.run();
    assert_eq!(ran.code, 0, "{}", ran.log);
    let told = runner.told("run").unwrap();
    let folder = runner.path("workspace/data/dbt");
    let end = ["--base=main", "--head=topic", "--policy=base:ci/gates.yml"].map(str::to_owned);
    assert_eq!(told[5..8], end);
    assert_eq!(
        told[8..],
        [
            format!("--project-dir={}", folder.display()),
            "--select=orders".into(),
            "--gates".into(),
            "parse,safety".into()
        ]
    );
    assert_eq!(runner.text("stub/run.pwd").trim(), folder.to_str().unwrap());
    assert_eq!(ran.output("report"), folder.join("out/result.json").to_str().unwrap());
    assert_eq!(ran.output("sarif"), folder.join("out/result.sarif").to_str().unwrap());
    assert_eq!(runner.text("workspace/data/dbt/out/result.sarif"), "face of sarif\n");
    assert!(runner.told("post").is_none(), "mode run publishes nothing");
}

#[test]
fn a_policy_of_the_workspace_is_the_base_sides() {
    let mut runner = Runner::new();
    let inside = runner.path("workspace/ci/p.yml");
    for (given, told) in [
        ("./rowproof.yml", "--policy=base:rowproof.yml"),
        (inside.to_str().unwrap(), "--policy=base:ci/p.yml"),
        ("/etc/rowproof.yml", "--policy=/etc/rowproof.yml"),
    ] {
        assert_eq!(runner.input("policy", given).run().code, 0);
        assert!(runner.told("run").unwrap().contains(&told.to_owned()), "{given}");
    }
}

#[test]
fn words_that_are_none_are_refused() {
    for (name, value, known) in [
        ("mode", "analyze", "all run post review"),
        ("comment", "sometimes", "auto always failure never"),
        ("fail-on", "", "error warning never"),
        ("report", "report.txt", "must end in .json"),
        ("sarif", "found.json", "must end in .sarif"),
        ("working-directory", "not/there", "there is no folder"),
    ] {
        let mut runner = Runner::new();
        runner.input(name, value).run().refused(known);
        assert!(runner.told("run").is_none(), "{name}");
    }
}

#[test]
fn fail_on_weighs_the_verdict() {
    for (code, verdict, error, warning, never) in [
        (0, "pass", 0, 0, 0),
        (0, "warn", 0, 1, 0),
        (1, "fail", 1, 1, 0),
        (2, "error", 2, 2, 2),
        (139, "pass", 2, 2, 2),
        // What contradicts itself is never the better of the two.
        (0, "fail", 1, 1, 0),
        (0, "error", 2, 2, 2),
    ] {
        for mode in ["run", "all"] {
            for (fail_on, expected) in [("error", error), ("warning", warning), ("never", never)] {
                let mut runner = Runner::new();
                runner.says(verdict, true);
                runner.ends("run", code);
                let ran = runner.input("fail-on", fail_on).input("mode", mode).run();
                assert_eq!(ran.code, expected, "{code} {verdict} {fail_on} {mode}: {}", ran.log);
                assert_eq!(ran.output("verdict"), verdict);
                assert_eq!(ran.output("llm-assisted"), "true");
            }
        }
    }
}

#[test]
fn no_report_is_no_pass() {
    for (code, fail_on) in [(0, "never"), (1, "never"), (2, "error")] {
        let mut runner = Runner::new();
        std::fs::write(runner.path("stub/silent"), "").unwrap();
        std::fs::create_dir(runner.path("temp/rowproof")).unwrap();
        std::fs::write(runner.path("temp/rowproof/report.json"), "of an earlier run").unwrap();
        runner.ends("run", code);
        let ran = runner.input("fail-on", fail_on).run();
        assert_eq!((ran.code, ran.output("verdict"), ran.output("exit-code")), (2, "error", "2"), "{}", ran.log);
        assert_eq!((ran.output("report"), ran.output("llm-assisted")), ("", ""));
        assert!(runner.told("post").is_none());
    }
    let runner = Runner::new();
    std::fs::write(runner.path("stub/verdict"), "verdict=skip\n").unwrap();
    runner.run().refused("does not know");
}

#[test]
fn a_shallow_clone_is_completed() {
    let mut runner = Runner::new();
    let origin = runner.path("temp").join("origin");
    std::fs::create_dir(&origin).unwrap();
    git(&origin, &["init", "--quiet"]);
    for message in ["one", "two", "three"] {
        git(&origin, &["commit", "--quiet", "--allow-empty", "-m", message]);
    }
    let base = git(&origin, &["rev-parse", "HEAD"]);
    git(&origin, &["checkout", "--quiet", "--orphan", "topic"]);
    git(&origin, &["commit", "--quiet", "--allow-empty", "-m", "topic"]);
    git(&origin, &["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let workspace = runner.path("workspace");
    let url = format!("file://{}", origin.display());
    git(&workspace, &["clone", "--quiet", "--depth=1", "--single-branch", &url, "."]);
    assert_eq!(git(&workspace, &["rev-list", "--count", "HEAD"]), "1");
    runner.github.insert("event.pull_request.base.sha".to_owned(), base.clone());
    let ran = runner.run();
    assert_eq!(ran.code, 0, "{}", ran.log);
    assert_eq!(git(&workspace, &["rev-parse", "--is-shallow-repository"]), "false");
    assert_eq!(git(&workspace, &["rev-list", "--count", &base]), "3");

    git(&workspace, &["remote", "remove", "origin"]);
    runner.github.insert("event.pull_request.head.sha".to_owned(), "0123456789".repeat(4));
    let ran = runner.run();
    assert_eq!(ran.code, 0, "rowproof itself says what it lacks: {}", ran.log);
    assert!(ran.log.contains("could not be fetched"), "{}", ran.log);
}
