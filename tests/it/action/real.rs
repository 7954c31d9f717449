//! The action with the real program, on the demo's pull request.

use super::harness::Runner;
use crate::sandbox::Sandbox;

#[test]
fn the_demo_is_judged() {
    let sandbox = Sandbox::new();
    let mut runner = Runner::new();
    let demo = runner.path("workspace/demo");
    assert_eq!(sandbox.rowproof(&["demo", "--dir", demo.to_str().unwrap()]).code, 0);
    for name in ["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
        if let Ok(value) = std::env::var(name) {
            runner.env(name, &value);
        }
    }
    runner.env("ROWPROOF_BIN", env!("CARGO_BIN_EXE_rowproof"));
    let arguments = [("mode", "run"), ("working-directory", "demo"), ("base", "main"), ("head", "llm-refactor")];
    for (name, value) in arguments {
        runner.input(name, value);
    }
    let ran = runner.run();
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert_eq!((ran.output("verdict"), ran.output("exit-code")), ("fail", "1"));
    assert_eq!(ran.output("version"), env!("CARGO_PKG_VERSION"));
    let report: serde_json::Value = serde_json::from_str(&runner.text("temp/rowproof/report.json")).unwrap();
    assert_eq!((&report["verdict"], &report["policy"]["side"]), (&"fail".into(), &"base".into()));
    assert!(runner.text("summary.md").contains("rows-multiplied"), "{}", runner.text("summary.md"));
    assert_eq!(runner.input("fail-on", "never").run().code, 0);

    // A policy is the base side's, however it is named; one that neither side has is nobody's.
    let ran = runner.input("policy", "rowproof.yml").run();
    assert_eq!((ran.code, ran.output("verdict")), (0, "fail"), "{}", ran.log);
    let report: serde_json::Value = serde_json::from_str(&runner.text("temp/rowproof/report.json")).unwrap();
    assert_eq!((&report["policy"]["path"], &report["policy"]["side"]), (&"rowproof.yml".into(), &"base".into()));
    let ran = runner.input("policy", "gates.yml").run();
    assert_eq!((ran.code, ran.output("verdict")), (2, "error"), "{}", ran.log);
    assert!(ran.log.contains("neither side has a policy gates.yml"), "{}", ran.log);
}

#[test]
fn the_verdict_of_a_report_is_told_and_of_anything_else_is_not() {
    let sandbox = Sandbox::new();
    let demo = sandbox.root().join("demo");
    assert_eq!(sandbox.rowproof(&["demo", "--dir", demo.to_str().unwrap()]).code, 0);
    let judge = ["run", "--base", "main", "--head", "llm-refactor", "--format", "json"];
    let report = &sandbox.rowproof_in(&demo, &judge).stdout;
    sandbox.write("report.json", report);
    let ran = sandbox.rowproof(&["verdict", "report.json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "verdict=fail\nllm-assisted=false\n"), "{}", ran.stderr);
    for (from, to) in [
        ("\"schema_version\": 1", "\"schema_version\": 2"),
        ("\"verdict\": \"fail\",", "\"verdict\": \"fine\","),
        ("\"verdict\": \"fail\",", "\"verdict\": \"skip\","),
        ("\"verdict\": \"fail\",", ""),
        ("\"schema_version\": 1", "\"schema_version\": 1, \"more\": 1"),
    ] {
        sandbox.write("report.json", &report.replacen(from, to, 1));
        let ran = sandbox.rowproof(&["verdict", "report.json"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{from} -> {to}");
        assert!(ran.stderr.contains("report.json"), "{}", ran.stderr);
    }
    assert_eq!(sandbox.rowproof(&["verdict", "none.json"]).code, 2);
}
