//! Products that a text names where it says what a change was made with.

use super::model;
use super::table::{MODEL_WORDS, PRODUCTS, Strength};

/// A product or model that a text names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// Tool id; `None` = a language model that nothing more is known of.
    pub tool: Option<String>,
    /// The model, as written.
    pub model: Option<String>,
}

/// How short a name may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// The place asks for a coding assistant: any name that stands alone will do.
    Assistant,
    /// The place asks for a tool: common words do not do.
    Tool,
    /// The place asks for a person as well: only what nobody else is called does.
    Maker,
}

/// Words beside a product's name that add nothing.
const FILLER: &[&str] = &[
    "ai",
    "agent",
    "assistant",
    "cli",
    "code",
    "ide",
    "editor",
    "via",
    "with",
    "by",
    "using",
    "in",
    "the",
    "llm",
    "model",
    "anthropic",
    "google",
    "openai",
    "github",
    "microsoft",
    "cognition",
    "pro",
    "plus",
    "max",
    "team",
    "latest",
    "v",
    "bot",
    "chat",
    "coding",
    "extension",
    "web",
    "vs",
    "vscode",
    "mode",
    "auto",
    "preview",
    "thinking",
    "opus",
    "sonnet",
    "haiku",
];

/// The products that `value` names, each with its model; none when it is about something else.
pub(super) fn in_value(value: &str, asked: Asked) -> Vec<Named> {
    let mut found: Vec<Named> = Vec::new();
    for part in value.replace(" and ", ",").split([',', ';', '&', '+']) {
        let Some(named) = in_part(part, asked) else { continue };
        // `Claude Code, claude-opus-4-6` is one tool and its model.
        let model_only = named.model.is_some() && !names_product(part);
        if let Some(last) = found.last_mut().filter(|last| model_only && last.model.is_none()) {
            last.model = named.model;
        } else if !found.contains(&named) {
            found.push(named);
        }
    }
    found
}

fn names_product(part: &str) -> bool {
    let (rest, _) = without_model(part);
    anywhere(&rest.to_lowercase(), Strength::Strong).is_some() || alone(&rest, Asked::Tool).is_some()
}

fn in_part(part: &str, asked: Asked) -> Option<Named> {
    let (rest, model) = without_model(part);
    let lower = rest.to_lowercase();
    let tool = anywhere(&lower, Strength::Strong).or_else(|| alone(&rest, asked));
    match (tool, model) {
        (Some(tool), model) => Some(Named { tool: Some(tool.to_owned()), model }),
        (None, Some(model)) => Some(Named { tool: model::maker(&model).map(str::to_owned), model: Some(model) }),
        (None, None) => is_model_word(&lower).then_some(Named { tool: None, model: None }),
    }
}

fn without_model(part: &str) -> (String, Option<String>) {
    match model::find(part) {
        Some((model, span)) => (format!("{} {}", &part[..span.start], &part[span.end..]), Some(model)),
        None => (part.to_owned(), None),
    }
}

/// A product of at least this strength, as whole words anywhere in the text; the longest name decides.
fn anywhere(lower: &str, strength: Strength) -> Option<&'static str> {
    let rows = PRODUCTS.iter().filter(|(_, _, s)| *s == strength);
    rows.filter(|(name, ..)| has_words(lower, name)).max_by_key(|(name, ..)| name.len()).map(|(_, tool, _)| *tool)
}

/// Any product that asks not for more than its name, anywhere: for texts that speak of assistants already.
pub(super) fn spoken_of(text: &str) -> Option<Named> {
    let (rest, model) = without_model(text);
    let lower = rest.to_lowercase();
    let tool = anywhere(&lower, Strength::Strong).or_else(|| anywhere(&lower, Strength::Weak));
    let tool = tool.or_else(|| model.as_deref().and_then(model::maker));
    (tool.is_some() || model.is_some()).then(|| Named { tool: tool.map(str::to_owned), model })
}

/// A product whose name is all that the text says, filler and a reason aside.
fn alone(text: &str, asked: Asked) -> Option<&'static str> {
    let lower = text.to_lowercase();
    let head = [" for ", " (", " - ", " – ", " — ", " / "].iter().filter_map(|s| lower.find(s)).min();
    let head = &lower[..head.unwrap_or(lower.len())];
    let words: Vec<&str> = words(head).collect();
    let enough = |strength: Strength| match asked {
        Asked::Assistant => true,
        Asked::Tool => strength != Strength::Word,
        Asked::Maker => strength == Strength::Strong,
    };
    let mut known: Vec<_> = PRODUCTS.iter().filter(|(_, _, strength)| enough(*strength)).collect();
    known.sort_by_key(|(name, ..)| std::cmp::Reverse(name.len()));
    known.into_iter().find_map(|(name, tool, _)| {
        let at = words.windows(name.split(' ').count()).position(|w| w.join(" ") == *name)?;
        let others = words[..at].iter().chain(&words[at + name.split(' ').count()..]);
        let filler = |w: &&str| FILLER.contains(w) || w.starts_with(|c: char| c.is_ascii_digit());
        others.into_iter().all(filler).then_some(*tool)
    })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '.' | '\'' | '@')))
        .map(|w| w.trim_matches(['.', '-', '\'']))
        .filter(|w| !w.is_empty())
}

/// Whether the text says "a language model" and nothing else.
pub(super) fn is_model_word(lower: &str) -> bool {
    let said: Vec<&str> =
        words(lower).filter(|w| !matches!(*w, "an" | "a" | "the" | "some" | "by" | "with" | "our")).collect();
    MODEL_WORDS.contains(&said.join(" ").as_str())
}

/// Whether the name stands in the text as whole words.
fn has_words(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| is_whole(text, at, at + name.len()))
}

fn is_whole(text: &str, start: usize, end: usize) -> bool {
    let word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '/' | '@');
    !text[..start].ends_with(word) && !text[end..].starts_with(word)
}

/// The product that the text starts with, its strength, and what follows.
pub(super) fn at_start(text: &str) -> Option<(&'static str, Strength, &str)> {
    let lower = text.to_lowercase();
    // Lower case may be longer than what it came from; then the text is no product's name anyway.
    let fits = |name: &&&(&str, &str, Strength)| {
        lower.starts_with(name.0) && text.is_char_boundary(name.0.len()) && is_whole(&lower, 0, name.0.len())
    };
    let (name, tool, strength) = PRODUCTS.iter().filter(|row| fits(&row)).max_by_key(|(name, ..)| name.len())?;
    Some((tool, *strength, &text[name.len()..]))
}

/// The tool that `word` names, the part before the colon of `tool:model`; as written where it is not known.
pub(super) fn tool_id(word: &str) -> String {
    let lower = word.to_lowercase();
    let spaced = lower.replace(['-', '_'], " ");
    let row = PRODUCTS.iter().find(|(name, tool, _)| *name == lower || *name == spaced || *tool == lower);
    row.map_or(lower.clone(), |(_, tool, _)| (*tool).to_owned())
}

/// Whether the whole text is a name of the tool.
pub(super) fn is_name_of(lower: &str, tool: &str) -> bool {
    let lower = lower.trim_end_matches(" agent").trim_end_matches(" ai");
    PRODUCTS.iter().any(|(name, of, _)| *of == tool && *name == lower)
}

/// Whether `word` names a tool of the table.
pub(super) fn is_tool(word: &str) -> bool {
    let id = tool_id(word);
    PRODUCTS.iter().any(|(_, tool, _)| *tool == id)
}
