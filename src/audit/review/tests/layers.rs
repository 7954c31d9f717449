//! Which files ask for which layer.

use super::super::*;
use super::script::{POLICY, policy};

fn asked_by(policy_text: &str, root: &str, paths: &[&str]) -> String {
    let paths: Vec<String> = paths.iter().map(|p| (*p).to_owned()).collect();
    let layers = layers_of(&policy(policy_text), root, &paths);
    layers.iter().map(|l| format!("{}{}", l.name, if l.strictest { "!" } else { "" })).collect::<Vec<_>>().join(" ")
}

#[test]
fn files_ask_for_layers() {
    let cases: &[(&str, &[&str], &str)] = &[
        ("", &["models/staging/stg.sql"], "staging"),
        ("", &["models/marts/a.sql", "models/staging/b.sql"], "staging marts"),
        ("", &["models/marts/_models.yml"], "marts"),
        ("", &["models/new/a.sql"], "trio!"),
        ("", &["macros/cents.sql"], "trio!"),
        ("", &["seeds/rates.csv"], "trio!"),
        ("", &["snapshots/orders.sql", "analyses/x.sql", "tests/t.sql"], "trio!"),
        ("", &["models/overview.md"], "trio!"),
        ("", &["dbt_project.yml"], "trio!"),
        ("", &["packages.yml"], "trio!"),
        ("", &["profiles.yml"], "trio!"),
        ("", &["rowproof.yml"], "trio!"),
        ("", &[".github/CODEOWNERS"], "trio!"),
        ("", &[".github/workflows/ci.yml"], "trio!"),
        ("", &[".github/actions/x/run.sh"], "trio!"),
        ("", &["scripts/model.py"], "trio!"),
        ("", &["templates/a.sql.J2"], "trio!"),
        ("", &["README.md", "docs/guide.md", "docs/plan.png", "LICENSE"], ""),
        ("", &["models/README.md"], ""),
        ("", &["requirements.txt", ".gitignore"], ""),
        ("", &[], ""),
        ("dbt", &["dbt/models/marts/a.sql"], "marts"),
        ("./dbt/", &["dbt/models/marts/a.sql"], "marts"),
        ("dbt", &["models/marts/a.sql"], ""),
        ("dbt", &["dbt2/models/marts/a.sql"], ""),
        ("dbt", &["app/main.py", "app/schema.sql", "Makefile"], ""),
        ("dbt", &["other/dbt_project.yml", "other/profiles.yml"], ""),
        ("dbt", &["profiles.yml"], "trio!"),
        ("dbt", &["CODEOWNERS"], "trio!"),
        ("dbt", &[".github/workflows/ci.yml"], "trio!"),
        ("dbt", &["other/rowproof.yml"], "trio!"),
        ("dbt", &["dbt/README.md"], ""),
    ];
    for (root, paths, wanted) in cases {
        assert_eq!(asked_by(POLICY, root, paths), *wanted, "{root} {paths:?}");
    }
}

#[test]
fn the_strictest_may_be_made_of_all() {
    let text = "version: 1\nlayers:\n  - {name: a, match: [\"models/a/**\"], gates: [parse], review: [x]}\n  \
                - {name: b, match: [\"models/b/**\"], gates: [test], review: [any-peer, y]}\n";
    assert_eq!(asked_by(text, "", &["macros/m.sql", "models/a/m.sql"]), "a strictest!");
    let policy = policy(text);
    let layers = layers_of(&policy, "", &["macros/m.sql".to_owned(), "models/trio/m.sql".to_owned()]);
    assert_eq!(layers.len(), 1, "two files of one layer ask once");
    assert_eq!(layers[0].layer(&policy).review, ["x", "y"]);
    assert_eq!(asked_by(POLICY, "", &["macros/m.sql", "models/trio/m.sql"]), "trio!");
}

#[test]
fn the_policy_and_what_it_names_ask_for_the_strictest() {
    let read = |path: &str| {
        Ok((path == "shared/base.yml").then(|| {
            "version: 1\nlayers: [{name: all, match: [\"**\"], gates: [parse], merge_window: w}]\n\
             windows: {w: {tz: UTC, days: [mon], hours: \"09:00-10:00\", holidays: days/fr.ics, override: {label: hotfix, by: lead}}}\n\
             roles: {lead: {teams: [\"@acme/leads\"]}, other: {teams: [acme/other]}}\n"
                .to_owned()
        }))
    };
    let text = "version: 1\nextends: ../shared/base.yml\nwarehouse: {database: data/shop.duckdb, files: {raw.orders: data/raw}}\n";
    let source = crate::policy::PolicySource { path: "teams/policy.yml".into(), text: text.into() };
    let policy = crate::policy::load(source, &read).unwrap_or_else(|e| panic!("{e:#}"));
    let strict = |path: &str| layers_of(&policy, "dbt", &[path.to_owned()]).iter().any(|l| l.strictest);
    for path in [
        "teams/policy.yml",
        "shared/base.yml",
        "shared/days/fr.ics",
        "teams/data/raw/2026.parquet",
        "teams/data/shop.duckdb",
        "dbt/rowproof.yml",
    ] {
        assert!(strict(path), "{path}");
    }
    for path in ["days/fr.ics", "shared/README.md", "teams/policy.md"] {
        assert!(!strict(path), "{path}");
    }
    let layers = layers_of(&policy, "dbt", &["dbt/models/a.sql".to_owned()]);
    let asked = asked(&policy, &layers, false);
    assert_eq!(asked.calendars["w"].as_deref(), Some("shared/days/fr.ics"));
    assert_eq!(asked.teams.iter().map(String::as_str).collect::<Vec<_>>(), ["acme/leads"]);
    assert_eq!(asked.labels.iter().map(String::as_str).collect::<Vec<_>>(), ["hotfix"]);
}
