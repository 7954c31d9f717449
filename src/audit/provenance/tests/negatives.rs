//! False friends: people, prose, quotations, other robots. None may be taken for a language model.

use super::{In, judge};
use In::{Author, Body, Branch, Commit, Committer, Label, Login, Note, Trace};

const TABLE: &[In] = &[
    // People
    Author("Devin Marsh", "devin@corp.com"),
    Author("Claude Martin", "claude.martin@corp.fr"),
    Author("Claude", "claude@corp.fr"),
    Author("Jules Verne", "jules@corp.fr"),
    Author("Gemini Patel", "gemini@corp.in"),
    Author("Cursor Smith", "cursor@corp.com"),
    Author("Cody Miller", "cody@corp.com"),
    Author("Alice", "alice@anthropic.com"),
    Author("Charlie Marsh", "charliemarsh@openai.com"),
    Author("M D", "mds@anthropic.com"),
    Author("Bob", "bob@cursor.com"),
    Author("Amy", "amy@ampcode.com"),
    Author("Zoe", "zoe@zed.dev"),
    Author("Eve", "eve@cognition.ai"),
    Author("Devin", "devin@cognition.ai"),
    Author("Claude Shannon", "claude@anthropic.com"),
    Author("Dana (aider of many)", "dana@corp.com"),
    Author("Google Person", "noreply@google.com"),
    Author("claude", "12345+claude@users.noreply.github.com"),
    Author("Claude Fan", "12345+claudefan@users.noreply.github.com"),
    Author("copilot-fan", "777+copilot-fan@users.noreply.github.com"),
    Author("Copilot", "999+Copilot@users.noreply.github.com"),
    Author("devin", "42+devin@users.noreply.github.com"),
    Author("cursor", "cursor@users.noreply.github.com"),
    // Look-alikes
    Author("Claude", "noreply@anthropic.com.evil.com"),
    Author("Claude", "xnoreply@anthropic.com"),
    Author("Claude", "noreply@anthropic.co"),
    Author("Claude", "noreply@notanthropic.com"),
    Author("Claude", "noreply+x@anthropic.com"),
    Author("Claude", "noreply@\u{430}nthropic.com"),
    Author("Cursor", "cursoragent@cursor.com.example.org"),
    Author("Devin AI", "devin-ai-integration[bot]@users.noreply.github.com.evil.com"),
    Author("x", "evil+devin-ai-integration[bot]@users.noreply.github.com"),
    Commit("Fix\n\nCo-authored-by: Claude <noreply@anthropic.com.evil.com>"),
    Commit("Fix\n\nCo-authored-by: Claude Opus 4.6 <xnoreply@anthropic.com>"),
    Commit("Fix\n\nCo-authored-by: Claude Code <noreply@anthropic.com.evil.com>"),
    // Other robots and nobody
    Author("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com"),
    Author("renovate[bot]", "29139614+renovate[bot]@users.noreply.github.com"),
    Author("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com"),
    Author("github-advanced-security[bot]", "62310815+github-advanced-security[bot]@users.noreply.github.com"),
    Author("pre-commit-ci[bot]", "66853113+pre-commit-ci[bot]@users.noreply.github.com"),
    Committer("GitHub", "noreply@github.com"),
    Commit("Fix\n\nCo-authored-by: GitHub <noreply@github.com>"),
    Commit("Fix\n\nCo-authored-by: dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>"),
    Login("dependabot[bot]"),
    Login("app/renovate"),
    Login("devin"),
    Login("cursor"),
    Login("codex"),
    Login("claudette"),
    // Human co-authors
    Commit("Fix\n\nCo-authored-by: Devin Marsh <devin@corp.com>"),
    Commit("Fix\n\nCo-authored-by: Claude Dupont <claude.dupont@corp.fr>"),
    Commit("Fix\n\nCo-authored-by: Claude <claude@corp.fr>"),
    Commit("Fix\n\nCo-authored-by: Devin"),
    Commit("Fix\n\nCo-authored-by: alice <alice@anthropic.com>"),
    Commit("Fix\n\nCo-developed-by: Jules <jules@corp.fr>\nSigned-off-by: Jules <jules@corp.fr>"),
    Commit("Fix\n\nSigned-off-by: Claude Monet <monet@corp.fr>"),
    // Reviewers, reporters, testers
    Commit("Fix\n\nReviewed-by: Copilot <175728472+Copilot@users.noreply.github.com>"),
    Commit("Fix\n\nReviewed-by: Claude <noreply@anthropic.com>"),
    Commit("Fix\n\nReported-by: Claude <noreply@anthropic.com>"),
    Commit("Fix\n\nSuggested-by: gemini-code-assist[bot] <176961590+gemini-code-assist[bot]@users.noreply.github.com>"),
    Commit("Fix\n\nTested-by: Devin AI <158243242+devin-ai-integration[bot]@users.noreply.github.com>"),
    Commit("Fix\n\nAcked-by: Cursor <cursoragent@cursor.com>\nCc: Codex <codex@openai.com>"),
    Body("@gemini-code-assist please review, then @claude"),
    Body("Reviewed with Claude Code."),
    Body("Addresses the comments of Copilot and gemini-code-assist[bot]."),
    Body(
        "## Summary by CodeRabbit\n\n- New Features\n<!-- This is an auto-generated comment: release notes by coderabbit.ai -->",
    ),
    // Human declarations
    Commit("Fix\n\nAssisted-by: Jane Doe <jane@corp.com>"),
    Commit("Fix\n\nAssisted-by: Claude Dupont"),
    Commit("Fix\n\nAssisted-by: Claude Dupont <claude@corp.fr>"),
    Commit("Fix\n\nAssisted-by: Devin from the data team"),
    Commit("Fix\n\nAssisted-by: a human colleague"),
    Commit("Fix\n\nAssisted-by: @jane"),
    Commit("Fix\n\nAssisted-by: none"),
    Commit("Fix\n\nAssisted-by: https://stackoverflow.com/q/123"),
    Commit("Fix\n\nAssisted-by: AGENT_NAME:MODEL_VERSION [TOOL1] [TOOL2]"),
    Commit("Fix\n\nAssisted-by: <tool>:<model>"),
    Commit("Fix\n\nAI-assisted: no"),
    Commit("Fix\n\nAI-assisted: none"),
    Commit("Fix\n\nAI-assisted: false"),
    Commit("Fix\n\nAI-Assisted: N/A"),
    Commit("Fix\n\nAI-assisted: No, written by hand"),
    Commit("Fix\n\nAI-assisted: yes/no"),
    Commit("Fix\n\nAI-assisted:"),
    Commit("Fix\n\nAI-generated: not at all"),
    Body("**AI usage:** none"),
    Body("AI usage: see our policy"),
    Body("AI assistance: [ ] yes [x] no"),
    Commit("Fix\n\nGenerated-by: dbt-codegen 0.13"),
    Commit("Fix\n\nGenerated-by: goose create"),
    Commit("Fix\n\nMade-with: love"),
    Commit("Fix\n\nMade-with: cursor pagination"),
    Commit("Fix\n\nWritten-by: Claude Lévi"),
    Commit("Fix\n\nEntire-Checkpoint: none"),
    Commit("Fix\n\nCreated-by: Devin"),
    Commit("Fix\n\nWritten-by: Claude"),
    Commit("Fix\n\nAI-assisted: human-written"),
    Commit("Fix\n\nAI-assisted: by hand"),
    Commit("Fix\n\nAI-assisted: ❌"),
    Commit("Fix\n\nCo-authored-by: Claude <noreply@anthropic.com> is a line that we strip"),
    Commit("Fix\n\nCo-authored-by: Zed Quillon <zed@zed.dev>"),
    Body("We used cursor to build the page."),
    Body("A cursor was used to write the rows."),
    Body("Claude was used to writing SQL by hand."),
    Body("I used the copilot seat to write my diary."),
    Body("No AI was used to write this."),
    Body("Written with cursor"),
    // Prose
    Commit("Use cursor pagination in the orders export"),
    Commit("Rename copilot of the plane to first_officer"),
    Commit("Fix the model for Gemini sign of the zodiac"),
    Commit("cursor: close it after the fetch"),
    Commit("claude: rename the office in Lyon"),
    Commit("Revert the change generated with Claude Code"),
    Commit("Fix\n\nThis reverts the change\ngenerated with Claude Code."),
    Commit("Fix\n\nIt was written because the query that was\nGenerated with Claude Code\nwas wrong in two places."),
    Commit("Strip the \"Co-authored-by: Claude <noreply@anthropic.com>\" trailer"),
    Commit("Docs\n\nTell people to add Co-authored-by: Claude <noreply@anthropic.com>"),
    Commit("Docs\n\n\"Generated with Claude Code\" is no longer added."),
    Commit("Docs\n\nGenerated with Claude Code is a footer that we strip."),
    Commit("Docs\n\nGenerated with Claude Code in mind"),
    Commit("Docs\n\nBuilt with Cursor-based pagination"),
    Commit("Docs\n\nCreated with Goose"),
    Commit("Docs\n\nGenerated by dbt-osmosis"),
    Commit("Docs\n\nWritten by Devin"),
    Commit("Docs\n\nThe code generated by Copilot was removed."),
    Commit("Docs\n\nCo-authored-by: Claude <noreply@anthropic.com>\" is what it adds to every message we write"),
    Commit("Add https://docs.anthropic.com/claude-code to the links"),
    Commit("Docs\n\nhttps://claude.ai/code"),
    Commit("Docs\n\nSee https://app.devin.ai/sessions/123 for how it fails."),
    Commit("Docs\n\nhttps://cursor.com/docs/agents"),
    Commit("Add column llm_model to ai_assisted_orders"),
    Commit("Load gpt-4o usage into fct_llm_costs\n\nModels: gpt-4o, claude-opus-4-6"),
    Commit("Merge branch 'claude/fix-orders' into main"),
    Commit("Merge pull request #7 from acme/cursor/fix"),
    // Quotations
    Commit("Fix\n\n> 🤖 Generated with [Claude Code](https://claude.ai/code)"),
    Commit("Fix\n\n> Co-authored-by: Claude <noreply@anthropic.com>"),
    Commit("Docs\n\n```\nCo-authored-by: Claude <noreply@anthropic.com>\n🤖 Generated with Claude Code\n```\n"),
    Body("~~~text\nAssisted-by: claude-code:claude-opus-4-6\n~~~"),
    Body("`Assisted-by: claude-code:claude-opus-4-6` is our trailer"),
    Body("<!-- If a model helped, add:\nAssisted-by: claude-code:claude-opus-4-6 [duckdb]\n-->\nText"),
    Body("Assisted-by: <!-- tool:model -->"),
    Body("We look for `<!-- CURSOR_SUMMARY -->` now."),
    Body("<pre>\nAssisted-by: claude-code:claude-opus-4-6\n</pre>"),
    Body("Bumps dbt-core.\n<blockquote>\nCo-authored-by: Claude <noreply@anthropic.com>\n</blockquote>"),
    Commit(
        "Docs\n\nThe footer looks like this:\n\n    🤖 Generated with [Claude Code](https://claude.ai/code)\n    Co-Authored-By: Claude <noreply@anthropic.com>\n",
    ),
    Commit(
        "Revert \"Add orders\"\n\nThis reverts commit 1111111111111111111111111111111111111111.\n\n    Add orders\n\n    Co-Authored-By: Claude <noreply@anthropic.com>",
    ),
    Commit(
        "Fix\n\n# ------------------------ >8 ------------------------\nCo-authored-by: Claude <noreply@anthropic.com>",
    ),
    // Boxes
    Body("- [ ] AI/LLM assisted"),
    Body("- [ ] Generated with Claude Code"),
    Body("- [x] No AI was used"),
    Body("- [x] I did not use AI"),
    Body("- [x] This PR was not AI-generated"),
    Body("- [x] AI was not used"),
    Body("- [x] AI-assisted: no"),
    Body("- [x] I have read the AI policy"),
    Body("- [x] I have reviewed all AI-generated code"),
    Body("- [x] AI-generated code was reviewed by a person"),
    Body("- [x] If AI was used, I have tested it"),
    Body("- [x] AI assistance is disclosed"),
    Body("### Did you use AI tools?\n- [ ] Yes, Claude Code\n- [x] No"),
    Body("### Have you read the AI policy?\n- [x] Yes"),
    Body("## Was this generated with Claude Code?\n\nNo."),
    // Labels and branches: hints at most
    Label("cursor"),
    Label("gemini"),
    Label("ai"),
    Label("ai-review"),
    Label("no-ai"),
    Label("not-ai-assisted"),
    Label("llm-costs"),
    Branch("cursor/pagination"),
    Branch("devin/orders"),
    Branch("claude-martin/orders"),
    // Records without a model
    Note("models/a.sql\n---\n{\"schema_version\": \"authorship/3.0.0\", \"prompts\": {}}"),
    Note("Reviewed on Monday"),
    Trace(
        "{\"files\":[{\"path\":\"a.sql\",\"conversations\":[{\"contributor\":{\"type\":\"human\"},\"ranges\":[]}]}]}",
    ),
];

#[test]
fn no_false_friend_is_taken_for_a_model() {
    let mut wrong = Vec::new();
    for what in TABLE {
        let found = judge(*what);
        if found.assisted || !found.tools.is_empty() || !found.models.is_empty() {
            wrong.push(format!("{what:?}\n  {:?}", found.marks));
        }
    }
    assert!(TABLE.len() >= 100, "{} rows", TABLE.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), TABLE.len(), wrong.join("\n"));
}

#[test]
fn the_body_of_a_dependency_bot_is_a_quotation() {
    let mut pull = super::PullText { author: Some("renovate[bot]".to_owned()), ..Default::default() };
    pull.body = "### Release notes\n\nCo-authored-by: Claude <noreply@anthropic.com>".to_owned();
    let evidence =
        super::Evidence { commits: &[], pull: Some(&pull), label: None, traces: &[], prompt_file: &|_, _| Ok(None) };
    assert!(!super::provenance(&evidence).assisted);
}
