//! Names of language models in a text, as people and tools write them.

use regex::Regex;
use std::sync::LazyLock;

/// Spoken names first: `GPT-5.2 Codex` is one name, of which `GPT-5.2` alone would be the identifier.
static MODEL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        &r"(?xi)
        (?: claude (?:\s+\d+(?:\.\d+)?)? \s+ (?:opus|sonnet|haiku|instant) (?:\s+\d+(?:\.\d+)?)?
          | claude \s+ v?\d+(?:\.\d+)?
          | (?:opus|sonnet|haiku) \s+ \d+(?:\.\d+)?
          | (?:VENDOR/){0,2} (?:chat)?gpt[-\ ]?\d[a-z0-9.]* (?: -[a-z0-9.]+ | \s(?:codex|mini|nano|turbo|pro|max|spark|high|medium|low)\b )*
          | gemini \s+ (?:\d+(?:\.\d+)? (?:\s+(?:pro|flash|ultra|deep\ think))? | pro | flash | ultra) (?:[\s-]+(?:lite|preview))?
          | grok \s+ (?:\d[\w.]* | code\ fast\ \d+) (?:\s+fast)?
          | deepseek \s+ (?:v|r)\d[\w.]* (?:\s+chat|\s+coder)?
          | qwen \s? \d[\w.]* (?:[\ -](?:coder|max|plus|next))* (?:-[a-z0-9.]+)*
          | kimi \s+ k\d[\w.]* (?:\s+thinking)?
          | (?:glm|composer|llama|devstral|minimax|swe) \s+ v?\d[\w.]*
          | (?:VENDOR/){0,2} (?:claude|gemini|codex|grok|deepseek|qwen[0-9.]*|llama[0-9.]*|mistral|devstral|codestral|magistral|kimi|glm|minimax|composer|swe|nova|opus|sonnet|haiku) - [a-z0-9][a-z0-9.:_@-]* (?:\[1m\])?
          | (?:openai/)? o[1345] (?:-(?:mini|pro|preview|deep-research|high))?
        )"
        .replace("VENDOR", VENDORS),
    )
});

/// Where identifiers say who serves the model.
const VENDORS: &str = "(?:openai|anthropic|google|openrouter|azure|bedrock|vertex_ai|github_copilot|ollama|deepseek|mistral|mistralai|x-?ai|meta-llama|qwen|alibaba|moonshotai|z-ai|zai-org|groq|together|fireworks|lm_studio|gemini|minimax)";

/// `(1M context)` says how much the model may read, not which one it is.
static CONTEXT: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\s*[(\[][^()\[\]]{0,20}context[^()\[\]]{0,20}[)\]]"));

static IN_PARENTHESES: LazyLock<Regex> = LazyLock::new(|| pattern(r"\(([^()]{1,80})\)"));

/// What follows `Claude` in names of products, not of models.
const NO_MODEL: &[&str] =
    &["code", "ai", "bot", "agent", "assistant", "cli", "web", "github", "action", "app", "desktop", "via", "and"];

/// A pattern of ours.
pub(super) fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("every pattern is a constant that the tests use")
}

/// The first model that `text` names, as written, and the bytes that it covers.
pub(super) fn find(text: &str) -> Option<(String, std::ops::Range<usize>)> {
    MODEL.find_iter(text).find_map(|found| {
        let word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
        let free = !text[..found.start()].ends_with(word) && !text[found.end()..].starts_with(word);
        let written = found.as_str().trim_end_matches(['.', ':', '-']);
        let end = found.start() + written.len();
        (free && is_model(written)).then(|| (written.to_owned(), found.start()..end))
    })
}

/// `claude-code` and `gemini-cli` are tools; an identifier of a model has a number or a well-known variant in it.
fn is_model(written: &str) -> bool {
    let lower = written.to_lowercase();
    let variants = ["opus", "sonnet", "haiku", "pro", "flash", "chat", "reasoner", "large", "mini", "plus", "latest"];
    lower.contains(|c: char| c.is_ascii_digit()) || lower.split(['-', ' ', '/']).any(|word| variants.contains(&word))
}

/// The model that the name of an identity gives: `Claude Opus 4.6 (1M context)`, `aider (gpt-4o)`.
pub(super) fn in_name(tool: &str, name: &str) -> Option<String> {
    let name = CONTEXT.replace_all(name, "");
    let name = name.trim().trim_matches(['"', '\'']);
    if let Some(inside) = IN_PARENTHESES.captures(name).and_then(|c| c.get(1)) {
        match find(inside.as_str()) {
            // Aider writes the whole identifier, whatever the vendor calls it.
            _ if tool == "aider" => return Some(inside.as_str().trim().to_owned()),
            Some((model, _)) => return Some(model),
            None => {}
        }
    }
    let found = find(name).map(|(model, _)| model);
    // Claude signs with the model's name, and new models have new names.
    let mut words = name.split_whitespace();
    let signed = tool == "claude-code"
        && words.next().is_some_and(|w| w.eq_ignore_ascii_case("claude"))
        && words.next().is_some_and(|w| !NO_MODEL.contains(&w.to_lowercase().trim_end_matches(['.', ',', ':'])));
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.');
    if signed && name.split_whitespace().count() <= 4 && name.chars().all(plain) {
        return Some(name.to_owned());
    }
    found
}

/// The tool that a model without one is put down to: the one of its maker.
pub(super) fn maker(model: &str) -> Option<&'static str> {
    let model = model.to_lowercase();
    let of = [
        ("codex", "codex"),
        ("claude", "claude-code"),
        ("opus", "claude-code"),
        ("sonnet", "claude-code"),
        ("haiku", "claude-code"),
        ("gpt", "chatgpt"),
        ("gemini", "gemini"),
        ("qwen", "qwen-coder"),
        ("grok", "grok"),
        ("deepseek", "deepseek"),
        ("composer", "cursor"),
        ("kimi", "kimi-code"),
    ];
    of.iter().find(|(part, _)| model.contains(part)).map(|(_, tool)| *tool)
}
