//! Trailers (`Key: value`), found by line over a whole message: a squash by GitHub puts a line of dashes before
//! `Co-authored-by`, which ends the block that git itself would read.

use super::Confidence;
use super::found::Found;
use super::identity::{self, Assistant};
use super::model;
use super::product::{self, Asked, Named};
use super::table::{KEYS, Kind};
use crate::audit::text::Text;
use regex::Regex;
use std::sync::LazyLock;

/// A line that has the shape of a trailer.
pub(super) struct Trailer<'a> {
    /// As written.
    pub key: &'a str,
    /// Lower case, `-` for blanks.
    pub id: String,
    /// The value, markup around it taken off.
    pub value: String,
}

/// What a trailer shows.
#[derive(Default)]
pub(super) struct Shown {
    /// Marks.
    pub found: Vec<Found>,
    /// Tools in brackets: `[duckdb] [dbt-mcp]`.
    pub tools_used: Vec<String>,
    /// A trailer that is not as it should be, and what to do.
    pub problem: Option<String>,
}

static SHAPE: LazyLock<Regex> = LazyLock::new(|| {
    model::pattern(r"^\s*(?:[*•-]\s+)*[*_]{0,3}([A-Za-z][A-Za-z0-9 /_-]{1,30}?)[*_]{0,3}\s*[:：][*_]{0,3}\s*(.*)$")
});

/// `tool:model [tool] [tool]`; also the bare words that the Linux kernel's documentation shows.
static TOOL_AND_MODEL: LazyLock<Regex> = LazyLock::new(|| {
    model::pattern(
        r"^([A-Za-z][A-Za-z0-9._-]{0,40}):([A-Za-z0-9][A-Za-z0-9._/@:-]{0,100}(?:\[1m\])?)((?:\s+\[[^\[\]]{1,60}\]|\s+[A-Za-z][\w.-]{0,40})*)$",
    )
});

/// Words before a colon that are no tool.
const NO_TOOL: &[&str] = &[
    "http",
    "https",
    "mailto",
    "tel",
    "team",
    "user",
    "pair",
    "ticket",
    "issue",
    "jira",
    "human",
    "person",
    "colleague",
    "reviewer",
    "mentor",
    "name",
    "cc",
    "slack",
    "see",
    "note",
    "agent_name",
    "agent",
    "tool",
    "todo",
];

/// The line as a trailer, joined with the next one where git would fold them.
pub(super) fn of_line<'a>(text: &'a Text, at: usize) -> Option<Trailer<'a>> {
    let mut trailer = parse(text.line(at))?;
    let next = text.line(at + 1);
    let folded = next.starts_with([' ', '\t']) && next.trim_start().starts_with('<');
    if folded && !trailer.value.contains('@') {
        trailer.value = format!("{} {}", trailer.value, clean(next));
    }
    Some(trailer)
}

/// A line as a trailer.
pub(super) fn parse(line: &str) -> Option<Trailer<'_>> {
    let shape = SHAPE.captures(line)?;
    let (key, value) = (shape.get(1)?.as_str().trim(), shape.get(2)?.as_str());
    Some(Trailer { key, id: key.to_lowercase().replace([' ', '_'], "-"), value: clean(value) })
}

/// The value without the escapes and the emphasis of Markdown, at a length that names may have.
fn clean(value: &str) -> String {
    let short: String = value.chars().take(400).collect();
    let short = short.replace("&lt;", "<").replace("&gt;", ">").replace("\\<", "<").replace("\\>", ">");
    short.trim().trim_matches(['`', '*']).trim().to_owned()
}

/// What the trailer shows; nothing when its key is of no interest.
pub(super) fn read(trailer: &Trailer<'_>, line: &str) -> Option<Shown> {
    let kind = KEYS.iter().find(|(key, _)| *key == trailer.id).map(|(_, kind)| *kind)?;
    let place = format!("trailer {}", trailer.key);
    let value = trailer.value.as_str();
    let found = match kind {
        Kind::Author => authors(value).into_iter().map(|(a, c)| mark(a, c, &place, line)).collect(),
        Kind::SignOff => return Some(sign_off(value, &place, line)),
        Kind::Session(tool, part) => {
            let holds = value.to_lowercase().contains(part) && !is_no(value) && is_session(tool, value);
            Vec::from_iter(holds.then(|| Found::tool(tool, None, Confidence::High, place, line)))
        }
        Kind::Tool { asks: true } => return Some(tools(value, Asked::Assistant, &place, line)),
        Kind::Tool { asks: false } => return Some(tools(value, Asked::Tool, &place, line)),
        Kind::Maker => return Some(tools(value, Asked::Maker, &place, line)),
        Kind::YesNo => declared(yes_or_no(value), &place, line),
        Kind::Usage => declared(usage(value), &place, line),
    };
    Some(Shown { found, ..Shown::default() })
}

