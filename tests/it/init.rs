//! `rowproof init`: what it writes, what it leaves alone, and that the guide shows the same.

use crate::sandbox::{Sandbox, crate_folder, files};

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

fn shop(folder: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    for (path, file) in files(&crate_folder("fixtures/_shop")) {
        if path != "rowproof.yml" {
            sandbox.write(&format!("{folder}{path}"), &std::fs::read_to_string(file).unwrap());
        }
    }
    sandbox.commit("shop");
    sandbox
}

fn text(sandbox: &Sandbox, path: &str) -> String {
    String::from_utf8(sandbox.bytes(path).unwrap_or_else(|| panic!("{path} was not written"))).unwrap()
}

fn workflows(sandbox: &Sandbox) -> Vec<String> {
    files(&sandbox.root().join(".github/workflows")).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn it_writes_the_workflows_and_a_policy_that_holds() {
    let sandbox = shop("");
    let ran = sandbox.rowproof(&["init", "--yes", "--action-commit", SHA]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(workflows(&sandbox), ["rowproof-budget.yml", "rowproof-review.yml", "rowproof.yml"]);
    for name in workflows(&sandbox) {
        let text = text(&sandbox, &format!(".github/workflows/{name}"));
        assert!(text.contains(&format!("uses: rowproof/rowproof@{SHA}\n")) && !text.contains("@0000"), "{text}");
        assert!(ran.stdout.contains(&format!("wrote    .github/workflows/{name}\n")), "{}", ran.stdout);
    }
    assert!(
        ran.stdout.contains("wrote    rowproof.yml\n") && ran.stdout.ends_with("next: rowproof run\n"),
        "{}",
        ran.stdout
    );
    let check = sandbox.rowproof(&["policy", "check"]);
    assert_eq!(check.code, 0, "{}{}", check.stdout, check.stderr);
    let uncommented =
        text(&sandbox, "rowproof.yml").replace("# roles", "roles").replace("#   ", "  ").replace("# gates", "gates");
    sandbox.write(
        "rowproof.yml",
        &uncommented.replace("#     references", "    references").replace("#       -", "      -"),
    );
    let check = sandbox.rowproof(&["policy", "check"]);
    assert_eq!(check.code, 0, "the examples hold once uncommented: {uncommented}\n{}{}", check.stdout, check.stderr);
}

#[test]
fn without_a_release_it_says_what_is_missing() {
    let sandbox = shop("");
    let ran = sandbox.rowproof(&["init", "--forks"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.ends_with("next: rowproof init --force --forks --action-commit SHA\n"), "{}", ran.stdout);
    assert!(text(&sandbox, ".github/workflows/rowproof.yml").contains(&format!("@{} # v0.0.0\n", "0".repeat(40))));
    for wrong in ["v1", "0123456", &"0".repeat(40), &SHA.to_uppercase(), &format!("{SHA}\n")] {
        let ran = sandbox.rowproof(&["init", "--force", "--action-commit", wrong]);
        assert_eq!(ran.code, 2, "{wrong}");
        assert!(ran.stderr.contains("40 hexadecimal digits"), "{}", ran.stderr);
    }
}

#[test]
fn nothing_is_overwritten_unless_asked() {
    let sandbox = shop("");
    sandbox.write(".github/workflows/rowproof.yml", "mine\n");
    sandbox.write("rowproof.yml", "version: 1\nextends: strict\n");
    let ran = sandbox.rowproof(&["init", "--action-commit", SHA]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(text(&sandbox, ".github/workflows/rowproof.yml"), "mine\n");
    let kept = "kept     .github/workflows/rowproof.yml (is there and differs; --force overwrites it)\n";
    assert!(ran.stdout.contains(kept), "{}", ran.stdout);
    assert!(ran.stdout.contains("kept     rowproof.yml (the policy that is there)\n"), "{}", ran.stdout);
    let ran = sandbox.rowproof(&["init", "--action-commit", SHA, "--force"]);
    assert!(ran.stdout.contains("wrote    .github/workflows/rowproof.yml\n"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("kept     .github/workflows/rowproof-review.yml (as it would be written)\n"),
        "{}",
        ran.stdout
    );
    assert!(text(&sandbox, ".github/workflows/rowproof.yml").starts_with("# Judges each"));
    assert_eq!(text(&sandbox, "rowproof.yml"), "version: 1\nextends: strict\n", "a policy is never overwritten");
}

#[test]
fn in_a_monorepo_it_writes_at_the_root_and_names_the_folder() {
    for (folder, told) in [("data/dbt", "data/dbt"), ("my data", "\"my data\"")] {
        let sandbox = shop(&format!("{folder}/"));
        sandbox.write("README.md", "words");
        let models = sandbox.root().join(folder).join("models");
        let ran = sandbox.rowproof_in(&models, &["init", "--forks", "--action-commit", SHA]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(
            workflows(&sandbox),
            [
                "rowproof-budget.yml",
                "rowproof-post.yml",
                "rowproof-review.yml",
                "rowproof-reviewed.yml",
                "rowproof.yml"
            ]
        );
        let workflow = text(&sandbox, ".github/workflows/rowproof.yml");
        assert!(workflow.contains(&format!("working-directory: {told}\n")), "{workflow}");
        assert!(text(&sandbox, "rowproof.yml").contains(&format!("project: {{path: {told}}}\n")));
        sandbox.commit("init");
        let ran = sandbox.rowproof(&["run", "--base", "HEAD", "--format", "json"]);
        assert_eq!(ran.json()["verdict"], "pass", "{}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn a_choice_between_projects_is_the_users() {
    let sandbox = shop("a/");
    sandbox.write("b/dbt_project.yml", "name: b\n");
    let ran = sandbox.rowproof(&["init"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("--project-dir"), "{}", ran.stderr);
    assert!(sandbox.bytes("rowproof.yml").is_none() && sandbox.bytes(".github/workflows/rowproof.yml").is_none());
    let dir = sandbox.root().join("b");
    let ran = sandbox.rowproof(&["init", "--project-dir", dir.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(text(&sandbox, ".github/workflows/rowproof.yml").contains("working-directory: b\n"));
}

/// What a schedule means is decided by comparing its text, and each month has one.
#[test]
fn the_months_of_the_budget_are_told_apart() {
    let sandbox = shop("");
    assert_eq!(sandbox.rowproof(&["init"]).code, 0);
    let text = text(&sandbox, ".github/workflows/rowproof-budget.yml");
    let workflow: serde_json::Value = serde_yaml::from_str(&text).unwrap();
    let crons: Vec<&str> =
        workflow["on"]["schedule"].as_array().unwrap().iter().map(|s| s["cron"].as_str().unwrap()).collect();
    let compared: Vec<&str> =
        text.split("github.event.schedule == '").skip(1).map(|t| t.split('\'').next().unwrap()).collect();
    assert!(compared.len() == 2 && compared.iter().all(|c| *c == crons[0]), "{compared:?} {crons:?}");
    let mut months: Vec<u8> =
        crons.iter().flat_map(|c| c.split(' ').nth(3).unwrap().split(',')).map(|m| m.parse().unwrap()).collect();
    months.sort_unstable();
    assert_eq!(months, (1..=12).collect::<Vec<u8>>());
}

/// The guide quotes the workflows in full, so that they can be pasted.
#[test]
fn the_guide_shows_what_init_writes() {
    let guide = std::fs::read_to_string(crate_folder("docs/github.md")).unwrap();
    for (forks, args) in [(false, &["init"][..]), (true, &["init", "--forks"])] {
        let sandbox = shop("");
        assert_eq!(sandbox.rowproof(args).code, 0);
        for name in workflows(&sandbox) {
            let text = text(&sandbox, &format!(".github/workflows/{name}"));
            assert!(
                guide.contains(&format!("```yaml\n{text}```\n")),
                "docs/github.md does not show {name} (forks: {forks})"
            );
        }
    }
}
