//! Boxes of pull request templates: `- [x] AI/LLM assisted`. A box that is not ticked says nothing.

use super::Confidence;
use super::found::Found;
use super::product::{self, Named};
use super::{model, trailer};
use crate::audit::text::Text;
use regex::Regex;
use std::sync::LazyLock;

static BOX: LazyLock<Regex> =
    LazyLock::new(|| model::pattern(r"^\s*(?:[-*+]\s*|\d+[.)]\s*)?\[( ?|x|X|✓|✔|~|-)\]\s*(.*)$"));

/// The words that a text uses for a language model. `NAMES` are products that nobody takes for a person here.
const AI: &str = r"(?:a\.?i\.?|gen\s?ai|generative ai|llms?|(?:large )?language models?)";
const NAMES: &str = r"(?:an? )?(?:ai|llms?|gen ?ai|(?:large )?language models?|claude(?: code)?|(?:github )?copilot|chatgpt|cursor|codex|gemini(?: cli)?|devin|jules|aider|windsurf|gpt-?\d\S*)";

/// A claim that a model helped with this change.
static CLAIM: LazyLock<Regex> = LazyLock::new(|| {
    model::pattern(&format!(
        r"(?xi)^(?:yes\b[\s,.:;–—-]*)?
        (?: (?:partly|partially|mostly|fully|entirely)\s+ )?
        (?: {ai}(?:\s*(?:/|or|and|,)\s*{ai})*[\s-]*(?:tools?\s+|assistants?\s+|agents?\s+)?(?:was\s+|were\s+|has\ been\s+|have\ been\s+)?(?:assisted|assistance|aided|generated|written|authored|created|used|produced|co-authored|coded|supported|helped)\b
          | (?:i\s+|we\s+)?(?:have\s+)?(?:made\s+use\s+of|used|using)\s+(?:an?\s+|some\s+)?{names}\b
          | (?:(?:this|the|some|parts?|most|all|portions?|code|changes|sql|queries|models)\b[\w\s'/]{{0,60}}?\b(?:was|were|is|are|has\ been|have\ been)\s+)?(?:(?:partly|partially|mostly|fully|entirely)\s+)?(?:generated|written|created|authored|assisted|made|built|co-authored|produced|drafted)\s+(?:in\s+part\s+)?(?:with|by|using)\s+(?:the\s+)?(?:(?:help|assistance)\s+(?:of|from)\s+)?{names}\b
          | (?:this|the)\b[\w\s'/]{{0,40}}?\b(?:contains|includes|is|was|were|are|has\ been)\s+(?:some\s+|(?:partly|partially|mostly|fully|entirely)\s+)?{ai}[\s-]*(?:generated|assisted|written|authored)\b
        )(?P<tail>.*)$",
        ai = AI.replace(' ', r"\ "),
        names = NAMES.replace(' ', r"\ "),
    ))
});

/// A question whose "yes" is a claim.
static QUESTION: LazyLock<Regex> = LazyLock::new(|| {
    model::pattern(&format!(
        r"(?xi)^[\W_]*(?:
            (?:did|have|were|was|has|are|is|does)\b.{{0,60}}?\b(?:use|used|using|generated|assisted|written|help|helped|involved|contain)\b.{{0,60}}
          | {ai}(?:\s*/\s*{ai})?[\s-]*(?:tools?\s+)?(?:usage|use|used|assistance|assisted|generated|disclosure|involvement)\b.{{0,40}}
          | (?:use|usage)\s+of\s+{ai}\b.{{0,40}}
        )$",
        ai = AI.replace(' ', r"\ "),
    ))
});

static SAYS_AI: LazyLock<Regex> = LazyLock::new(|| model::pattern(&format!(r"(?i)\b{AI}\b|copilot|chatgpt")));
static PARENTHESES: LazyLock<Regex> = LazyLock::new(|| model::pattern(r"\([^()]*\)"));

/// Words after a claim that turn it into something else: "AI-generated code was reviewed", "AI used: none".
const TURNS: &[&str] = &[
    "not",
    "no",
    "none",
    "n/a",
    "never",
    "without",
    "reviewed",
    "policy",
    "guideline",
    "guidelines",
    "disclosed",
    "checked",
    "removed",
    "follows",
    "complies",
    "section",
    "rules",
    "documented",
    "labelled",
    "labeled",
    "if",
];

/// What the line `at` says as a box: `None` when it is none; the claim when it is ticked and makes one.
pub(super) fn read(text: &Text, at: usize, question: &str) -> Option<Option<Found>> {
    let line = text.line(at);
    let parts = BOX.captures(line)?;
    let ticked = parts.get(1).is_some_and(|m| matches!(m.as_str(), "x" | "X" | "✓" | "✔"));
    let words = parts.get(2).map_or("", |m| m.as_str());
    let named = ticked.then(|| claim(words).or_else(|| answer(words, question))).flatten();
    Some(named.map(|named| {
        let confidence = if named.tool.is_some() { Confidence::Medium } else { Confidence::Low };
        Found::declared(named, confidence, "ticked box", line)
    }))
}

/// Whether the line may be the question that boxes below it answer.
pub(super) fn asks(line: &str) -> bool {
    let words = line.trim();
    words.len() < 200
        && (words.ends_with(['?', ':']) || words.starts_with('#') || words.starts_with("**"))
        && SAYS_AI.is_match(words)
        && QUESTION.is_match(words.trim_end_matches(['?', ':', '*', '_', ' ']))
}

fn claim(words: &str) -> Option<Named> {
    if words.len() > 300 {
        return None;
    }
    if let Some(shown) = trailer::parse(words).and_then(|t| trailer::read(&t, words))
        && let Some(found) = shown.found.into_iter().find(|f| f.declares)
    {
        return Some(Named { tool: found.tool, model: found.model });
    }
    let plain = words.replace(['*', '_', '`', '~'], "");
    let claim = CLAIM.captures(PARENTHESES.replace_all(&plain, "").trim())?.name("tail")?.as_str().to_lowercase();
    let turned = claim.split(|c: char| !(c.is_alphanumeric() || c == '/')).any(|w| TURNS.contains(&w));
    let about =
        ["code", "content", "text", "sql"].iter().any(|w| claim.trim_start().starts_with(w)) && claim.contains(' ');
    let about = about && [" is ", " was ", " were ", " has ", " have ", " are "].iter().any(|w| claim.contains(w));
    (!turned && !about && !claim.trim_end().ends_with('?'))
        .then(|| product::spoken_of(&plain).unwrap_or(Named { tool: None, model: None }))
}

/// `[x] Yes`, or the name of a tool, under a question about language models.
fn answer(words: &str, question: &str) -> Option<Named> {
    if question.is_empty() {
        return None;
    }
    let lower = words.to_lowercase();
    let said = product::in_value(words, product::Asked::Assistant).into_iter().next();
    let yes = lower.split(|c: char| !c.is_alphanumeric()).next() == Some("yes");
    match (said, yes) {
        (Some(named), _) => Some(named),
        (None, true) => Some(product::spoken_of(words).unwrap_or(Named { tool: None, model: None })),
        (None, false) => None,
    }
}