fn mark(assistant: Assistant, confidence: Confidence, place: &str, line: &str) -> Found {
    Found::tool(assistant.tool, assistant.model, confidence, place, line)
}

fn declared(named: Vec<Named>, place: &str, line: &str) -> Vec<Found> {
    named.into_iter().map(|n| Found::declared(n, Confidence::Medium, place, line)).collect()
}

/// Entire's checkpoints are twelve hex digits.
fn is_session(tool: &str, value: &str) -> bool {
    tool != "entire" || (value.len() == 12 && value.chars().all(|c| c.is_ascii_hexdigit()))
}

/// Assistants among the authors of a value: by address; by login; without either, by a name that nobody else has.
fn authors(value: &str) -> Vec<(Assistant, Confidence)> {
    let (identities, rest) = identity::in_value(value);
    if !identities.is_empty() {
        // Prose behind the address: the line speaks about the trailer.
        let rest = rest.trim_matches([' ', '.', ',', ';', ')', ']']);
        let prose = !(rest.is_empty() || rest.starts_with(['(', '[', '#']));
        let known = identities.into_iter().filter_map(|(name, address)| identity::of(name, address));
        return if prose { Vec::new() } else { known.map(|a| (a, Confidence::High)).collect() };
    }
    if let Some(login) = value.strip_prefix('@').filter(|l| !l.contains(char::is_whitespace)) {
        let tool = identity::of_github_login(login);
        return tool.map(|tool| (Assistant { tool, model: None }, Confidence::Medium)).into_iter().collect();
    }
    if let Some(address) = value.split_whitespace().find(|w| w.contains('@')) {
        let name = value.split(address).next().unwrap_or("");
        let address = address.trim_matches(['(', ')', '<', '>', '[', ']', ',']);
        return identity::of(name, address).map(|a| (a, Confidence::High)).into_iter().collect();
    }
    strong_name(value).map(|a| (a, Confidence::Medium)).into_iter().collect()
}

/// `Claude Opus 4.6`, `GitHub Copilot`: the whole value, and no person's name.
fn strong_name(value: &str) -> Option<Assistant> {
    let model = model::find(value).map(|(model, _)| model);
    let words = value.split_whitespace().count();
    let (tool, strength, rest) = product::at_start(value)?;
    let whole = rest.trim().is_empty() || (model.is_some() && words <= 5);
    let nobody = ["copilot", "codex", "windsurf", "cline"].contains(&tool);
    (whole && (strength == super::table::Strength::Strong || model.is_some() || nobody))
        .then_some(Assistant { tool, model })
}

fn sign_off(value: &str, place: &str, line: &str) -> Shown {
    let (identities, _) = identity::in_value(value);
    let known: Vec<Assistant> =
        identities.into_iter().filter_map(|(name, address)| identity::of(name, address)).collect();
    let problem = known.first().map(|a| {
        format!(
            "signed off by {}; only a person can answer for a change: sign it off yourself, and name the tool with \
             `Assisted-by`",
            a.tool
        )
    });
    let found = known.into_iter().map(|a| mark(a, Confidence::Medium, place, line)).collect();
    Shown { found, tools_used: Vec::new(), problem }
}

/// `tool:model [tools]`, or a tool in words.
fn tools(value: &str, asked: Asked, place: &str, line: &str) -> Shown {
    if is_no(value) || is_placeholder(value) {
        return Shown::default();
    }
    if let Some(shape) = TOOL_AND_MODEL.captures(value) {
        let part = |i: usize| shape.get(i).map_or("", |m| m.as_str());
        let (word, rest) = (part(1), part(3));
        let known = product::is_tool(word);
        if known || (asked == Asked::Assistant && !NO_TOOL.contains(&word.to_lowercase().as_str())) {
            let named = Named { tool: Some(product::tool_id(word)), model: Some(part(2).to_owned()) };
            let confidence = if known { Confidence::High } else { Confidence::Medium };
            let used = rest.split([' ', '\t', '[', ']']).filter(|w| !w.is_empty()).map(str::to_owned).collect();
            return Shown {
                found: vec![Found::declared(named, confidence, place, line)],
                tools_used: used,
                problem: None,
            };
        }
        return Shown::default();
    }
    let (identities, _) = identity::in_value(value);
    let known: Vec<Assistant> = identities.iter().filter_map(|(name, address)| identity::of(name, address)).collect();
    if !known.is_empty() {
        let found = known.into_iter().map(|a| {
            let named = Named { tool: Some(a.tool.to_owned()), model: a.model };
            Found::declared(named, Confidence::High, place, line)
        });
        return Shown { found: found.collect(), ..Shown::default() };
    }
    let (words, used) = without_brackets(value);
    let named = if words.contains('@') {
        // With a person's address, only what cannot be a person's name counts.
        named_beside_a_person(&words)
    } else {
        product::in_value(&words, asked)
    };
    let found = declared(named, place, line);
    let used = if found.is_empty() { Vec::new() } else { used };
    Shown { found, tools_used: used, problem: None }
}

