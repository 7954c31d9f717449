//! Inputs that try to be more than words, and workspaces that try to lead elsewhere.

use super::harness::{Runner, action, nowhere};

#[test]
fn no_input_is_ever_run() {
    let names: Vec<String> = action()["inputs"].as_object().unwrap().keys().cloned().collect();
    let attacks = [
        "$(touch pwned)",
        "`touch pwned`",
        "; touch pwned;",
        "'; touch pwned; '",
        "\"; touch pwned; \"",
        "x\ntouch pwned",
        "x\nverdict=pass\n::set-env name=A::b",
        "a[$(touch pwned)]",
        "--output=pwned",
        "%0A::error::x",
    ];
    for name in &names {
        for attack in attacks {
            // An option is what `args` is for.
            let modes: &[&str] = match name.as_str() {
                "args" if attack.starts_with("--") => &[],
                "args" | "report" | "working-directory" => &["all", "post", "review", "budget"],
                "policy" => &["all", "budget"],
                _ => &["all"],
            };
            for mode in modes {
                let mut runner = Runner::new();
                let ran = runner.input("mode", mode).input(name, attack).run();
                assert!(nowhere(&runner.path(""), "pwned"), "{name}: {attack}");
                assert!([0, 2].contains(&ran.code), "{name}: {attack}: {}", ran.log);
                let forged = ran.log.lines().any(|l| l.starts_with("::set-env") || l.starts_with("::error::x"));
                assert!(!forged, "{name}: {attack}: {}", ran.log);
            }
        }
    }
}

#[test]
fn the_installer_takes_no_path_for_a_version() {
    for version in
        ["../../x", "1.2", "1.2.3/..", "1.2.3-", "1.2.3-a/b", "1.2.3 ", "$(touch pwned)", "1.2.3\n4.5.6", "v1.2.3"]
    {
        let mut runner = Runner::new();
        runner.env.remove("ROWPROOF_BIN");
        runner.input("version", version).input("checksum", &"a".repeat(64)).run().refused("version");
        assert!(nowhere(&runner.path(""), "pwned") && nowhere(&runner.path("tools"), "rowproof"));
    }
    for checksum in ["A", &"A".repeat(64), &"a".repeat(63), &format!("{}\n", "a".repeat(64)), "$(touch pwned)"] {
        let mut runner = Runner::new();
        runner.env.remove("ROWPROOF_BIN");
        runner.input("version", "1.2.3").input("checksum", checksum).run().refused("checksum");
    }
    let mut runner = Runner::new();
    runner.env.remove("ROWPROOF_BIN");
    runner.env("GITHUB_ACTION_REPOSITORY", "a/b/../c").env("GITHUB_SERVER_URL", "https://git.invalid");
    runner.input("version", "1.2.3").input("checksum", &"a".repeat(64)).run().refused("no OWNER/NAME");
}

#[test]
fn options_stay_values() {
    let mut runner = Runner::new();
    runner.input("base", "--output=/tmp/x").input("head", "-h").input("policy", "--exit-zero").run();
    let told = runner.told("run").unwrap();
    assert_eq!(told[4..], ["--base=--output=/tmp/x", "--head=-h", "--policy=base:--exit-zero"]);
}

#[test]
fn args_are_one_word_a_line() {
    let mut runner = Runner::new();
    runner.input("args", "--select=a b\n  --gates=*\n\n$HOME").run();
    assert_eq!(runner.told("run").unwrap()[4..], ["--select=a b", "  --gates=*", "$HOME"]);
}

#[test]
fn a_link_of_the_pull_request_does_not_lead_out_of_the_workspace() {
    let mut runner = Runner::new();
    let outside = runner.path("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("report.json"), "precious").unwrap();
    std::os::unix::fs::symlink(&outside, runner.path("workspace/out")).unwrap();
    for report in ["out/report.json", "out/deeper/report.json", "./out/../out/report.json"] {
        runner.input("report", report).run().refused("leads out of the workspace");
    }
    runner.input("report", "").input("sarif", "out/r.sarif").run().refused("leads out of the workspace");
    assert!(runner.told("run").is_none());
    assert_eq!(std::fs::read_to_string(outside.join("report.json")).unwrap(), "precious");

    runner.input("sarif", "").input("mode", "budget").input("report", "out/budget.json");
    runner.run().refused("leads out of the workspace");
    assert!(runner.told("budget").is_none() && !outside.join("budget.svg").exists());

    // A link where the file itself goes is replaced, not followed.
    let mut runner = Runner::new();
    let outside = runner.path("precious.json");
    std::fs::write(&outside, "precious").unwrap();
    std::os::unix::fs::symlink(&outside, runner.path("workspace/report.json")).unwrap();
    let ran = runner.input("report", "report.json").run();
    assert_eq!(ran.code, 0, "{}", ran.log);
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), "precious");
    assert_eq!(runner.text("workspace/report.json"), "face of json\n");
}

#[test]
fn code_in_the_environment_is_refused_or_dropped() {
    let mut runner = Runner::new();
    runner.env("BASH_FUNC_cut%%", "() { touch pwned; }").run().refused("exported bash functions");
    let mut runner = Runner::new();
    let file = runner.script("temp/env.sh", "true\n");
    runner.env("BASH_ENV", file.to_str().unwrap()).env("CDPATH", "/").run();
    let seen = runner.environment("run");
    assert!(!seen.iter().any(|v| v.starts_with("BASH_ENV=") || v.starts_with("CDPATH=")), "{seen:?}");
}
