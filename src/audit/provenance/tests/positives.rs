//! Real-looking marks: each must be found, with its tool and its model.

use super::{In, judge};
use In::{Author, Body, Commit, Committer, Label, Login, Note, Trace};

/// Where, tool (empty = not named), model (empty = none).
const TABLE: &[(In, &str, &str)] = &[
    // Claude Code
    (Commit("Fix fan-out\n\nCo-Authored-By: Claude <noreply@anthropic.com>"), "claude-code", ""),
    (Commit("Fix\n\nCo-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>"), "claude-code", "Claude Opus 4.6"),
    (
        Commit("Fix\n\nCo-Authored-By: Claude Opus 4.6 (1M context) <noreply@anthropic.com>"),
        "claude-code",
        "Claude Opus 4.6",
    ),
    (Commit("Fix\n\nCo-authored-by: Claude Sonnet 4.5 <noreply@anthropic.com>"), "claude-code", "Claude Sonnet 4.5"),
    (Commit("Fix\n\nCo-authored-by: Claude Haiku 4.5 <NoReply@Anthropic.com>"), "claude-code", "Claude Haiku 4.5"),
    (Commit("Fix\n\nCo-authored-by: Claude Fable 5 <noreply@anthropic.com>"), "claude-code", "Claude Fable 5"),
    (Commit("Fix\n\nCo-authored-by: Claude Code <noreply@anthropic.com>"), "claude-code", ""),
    (
        Commit("Fix\n\nCo-authored-by: Claude (claude-opus-4-5) <noreply@anthropic.com>"),
        "claude-code",
        "claude-opus-4-5",
    ),
    (
        Commit("Fix\n\nco-authored-by: claude-sonnet-4-5-20250929 <noreply@anthropic.com>"),
        "claude-code",
        "claude-sonnet-4-5-20250929",
    ),
    (
        Commit("Fix\r\n\r\nCo-Authored-By: Claude Opus 4.5 <noreply@anthropic.com>\r\n"),
        "claude-code",
        "Claude Opus 4.5",
    ),
    (
        Commit("Fix (#12)\n\n* one\n\n* two\n\n---------\n\nCo-authored-by: Claude Opus 4.6 <noreply@anthropic.com>"),
        "claude-code",
        "Claude Opus 4.6",
    ),
    (
        Commit("Fix (#12)\n\n* one\n\n  Co-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>\n\n* two"),
        "claude-code",
        "Claude Opus 4.6",
    ),
    (Commit("Fix\n\n* Co-authored-by: Claude Opus 4.6 <noreply@anthropic.com>"), "claude-code", "Claude Opus 4.6"),
    (Commit("Fix\n\n- did: this\n    Co-authored-by: Claude <noreply@anthropic.com>"), "claude-code", ""),
    (Commit("Fix\n\n    Body of a heredoc.\n\n    Co-Authored-By: Claude <noreply@anthropic.com>"), "claude-code", ""),
    (
        Commit(
            "Squashed commit of the following:\n\ncommit 1111111111111111111111111111111111111111\nAuthor: Jane <jane@corp.com>\n\n    Fix\n\n    Co-Authored-By: Claude Opus 4.1 <noreply@anthropic.com>",
        ),
        "claude-code",
        "Claude Opus 4.1",
    ),
    (
        Commit(
            "Fix\\n\\n🤖 Generated with [Claude Code](https://claude.com/claude-code)\\n\\nCo-Authored-By: Claude <noreply@anthropic.com>",
        ),
        "claude-code",
        "",
    ),
    (Commit("Fix\n\nCo-authored-by: Claude Opus 4.6\n <noreply@anthropic.com>"), "claude-code", "Claude Opus 4.6"),
    (Commit("Fix\n\nCo-authored-by: Jane <jane@corp.com>, Claude <noreply@anthropic.com>"), "claude-code", ""),
    (Commit("Fix\n\nCo-Authored-By: Claude noreply@anthropic.com"), "claude-code", ""),
    (Commit("Fix\n\nCo-developed-by: Claude claude-opus-4-6"), "claude-code", "claude-opus-4-6"),
    (
        Commit("Fix\n\nCo-developed-by: Claude <noreply@anthropic.com>\nSigned-off-by: Jane <jane@corp.com>"),
        "claude-code",
        "",
    ),
    (Commit("Fix\n\n🤖 Generated with [Claude Code](https://claude.ai/code)"), "claude-code", ""),
    (Commit("Fix\n\n🤖 Generated with [Claude Code](https://claude.com/claude-code)\n"), "claude-code", ""),
    (Commit("Fix\n\n🤖 Generated with Claude Code"), "claude-code", ""),
    (Commit("Fix\n\nGenerated with Claude Code"), "claude-code", ""),
    (
        Commit(
            "Fix\n\nGenerated with [Claude Code](https://claude.ai/code)\nvia [Happy](https://happy.engineering)\n\nCo-Authored-By: Happy <yesreply@happy.engineering>",
        ),
        "claude-code",
        "",
    ),
    (
        Commit(
            "Fix\n\n- a\n- b\n🤖 Generated with [Claude Code](https://claude.ai/code)\n\nCo-Authored-By: Claude <noreply@anthropic.com>",
        ),
        "claude-code",
        "",
    ),
    (Commit("Fix\n\n🤖 Generated with Claude Code (Opus 4.6)"), "claude-code", "Opus 4.6"),
    (Commit("Fix\n\nClaude-Session: https://claude.ai/code/session_011CUqZ3"), "claude-code", ""),
    (Commit("Fix\n\nhttps://claude.ai/code/session_011CUqZ3"), "claude-code", ""),
    (Author("Claude", "noreply@anthropic.com"), "claude-code", ""),
    (Author("claude[bot]", "209825114+claude[bot]@users.noreply.github.com"), "claude-code", ""),
    (Login("claude[bot]"), "claude-code", ""),
    (Commit("Fix\n\nCo-authored-by: claude[bot] <41898282+claude[bot]@users.noreply.github.com>"), "claude-code", ""),
    (
        Body("## Summary\n- models\n\n🤖 Generated with [Claude Code](https://claude.com/claude-code)"),
        "claude-code",
        "",
    ),
    (
        Body("Text\r\n\r\n<sub>🤖 Generated with <a href=\"https://claude.ai/code\">Claude Code</a></sub>"),
        "claude-code",
        "",
    ),
    (Body("Text\n\n_Generated by Claude Code_"), "claude-code", ""),
    (Body("This PR was generated by Claude Code and reviewed by me."), "claude-code", ""),
    (Commit("Fix\n\nSigned-off-by: Claude <noreply@anthropic.com>"), "claude-code", ""),
    // Copilot
    (Commit("Fix\n\nCo-authored-by: Copilot <223556219+Copilot@users.noreply.github.com>"), "copilot", ""),
    (Commit("Fix\n\nCo-authored-by: Copilot <198982749+Copilot@users.noreply.github.com>"), "copilot", ""),
    (
        Commit(
            "Apply suggestions from code review\n\nCo-authored-by: Copilot <175728472+Copilot@users.noreply.github.com>",
        ),
        "copilot",
        "",
    ),
    (Author("copilot-swe-agent[bot]", "198982749+Copilot@users.noreply.github.com"), "copilot", ""),
    (
        Commit("Fix\n\nCo-authored-by: copilot-swe-agent[bot] <198982749+Copilot@users.noreply.github.com>"),
        "copilot",
        "",
    ),
    (Commit("Fix\n\nCo-authored-by: Copilot <copilot@github.com>"), "copilot", ""),
    (Commit("Fix\n\nCo-authored-by: GitHub Copilot <noreply@github.com>"), "copilot", ""),
    (Commit("Fix\n\nCo-authored-by: GitHub Copilot"), "copilot", ""),
    (Login("Copilot"), "copilot", ""),
    (Login("app/copilot-swe-agent"), "copilot", ""),
    (
        Body("Text\n\n<!-- START COPILOT CODING AGENT TIPS -->\n---\n\n✨ Let Copilot coding agent set things up"),
        "copilot",
        "",
    ),
    (Commit("Fix\n\nAgent-Logs-Url: https://github.com/acme/shop/sessions/0b7c\n"), "copilot", ""),
    (
        Commit(
            "Potential fix for code scanning alert no. 3\n\nCo-authored-by: Copilot Autofix powered by AI <62310815+github-advanced-security[bot]@users.noreply.github.com>",
        ),
        "copilot-autofix",
        "",
    ),
    (
        Commit("Fix\n\nCo-authored-by: Copilot Autofix powered by AI <175728472+Copilot@users.noreply.github.com>"),
        "copilot-autofix",
        "",
    ),
    (
        Commit(
            "Fix\n\nCo-authored-by: Copilot Autofix powered by AI <223894421+github-code-quality[bot]@users.noreply.github.com>",
        ),
        "copilot-autofix",
        "",
    ),
    (Commit("Fix\n\nAssisted-by: GitHub Copilot"), "copilot", ""),
    // Cursor
    (Commit("Fix\n\nCo-authored-by: Cursor <cursoragent@cursor.com>"), "cursor", ""),
    (Author("Cursor Agent", "cursoragent@cursor.com"), "cursor", ""),
    (Commit("Fix\n\nMade-with: Cursor"), "cursor", ""),
    (Commit("Fix\n\nMade with Cursor"), "cursor", ""),
    (Body("Text\n\n<!-- CURSOR_SUMMARY -->\n---\n> [!NOTE]\n> Adds\n<!-- /CURSOR_SUMMARY -->"), "cursor", ""),
    (Body("<!-- CURSOR_AGENT_PR_BODY_BEGIN -->\nText"), "cursor", ""),
    (
        Body("Text\n\n<a href=\"https://cursor.com/background-agent?bcId=bc-12ab\"><picture></picture></a>"),
        "cursor",
        "",
    ),
    (Login("cursor[bot]"), "cursor", ""),
    (Commit("Fix\n\nAssisted-by: Cursor (Claude Sonnet 4.5)"), "cursor", "Claude Sonnet 4.5"),
    // Devin
    (
        Commit("Fix\n\nCo-Authored-By: Devin AI <158243242+devin-ai-integration[bot]@users.noreply.github.com>"),
        "devin",
        "",
    ),
    (Author("devin-ai-integration[bot]", "158243242+devin-ai-integration[bot]@users.noreply.github.com"), "devin", ""),
    (Login("devin-ai-integration[bot]"), "devin", ""),
    (Body("Text\n\nLink to Devin run: https://app.devin.ai/sessions/0123abcd\nRequested by: @jane"), "devin", ""),
    // OpenAI
    (Commit("Fix\n\nCo-authored-by: Codex <noreply@openai.com>"), "codex", ""),
    (Commit("Fix\n\nCo-authored-by: Codex <codex@openai.com>"), "codex", ""),
    (Commit("Fix\n\nCo-authored-by: GPT-5.2 Codex <noreply@openai.com>"), "codex", "GPT-5.2 Codex"),
    (Commit("Fix\n\nCo-authored-by: Codex (gpt-5.1-codex-max) <noreply@openai.com>"), "codex", "gpt-5.1-codex-max"),
    (Author("codex", "codex@openai.com"), "codex", ""),
    (Login("chatgpt-codex-connector[bot]"), "codex", ""),
    (
        Commit(
            "Fix\n\nCo-authored-by: chatgpt-codex-connector[bot] <199175422+chatgpt-codex-connector[bot]@users.noreply.github.com>",
        ),
        "codex",
        "",
    ),
    (Body("Text\n\n------\nhttps://chatgpt.com/codex/tasks/task_e_68aa"), "codex", ""),
    (Body("Text\n\n[Codex Task](https://chatgpt.com/codex/tasks/task_e_68aa)"), "codex", ""),
    (Label("codex"), "codex", ""),
    (Commit("Fix\n\nCo-authored-by: ChatGPT <noreply@openai.com>"), "chatgpt", ""),
    (Commit("Fix\n\nGenerated-by: ChatGPT (GPT-4o)"), "chatgpt", "GPT-4o"),
    (Commit("Fix\n\nAssisted-by: GPT-5"), "chatgpt", "GPT-5"),
    // Google
    (Author("gemini-code-assist[bot]", "176961590+gemini-code-assist[bot]@users.noreply.github.com"), "gemini", ""),
    (
        Commit(
            "Fix\n\nCo-authored-by: gemini-code-assist[bot] <176961590+gemini-code-assist[bot]@users.noreply.github.com>",
        ),
        "gemini",
        "",
    ),
    (Commit("Fix\n\nCo-authored-by: Gemini CLI <noreply@google.com>"), "gemini", ""),
    (Commit("Fix\n\nCo-authored-by: Gemini 2.5 Pro <gemini-cli@google.com>"), "gemini", "Gemini 2.5 Pro"),
    (Commit("Fix\n\nGenerated with Gemini CLI"), "gemini", ""),
    (Author("google-labs-jules[bot]", "161369871+google-labs-jules[bot]@users.noreply.github.com"), "jules", ""),
    (
        Body(
            "Text\n\n---\n*PR created automatically by Jules for task [123](https://jules.google.com/task/123) started by @jane*",
        ),
        "jules",
        "",
    ),
    // Others
    (
        Commit("Fix\n\nCo-authored-by: factory-droid[bot] <138933559+factory-droid[bot]@users.noreply.github.com>"),
        "factory-droid",
        "",
    ),
    (Commit("Fix\n\nCo-authored-by: Roo Code <roomote@roocode.com>"), "roo-code", ""),
    (Author("Roomote", "roomote@roocode.com"), "roo-code", ""),
    (Commit("feat: x\n\nCo-authored-by: aider (gpt-4o) <noreply@aider.chat>"), "aider", "gpt-4o"),
    (
        Commit("feat: x\n\nCo-authored-by: aider (openrouter/anthropic/claude-3.7-sonnet) <aider@aider.chat>"),
        "aider",
        "openrouter/anthropic/claude-3.7-sonnet",
    ),
    (Author("Jane Doe (aider)", "jane@corp.com"), "aider", ""),
    (Committer("Jane Doe (aider)", "jane@corp.com"), "aider", ""),
    (
        Commit(
            "Fix\n\n🤖 Generated with [opencode](https://opencode.ai)\n\nCo-Authored-By: opencode <noreply@opencode.ai>",
        ),
        "opencode",
        "",
    ),
    (Login("opencode-agent[bot]"), "opencode", ""),
    (
        Commit("Fix\n\n💘 Generated with Crush\n\nAssisted-by: Claude Sonnet 4 via Crush <crush@charm.land>"),
        "crush",
        "Claude Sonnet 4",
    ),
    (Commit("Fix\n\nCo-authored-by: Cascade <cascade@windsurf.com>"), "windsurf", ""),
    (Commit("Fix\n\nGenerated with Windsurf"), "windsurf", ""),
    (Commit("Fix\n\nCo-authored-by: Amp <amp@ampcode.com>"), "amp", ""),
    (Commit("Fix\n\nAmp-Thread-ID: https://ampcode.com/threads/T-019d872e"), "amp", ""),
    (Commit("Fix\n\nCo-authored-by: Sourcegraph Cody <cody@sourcegraph.com>"), "cody", ""),
    (Commit("Fix\n\n🤖 Assisted by [Amazon Q Developer](https://aws.amazon.com/q/developer)"), "amazon-q", ""),
    (
        Commit(
            "Fix\n\nCo-authored-by: amazon-q-developer[bot] <208079219+amazon-q-developer[bot]@users.noreply.github.com>",
        ),
        "amazon-q",
        "",
    ),
    (Commit("Fix\n\nAssisted-by: Zed"), "zed", ""),
    (Commit("Fix\n\nCo-authored-by: Junie <junie@jetbrains.com>"), "junie", ""),
    (Commit("Fix\n\nCo-authored-by: Qwen-Coder <qwen-coder@alibabacloud.com>"), "qwen-coder", ""),
    (
        Commit("Fix\n\nCo-authored-by: kiloconnect[bot] <240665456+kiloconnect[bot]@users.noreply.github.com>"),
        "kilo-code",
        "",
    ),
    (Commit("Fix\n\nCo-authored-by: Cline <noreply@cline.bot>"), "cline", ""),
    (Commit("Fix\n\nCo-authored-by: Goose <opensource@block.xyz>"), "goose", ""),
    (Commit("Fix\n\nGenerated by Mistral Vibe.\nCo-Authored-By: Mistral Vibe <vibe@mistral.ai>"), "mistral-vibe", ""),
    (Commit("Fix\n\nCo-authored-by: openhands <openhands@all-hands.dev>"), "openhands", ""),
    (Commit("Fix\n\nEntire-Checkpoint: a3b2c4d5e6f7"), "entire", ""),
    (Commit("Fix\n\nReplit-Commit-Author: Agent\nReplit-Commit-Session-Id: 1"), "replit-agent", ""),
    (Commit("Fix\n\nCo-authored-by: Claude <242468646+Claude@users.noreply.github.com>"), "claude-code", ""),
    (Author("anthropic-code-agent[bot]", "242468646+Claude@users.noreply.github.com"), "claude-code", ""),
    (Commit("Fix\n\nCo-authored-by: Codex <267193182+codex@users.noreply.github.com>"), "codex", ""),
    (Commit("Fix\n\nCo-Authored-By: gemini-cli <218195315+gemini-cli@users.noreply.github.com>"), "gemini", ""),
    (Commit("Fix\n\nCo-authored-by: Cursor <199161495+cursoragent@users.noreply.github.com>"), "cursor", ""),
    (Commit("Fix\n\nCo-authored-by: Windsurf <windsurf@codeium.com>"), "windsurf", ""),
    (Commit("Fix\n\nCo-authored-by: Goose <goose-agent@block.xyz>"), "goose", ""),
    (Commit("Fix\n\nCo-authored-by: KiloCode <noreply@kilocode.ai>"), "kilo-code", ""),
    (
        Commit("Fix\n\nCo-authored-by: Gemini <noreply@google.com>\nAI-Tool: Gemini\nAI-Model: gemini-2.0-flash"),
        "gemini",
        "gemini-2.0-flash",
    ),
    (
        Commit("Fix\n\nGenerated with [Claude Code](https://claude.ai/code) via [Zed](https://zed.dev/docs/ai)"),
        "claude-code",
        "",
    ),
    (Body("I used Claude Code to write the tests."), "claude-code", ""),
    (Body("ChatGPT was used to draft the migration."), "chatgpt", ""),
    (Body("Created with Cursor"), "cursor", ""),
    (Commit("Fix\n\nWritten by GitHub Copilot."), "copilot", ""),
    // Declarations
    (Commit("Fix\n\nAssisted-by: claude-code:claude-opus-4-6 [duckdb] [dbt-mcp]"), "claude-code", "claude-opus-4-6"),
    (Commit("Fix\n\nAssisted-by: Claude:claude-3-opus coccinelle sparse"), "claude-code", "claude-3-opus"),
    (Commit("Fix\n\nassisted-by: GitHub-Copilot:gpt-5.2-codex"), "copilot", "gpt-5.2-codex"),
    (Commit("Fix\n\nAssisted-by: cursor:composer-1 [duckdb]"), "cursor", "composer-1"),
    (Commit("Fix\n\nAssisted-by: our-agent:house-model-2"), "our-agent", "house-model-2"),
    (Commit("Fix\n\nAssisted-by: Claude Opus 4.6"), "claude-code", "Claude Opus 4.6"),
    (Commit("Fix\n\nAssisted-by: Claude Code (claude-opus-4-5)"), "claude-code", "claude-opus-4-5"),
    (Commit("Fix\n\nAssisted-by: Claude Code, claude-opus-4-6"), "claude-code", "claude-opus-4-6"),
    (Commit("Fix\n\nAssisted-by: Claude Opus 4.6 <noreply@anthropic.com>"), "claude-code", "Claude Opus 4.6"),
    (Commit("Fix\n\nAssisted-by: Claude"), "claude-code", ""),
    (Commit("Fix\n\nAssisted-by: Gemini 2.5 Pro via Gemini CLI"), "gemini", "Gemini 2.5 Pro"),
    (Commit("Fix\n\nAssisted-by: an LLM"), "", ""),
    (Commit("Fix\n\nAI-Assisted-By: Claude Code for the tests"), "claude-code", ""),
    (Commit("Fix\n\nGenerated-by: Claude Opus 4.5"), "claude-code", "Claude Opus 4.5"),
    (Commit("Fix\n\nAI-assisted: yes"), "", ""),
    (Commit("Fix\n\nAI-assisted: tests written with Claude Code"), "claude-code", ""),
    (Commit("Fix\n\nAI-assisted: ChatGPT (gpt-4o) drafted the query"), "chatgpt", "gpt-4o"),
    (Body("**AI usage:** Claude Code wrote the staging models"), "claude-code", ""),
    (Body("**Assisted-by:** claude-code:claude-opus-4-6"), "claude-code", "claude-opus-4-6"),
    (Body("- [x] AI/LLM assisted\n- [ ] Tests added"), "", ""),
    (Body("- [X] This PR was AI-assisted (reviewed by a human)"), "", ""),
    (Body("* [x] I used GitHub Copilot for this change"), "copilot", ""),
    (Body("- [x] Generated with Claude Code"), "claude-code", ""),
    (Body("- [x] LLM assisted: Cursor"), "cursor", ""),
    (Body("### Did you use AI tools?\n- [x] Yes, Claude Opus 4.6\n- [ ] No"), "claude-code", "Claude Opus 4.6"),
    (Body("AI assistance: [x] yes [ ] no"), "", ""),
    (Body("This change was written with the help of ChatGPT."), "chatgpt", ""),
    (Commit("Fix\n\nWritten with AI assistance"), "", ""),
    (Body("- [x] Code in this PR was generated by an LLM"), "", ""),
    (Commit("Fix\n\nAssisted-by: Copilot/GPT-4o"), "copilot", "GPT-4o"),
    (Commit("Fix\n\nWritten with Claude Code."), "claude-code", ""),
    (Label("assisted-by:llm"), "", ""),
    (Label("AI Assisted"), "", ""),
    (Label("claude-code-assisted"), "claude-code", ""),
    (Commit("Fix\n\nLLM-Prompt-Ref: withheld\nLLM-Prompt-Author: @octocat"), "", ""),
    (
        Note(
            "models/a.sql\n  abcd1234abcd1234 1-10\n---\n{\"schema_version\": \"authorship/3.0.0\", \"prompts\": {\"abcd1234abcd1234\": {\"agent_id\": {\"tool\": \"cursor\", \"id\": \"1\", \"model\": \"claude-4.5-opus\"}, \"messages\": []}}}",
        ),
        "cursor",
        "claude-4.5-opus",
    ),
    (
        Trace(
            "{\"version\":\"0.1.0\",\"tool\":{\"name\":\"cursor\"},\"files\":[{\"path\":\"a.sql\",\"conversations\":[{\"contributor\":{\"type\":\"ai\",\"model_id\":\"anthropic/claude-opus-4-5-20251101\"},\"ranges\":[]}]}]}",
        ),
        "cursor",
        "anthropic/claude-opus-4-5-20251101",
    ),
    (
        Trace(
            "{\"files\":[{\"conversations\":[{\"contributor\":{\"type\":\"human\"}}]}]}\n{\"files\":[{\"conversations\":[{\"ranges\":[{\"contributor\":{\"type\":\"mixed\",\"model_id\":\"openai/gpt-5\"}}]}]}]}\n",
        ),
        "chatgpt",
        "openai/gpt-5",
    ),
];

#[test]
fn every_mark_is_found_with_tool_and_model() {
    let mut wrong = Vec::new();
    for (what, tool, model) in TABLE {
        let found = judge(*what);
        let has = |list: &[String], wanted: &str| list.iter().any(|x| x == wanted);
        let tool_ok = if tool.is_empty() { found.tools.is_empty() } else { has(&found.tools, tool) };
        let model_ok = if model.is_empty() { found.models.is_empty() } else { has(&found.models, model) };
        if !found.assisted || !tool_ok || !model_ok {
            wrong.push(format!("{what:?}\n  wanted {tool} ({model}), found {:?} {:?}", found.tools, found.models));
        }
    }
    assert!(TABLE.len() >= 100, "{} rows", TABLE.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), TABLE.len(), wrong.join("\n"));
}
