//! What holds beside the tables: prompts, confidence, repetition, words, hostile input.

use super::*;
use crate::audit::provenance::collect::SHOWN;
use anyhow::anyhow;

const PROMPT: &[u8] = b"Make orders\r\nright\r\n";

fn of(messages: &[&str], prompt_file: &PromptFile<'_>) -> Provenance {
    let commits: Vec<CommitText> = messages
        .iter()
        .enumerate()
        .map(|(i, m)| CommitText {
            sha: format!("{i}a2b3c4d"),
            author: jane(),
            message: (*m).to_owned(),
            ..Default::default()
        })
        .collect();
    provenance(&Evidence { commits: &commits, pull: None, label: None, traces: &[], prompt_file })
}

fn alone(message: &str) -> Provenance {
    of(&[message], &|_, _| Ok(None))
}

fn with_prompt(hash: &str, reference: &str) -> Provenance {
    let message = format!("Fix\n\nLLM-Prompt-Hash: {hash}\nLLM-Prompt-Ref: {reference}\nLLM-Prompt-Author: @octocat\n");
    of(&[&message], &|path, blob| match (path, blob) {
        ("prompts/a.md", None | Some("abcdef1")) => Ok(Some(PROMPT.to_vec())),
        ("broken.md", _) => Err(anyhow!("no repository here")),
        _ => Ok(None),
    })
}

fn verified(of: &Provenance) -> &'static str {
    of.prompt.as_ref().map_or("none", |p| p.verified.word())
}

#[test]
fn a_prompt_is_verified_with_lf_line_ends() {
    let right = prompt::hash_of(b"Make orders\nright\n");
    assert_eq!(verified(&with_prompt(&right, "prompts/a.md@abcdef1")), "verified");
    assert_eq!(verified(&with_prompt(&right.to_uppercase().replace("SHA", "sha"), "prompts/a.md")), "verified");
    assert_eq!(verified(&with_prompt(&right, "prompts/b.md@abcdef1")), "not-in-repository");
    assert_eq!(verified(&with_prompt(&right, "withheld")), "withheld");
    assert_eq!(verified(&with_prompt(&right, "https://corp.com/p/1")), "unverified");
    assert_eq!(verified(&with_prompt(&right, "broken.md")), "unverified");
}

#[test]
fn a_hash_that_does_not_hold_is_an_error() {
    let wrong = with_prompt(&format!("sha256:{}", "0".repeat(64)), "prompts/a.md@abcdef1");
    assert_eq!(verified(&wrong), "mismatch");
    assert_eq!(wrong.problems.len(), 1);
    assert_eq!(wrong.problems[0].severity, Severity::Error);
    assert_eq!(wrong.prompt.unwrap().author.as_deref(), Some("@octocat"));
}

#[test]
fn malformed_claims_are_told_and_claim_nothing() {
    for line in [
        "LLM-Prompt-Hash: sha256:<64 hex>",
        "LLM-Prompt-Hash: md5:abc",
        "LLM-Prompt-Ref: ../secrets@abcdef1",
        "LLM-Prompt-Ref: /etc/passwd",
        "LLM-Prompt-Ref: prompts/a.md@main",
        "LLM-Prompt-Author: Jane Doe <jane@corp.com>",
    ] {
        let found = alone(&format!("Fix\n\n{line}"));
        assert_eq!((found.problems.len(), found.prompt.is_none(), found.assisted), (1, true, false), "{line}");
        assert_eq!(found.problems[0].severity, Severity::Warning, "{line}");
    }
}

#[test]
fn every_claim_of_a_squash_is_looked_at() {
    let right = prompt::hash_of(PROMPT);
    let message = format!(
        "Squash\n\n* one\n\nLLM-Prompt-Hash: {right}\nLLM-Prompt-Ref: prompts/a.md\n\n* two\n\nLLM-Prompt-Hash: sha256:{}\nLLM-Prompt-Ref: prompts/a.md@abcdef1",
        "1".repeat(64)
    );
    let found = of(&[&message], &|_, _| Ok(Some(PROMPT.to_vec())));
    let words: Vec<_> = found.prompts.iter().map(|p| p.verified.word()).collect();
    assert_eq!(words, ["verified", "mismatch"]);
    assert_eq!(verified(&found), "mismatch");
}

#[test]
fn a_sign_off_by_an_assistant_is_a_warning() {
    let found = alone("Fix\n\nSigned-off-by: Claude <noreply@anthropic.com>");
    assert_eq!(found.problems[0].severity, Severity::Warning);
    assert!(found.problems[0].message.contains("only a person"));
    assert!(alone("Fix\n\nSigned-off-by: Jane <jane@corp.com>").problems.is_empty());
}