fn named_beside_a_person(words: &str) -> Vec<Named> {
    let strong = strong_name(words.split(['<', '(']).next().unwrap_or("").trim());
    strong.map(|a| Named { tool: Some(a.tool.to_owned()), model: a.model }).into_iter().collect()
}

fn without_brackets(value: &str) -> (String, Vec<String>) {
    let (mut words, mut used, mut rest) = (String::new(), Vec::new(), value);
    while let Some((before, after)) = rest.split_once('[') {
        let Some((inside, after)) = after.split_once(']') else { break };
        words.push_str(before);
        used.push(inside.trim().to_owned());
        rest = after;
    }
    words.push_str(rest);
    used.retain(|word| !word.is_empty());
    (words, used)
}

/// Any word that is not a no, and not a person.
fn yes_or_no(value: &str) -> Vec<Named> {
    let Some(value) = ticked(value).filter(|v| !is_no(v) && !is_placeholder(v)) else { return Vec::new() };
    let (identities, _) = identity::in_value(&value);
    let known: Vec<Named> = identities
        .iter()
        .filter_map(|(name, address)| identity::of(name, address))
        .map(|a| Named { tool: Some(a.tool.to_owned()), model: a.model })
        .collect();
    if !known.is_empty() {
        return known;
    }
    if value.contains('@') {
        return named_beside_a_person(&value);
    }
    vec![product::spoken_of(&value).unwrap_or(Named { tool: None, model: None })]
}

/// Words that name a tool or a model, or begin with yes.
fn usage(value: &str) -> Vec<Named> {
    let Some(value) = ticked(value).filter(|v| !is_no(v) && !is_placeholder(v) && !v.contains('@')) else {
        return Vec::new();
    };
    let lower = value.to_lowercase();
    let yes = ["yes", "true", "partial", "partly", "some", "fully", "assisted"].iter().any(|w| lower.starts_with(w));
    match product::in_value(&value, Asked::Assistant) {
        named if !named.is_empty() => named,
        _ if yes || product::spoken_of(&value).is_some() => {
            vec![product::spoken_of(&value).unwrap_or(Named { tool: None, model: None })]
        }
        _ => Vec::new(),
    }
}

/// Where the value is a row of boxes (`[x] yes [ ] no`): the ticked one, if any.
fn ticked(value: &str) -> Option<String> {
    if !value.contains("[ ]") && !value.to_lowercase().contains("[x]") {
        return Some(value.to_owned());
    }
    let lower = value.to_lowercase();
    let at = lower.find("[x]")? + 3;
    Some(value.get(at..)?.split('[').next()?.trim().to_owned())
}

/// Whether the value says that no model helped, or says nothing.
pub(super) fn is_no(value: &str) -> bool {
    let lower = value.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '/' | '\'' | '%')))
        .filter(|w| !w.is_empty())
        .collect();
    let Some(first) = words.first().copied() else {
        return !lower.contains(['✅', '✓', '✔', '☑', '👍']);
    };
    let by_hand =
        matches!(first, "human" | "manual" | "manually" | "handwritten" | "hand") || lower.starts_with("by hand");
    if by_hand && product::spoken_of(value).is_none() && !words.iter().any(|w| matches!(*w, "ai" | "llm")) {
        return true;
    }
    let no = [
        "no", "off", "none", "false", "never", "not", "n", "n/a", "na", "nope", "nil", "null", "0", "0%", "nobody",
        "without",
    ];
    no.contains(&first) || words == ["unknown"]
}

/// Whether the value is that of a template: `<tool>`, `yes/no`, `AGENT_NAME:MODEL_VERSION`.
fn is_placeholder(value: &str) -> bool {
    let lower = value.to_lowercase();
    let lower = lower.trim();
    let choice =
        ["yes/no", "yes / no", "y/n", "yes|no", "true/false", "tbd", "todo", "...", "tool:model", "tool:model [tools]"];
    (lower.starts_with('<') && lower.ends_with('>') && !lower.contains('@'))
        || (lower.starts_with('{') && lower.ends_with('}'))
        || choice.contains(&lower)
        || lower.contains("agent_name")
        || lower.contains("<tool>")
        || lower.contains("<model>")
}
