//! Every case of `fixtures/review/<case>`: a pull request with its people, and what must be said of it.

use crate::sandbox::crate_folder;
use rowproof::audit::review::{
    AutoMerge, Commit, Facts, Identity, Label, LlmFacts, PullState, Review, judge, layers_of,
};
use rowproof::output::review::markdown;
use rowproof::policy::{PolicySource, load};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// `case.yml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What the pull request does, in words.
    what: String,
    policy: String,
    changed: Vec<String>,
    now: String,
    author: String,
    head: String,
    commits: Vec<People>,
    permissions: BTreeMap<String, String>,
    #[serde(default)]
    reviews: Vec<Opinion>,
    #[serde(default)]
    assisted: bool,
    #[serde(default)]
    prompt_authors: Option<Vec<String>>,
    /// Text of the calendar by window.
    #[serde(default)]
    holidays: BTreeMap<String, String>,
    /// Who set it, by label.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// Who turned it on.
    #[serde(default)]
    auto_merge: Option<String>,
}

/// The people of a commit, by login.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct People {
    author: String,
    committer: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Opinion {
    login: String,
    state: String,
    at: String,
    commit: String,
}

fn judged(name: &str, folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("case.yml")).unwrap();
    let case: Case = serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{name}/case.yml: {e}"));
    assert!(!case.what.trim().is_empty(), "{name}/case.yml: says what the pull request does");
    let policy = load(PolicySource { path: "rowproof.yml".into(), text: case.policy }, &|_| Ok(None)).unwrap();
    let who = |login: &String| Identity { login: Some(login.clone()), ..Identity::default() };
    let facts = Facts {
        layers: layers_of(&policy, "", &case.changed),
        author: Some(case.author),
        head_sha: case.head,
        commits: case
            .commits
            .iter()
            .map(|c| Commit { author: who(&c.author), committer: who(&c.committer), ..Commit::default() })
            .collect(),
        reviews: (1u64..)
            .zip(case.reviews)
            .map(|(id, r)| Review {
                id,
                login: Some(r.login),
                is_bot: false,
                state: r.state.parse().unwrap(),
                commit_id: Some(r.commit),
                submitted_at: Some(r.at.parse().unwrap()),
            })
            .collect(),
        permissions: case.permissions.into_iter().map(|(login, p)| (login, Ok(p))).collect(),
        teams: BTreeMap::new(),
        profiles: BTreeMap::new(),
        llm: LlmFacts {
            assisted: case.assisted,
            declared: case.assisted,
            prompt_authors: case.prompt_authors,
            prompt_mismatch: None,
        },
        labels: case.labels.into_iter().map(|(name, by)| Label { name, set_by: Some(by), set_at: None }).collect(),
        auto_merge: case.auto_merge.map(|by| AutoMerge { enabled_by: Some(by) }),
        state: PullState::Open,
        now: case.now.parse().unwrap(),
        holidays: case.holidays.into_iter().map(|(window, text)| (window, Ok(text))).collect(),
    };
    let judgement = judge(&policy, &facts);
    let findings: Vec<String> =
        judgement.findings.iter().map(|f| format!("{}: {}; {}", f.rule, f.message, f.help)).collect();
    let excluded: Vec<String> =
        judgement.excluded.iter().map(|e| format!("{} {}: {}", e.person, e.said, e.reason)).collect();
    let seats: Vec<String> =
        judgement.seats.iter().map(|s| format!("{}: {}", s.role, s.person.as_deref().unwrap_or("missing"))).collect();
    json!({
        "verdict": judgement.verdict.word(), "summary": judgement.summary, "seats": seats, "excluded": excluded,
        "findings": findings, "comment": markdown(&judgement).lines().collect::<Vec<_>>(),
    })
}

#[test]
fn every_case_is_as_expected() {
    let root = crate_folder("fixtures").join("review");
    let names: Vec<String> =
        std::fs::read_dir(&root).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    for name in &names {
        let now = judged(name, &root.join(name));
        let twin = name.strip_suffix("-ok").map_or_else(|| format!("{name}-ok"), str::to_owned);
        assert!(names.contains(&twin), "review/{name} has no twin {twin}");
        let wanted = if name.ends_with("-ok") { "pass" } else { "fail" };
        assert_eq!(now["verdict"], wanted, "review/{name}: {now:#}");
        let file = root.join(name).join("expected.json");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&file, serde_json::to_string_pretty(&now).unwrap() + "\n").unwrap();
        }
        let expected: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(expected, now, "review/{name}");
    }
}