#[test]
fn a_hint_is_no_assistance() {
    let found = judge(In::Branch("codex/fix-orders"));
    assert_eq!((found.assisted, found.confidence, found.tools.len()), (false, Confidence::Hint, 0));
    assert_eq!(found.says(), "only a hint of a language model (branch `codex/fix-orders`), which proves nothing");
    let none = alone("Fix");
    assert_eq!((none.confidence, none.marks.len()), (Confidence::None, 0));
    assert_eq!(none.says(), "no sign of a language model; absence proves nothing");
}

#[test]
fn the_sentence_counts_commits() {
    let claude = "Fix\n\nCo-authored-by: Claude Opus 4.6 <noreply@anthropic.com>";
    let found = of(&["a", claude, "b", claude, "c"], &|_, _| Ok(None));
    assert_eq!(found.says(), "at least 2 of 5 commits were assisted by claude-code (Claude Opus 4.6)");
    assert_eq!(found.marks[0].source, "commit 1a2b3c4 trailer Co-authored-by");
    let label = judge(In::Label("assisted-by:llm"));
    assert_eq!(label.says(), "the change was assisted by a language model");
    assert_eq!((label.confidence, label.declared), (Confidence::High, true));
}

#[test]
fn repetition_is_one_mark() {
    let line = "Co-authored-by: Claude <noreply@anthropic.com>\n";
    assert_eq!(alone(&format!("Fix\n\n{}", line.repeat(50))).marks.len(), 1);
}

#[test]
fn declared_is_what_people_say() {
    assert!(!alone("Fix\n\nCo-authored-by: Claude <noreply@anthropic.com>").declared);
    assert!(alone("Fix\n\nAssisted-by: claude-code:claude-opus-4-6").declared);
    assert!(judge(In::Body("- [x] AI/LLM assisted")).declared);
    assert!(!judge(In::Label("codex")).declared);
}

#[test]
fn tools_in_brackets_are_kept() {
    let found = alone(
        "Fix\n\nAssisted-by: claude-code:claude-opus-4-6 [duckdb] [dbt-mcp]\nAssisted-by: Claude:claude-3-opus sparse",
    );
    assert_eq!(found.tools_used, ["dbt-mcp", "duckdb", "sparse"]);
    assert_eq!(found.models, ["claude-3-opus", "claude-opus-4-6"]);
}

#[test]
fn the_json_has_the_keys_of_the_design() {
    let found = with_prompt(&prompt::hash_of(PROMPT), "prompts/a.md");
    let json = serde_json::to_value(&found).unwrap();
    for key in ["assisted", "confidence", "tools", "models", "prompt", "marks", "tools_used", "problems"] {
        assert!(json.get(key).is_some(), "{key}");
    }
    assert_eq!(json["prompt"]["verified"], "verified");
    assert_eq!(json["prompt"]["ref"], "prompts/a.md");
    assert_eq!(json["confidence"], "medium");
}

#[test]
fn what_is_shown_is_clipped_and_clean() {
    let found = alone(&format!("Fix\n\nCo-authored-by: Claude \u{1b}[31m{} <noreply@anthropic.com>", "x".repeat(300)));
    assert!(found.marks.iter().all(|m| m.text.chars().count() <= SHOWN + 1 && !m.text.contains('\u{1b}')));
}

#[test]
fn hostile_messages_take_linear_time() {
    let start = std::time::Instant::now();
    for piece in [
        "<!--",
        "```\n",
        "<blockquote>",
        "(",
        "[x](",
        "Co-authored-by: ",
        "Assisted-by: a,b and Claude Opus 4.6 ",
        "Generated with Claude Code via ",
        "\u{1f916}",
        "- [x] AI ",
        "* * * ",
        "> ",
        "\n  a:\n",
        "Claude <noreply@anthropic.com>,",
        "Co-authored-by: Claude <noreply@anthropic.com>\n",
        "LLM-Prompt-Ref: withheld\n",
        "\\n",
        "\u{130}",
        "<a <a ",
    ] {
        alone(&piece.repeat(200_000 / piece.len()));
        alone(&format!("Fix\n\nCo-authored-by: {}", piece.repeat(20_000 / piece.len())));
    }
    // Debug builds on a busy machine: a quadratic step would take minutes.
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(message in "\\PC{0,200}", lines in proptest::collection::vec("(Co-authored-by|Assisted-by|AI-assisted|- \\[x\\]|🤖 Generated with|İ)[: ]{0,2}\\PC{0,40}", 0..6)) {
        alone(&message);
        alone(&lines.join("\n"));
    }
}
