//! Footers and sentences: `🤖 Generated with [Claude Code](...)`, `This PR was created by Devin AI.`, links to a session.
//!
//! A footer is a whole line that says nothing else. The same words within a sentence are about something else.

use super::Confidence;
use super::found::Found;
use super::product::{self, Named};
use super::table::{LINKS, Strength};
use super::{model, trailer};
use crate::audit::text::{Text, is_bullet};
use regex::Regex;
use std::sync::LazyLock;

static SAID: LazyLock<Regex> = LazyLock::new(|| {
    model::pattern(
        r"(?xi)^
        (?P<subject> (?:this|the|these)\s+(?:entire\s+|whole\s+)?(?:pr|pull\ request|merge\ request|commit|change|changes|patch|code|migration|models?|query|queries|sql|branch|work|feature|fix|refactor|refactoring)\s+(?:was|were|is|are|has\ been|have\ been)\s+ )?
        (?: (?:entirely|fully|partly|partially|mostly|largely|automatically|autonomously|auto|in\ part)[\s-]+ )?
        (?: (?:ai|llm)[\s-]+ )?
        (?: (?:pr|pull\ request|commit)\s+ )?
        (?P<verb> co-?authored|generated|created|made|written|built|authored|produced|developed|implemented|assisted|drafted|coded|vibe[\ -]?coded|pair[\ -]programmed|prepared|composed|opened )
        \s+ (?: (?:automatically|autonomously|entirely|partly|in\ part|mostly)\s+ )?
        (?P<how> with|by|using|via )\s+
        (?: the\s+ )? (?: (?:help|assistance|support|aid)\s+(?:of|from)\s+ )?
        (?P<rest> .+) $",
    )
});

static LINK: LazyLock<Regex> = LazyLock::new(|| model::pattern(r"\[([^\[\]]*)\]\(([^()\s]*)\)"));
static TAG: LazyLock<Regex> = LazyLock::new(|| model::pattern(r"</?[A-Za-z][^<>]*>"));
static ANCHOR: LazyLock<Regex> =
    LazyLock::new(|| model::pattern(r#"(?i)^(?:<[a-z/][^<>]*>\s*)*<a\s+href="https?://(?:www\.)?([^"\s]+)""#));
static LONE_LINK: LazyLock<Regex> = LazyLock::new(|| {
    model::pattern(
        r"(?xi)^
        (?: (?:link\ to\ )? (?:[a-z]+\ )? (?:session|run|task|thread|agent|devin|codex|claude|jules|amp|conversation|transcript)(?:\ (?:link|url|run|session|id))? \s*:\s* )?
        (?: \[[^\[\]]*\]\( | < )? https?://(?:www\.)?([^\s()<>]+) [)>]? [.]? $",
    )
});
static JULES: LazyLock<Regex> = LazyLock::new(|| {
    model::pattern(
        r"(?i)^PR created automatically by Jules for task \[?\w+\]?(?:\(https://jules\.google\.com/[^\s()]*\))?",
    )
});

/// What may follow the name of the product: who else, from where, under whose eyes.
const TAILS: &[&str] = &[
    "via ",
    "by anthropic",
    "by openai",
    "by google",
    "by github",
    "using ",
    "with ",
    "powered by ",
    "and reviewed",
    "and then reviewed",
    "and edited",
    "and tested",
    "and verified",
    "and checked",
    "under human",
    "on behalf of",
    "for task",
    "from ",
    ", reviewed",
    ", edited",
    ", then reviewed",
    ", and reviewed",
    "; reviewed",
    "- ",
    "– ",
    "— ",
    "| ",
    "/ ",
    "+ ",
    "& ",
];

/// `I used Claude Code to write the tests`, `Claude Code was used to write this`.
static USED: LazyLock<Regex> = LazyLock::new(|| {
    model::pattern(
        r"(?xi)^ (?: (?:i|we)\s+(?:have\s+)?used\s+(?P<object>.+?) | (?P<subject>.+?)\s+(?:was|were)\s+used )
        \s+(?:to|for)\s+(?:help\s+(?:me\s+|us\s+)?)?(?:write|writing|generate|generating|create|creating|implement|implementing|draft|drafting|refactor|refactoring|code|coding|build|building|produce|develop)\b",
    )
});

/// The mark of a footer, a sentence or a link that stands alone on the line `at`.
pub(super) fn read(text: &Text, at: usize) -> Option<Found> {
    let line = text.line(at);
    link(line).or_else(|| said(text, at, line)).or_else(|| used(text, at, line))
}

fn used(text: &Text, at: usize, line: &str) -> Option<Found> {
    if line.len() > 600 || !starts_sentence(text, at) {
        return None;
    }
    let (plain, _) = undecorated(line)?;
    let said = USED.captures(&plain)?;
    let what = said.name("object").or_else(|| said.name("subject")).map_or("", |m| m.as_str());
    let (tool, strength, rest) = match product::at_start(what) {
        Some(found) => found,
        None if product::is_model_word(&what.to_lowercase()) => {
            let unnamed = Named { tool: None, model: None };
            return Some(Found::declared(unnamed, Confidence::Low, "sentence", line));
        }
        None => return None,
    };
    let model = model::find(what).map(|(model, _)| model);
    let enough = strength == Strength::Strong
        || model.is_some()
        || (said.name("object").is_some() && what.starts_with(char::is_uppercase));
    let named = Named { tool: Some(tool.to_owned()), model };
    (strength != Strength::Word && enough && ends(rest))
        .then(|| Found::declared(named, Confidence::Medium, "sentence", line))
}

/// Whether the line begins a paragraph or an item, or follows a finished sentence.
fn starts_sentence(text: &Text, at: usize) -> bool {
    let before = text.before(at);
    is_structure(before) || is_bullet(text.line(at).trim_start()) || before.trim_end().ends_with(['.', '!', ')'])
}

fn link(line: &str) -> Option<Found> {
    let bare = line.trim().trim_start_matches(['*', '-', '•']).trim_start();
    if JULES.is_match(bare) {
        return Some(Found::tool("jules", None, Confidence::High, "footer", line));
    }
    let target = ANCHOR.captures(bare).or_else(|| LONE_LINK.captures(bare))?.get(1)?.as_str().to_lowercase();
    let (_, tool) = LINKS.iter().find(|(start, _)| target.starts_with(start))?;
    Some(Found::tool(tool, None, Confidence::Medium, "link", line))
}

fn said(text: &Text, at: usize, line: &str) -> Option<Found> {
    if line.len() > 600 {
        return None;
    }
    let (plain, decoration) = undecorated(line)?;
    let said = SAID.captures(&plain)?;
    let part = |name: &str| said.name(name).map_or("", |m| m.as_str());
    let (verb, rest) = (part("verb").to_lowercase(), part("rest"));
    if !stands_alone(text, at, &plain, decoration) {
        return None;
    }
    let generated = !part("how").eq_ignore_ascii_case("by") || verb == "generated";
    let named = named(rest, decoration, generated && verb != "opened" && !verb.starts_with("pair"))?;
    let confidence = match (&named.tool, decoration.any()) {
        (Some(_), true) => Confidence::High,
        (Some(_), false) => Confidence::Medium,
        (None, _) => Confidence::Low,
    };
    let place = if part("subject").is_empty() { "footer" } else { "sentence" };
    Some(Found { declares: !decoration.any(), ..Found::declared(named, confidence, place, line) })
}

/// The product, model or "an LLM" that a line goes on with, if it goes on with nothing else.
fn named(rest: &str, decoration: Decoration, generated: bool) -> Option<Named> {
    let rest = rest.strip_prefix('@').unwrap_or(rest);
    if let Some((tool, strength, tail)) = product::at_start(rest) {
        let model = model::find(rest).map(|(model, _)| model).or_else(|| model::in_name(tool, rest));
        let model = model.filter(|m| rest.len() < 200 && m.len() < 60);
        // `written with cursors in mind`: a name begins with a capital.
        let name = rest.starts_with(char::is_uppercase);
        let enough = match strength {
            Strength::Strong => true,
            Strength::Weak => decoration.any() || (name && (generated || tool == "copilot")) || model.is_some(),
            Strength::Word => decoration.any(),
        };
        return (enough && ends(tail)).then(|| Named { tool: Some(tool.to_owned()), model });
    }
    if let Some((model, span)) = model::find(rest).filter(|(_, span)| span.start == 0) {
        // `Claude Sonnet 4.5 via Claude Code`: the tool comes after the model.
        let after = rest[span.end..].trim().trim_start_matches("via ").trim_start_matches("in ");
        let tool = product::at_start(after).filter(|(_, s, _)| *s == Strength::Strong).map(|(tool, ..)| tool);
        let tool = tool.or_else(|| model::maker(&model));
        return ends(&rest[span.end..]).then(|| Named { tool: tool.map(str::to_owned), model: Some(model) });
    }
    let head = rest.split(['.', '(', ',']).next().unwrap_or("").to_lowercase();
    product::is_model_word(&head).then_some(Named { tool: None, model: None })
}

/// Whether nothing that matters follows.
fn ends(tail: &str) -> bool {
    let tail = tail.trim().trim_end_matches(['.', '!', ' ', '*', '_']);
    let lower = tail.to_lowercase();
    let question = tail.ends_with('?');
    let version = |t: &str| model::find(t.trim_start_matches([' ', '-'])).is_some_and(|(_, span)| span.start == 0);
    let number = |t: &str| {
        let t = t.trim_start_matches('v');
        t.starts_with(|c: char| c.is_ascii_digit()) && t.chars().all(|c| c.is_ascii_digit() || c == '.')
    };
    let named_model = ["opus", "sonnet", "haiku"].iter().any(|m| lower.starts_with(m)) && lower.split(' ').count() <= 6;
    !question
        && (lower.is_empty()
            || (lower.starts_with('(') && lower.ends_with(')'))
            || (lower.starts_with("[http") || lower.starts_with("http") || lower.starts_with("<http"))
            || number(&lower)
            || named_model
            || version(tail)
            || TAILS.iter().any(|t| tail.len() <= 160 && (lower.starts_with(t))))
}

/// What sets a line apart from prose.
#[derive(Debug, Clone, Copy)]
struct Decoration {
    emoji: bool,
    link: bool,
}

impl Decoration {
    fn any(self) -> bool {
        self.emoji || self.link
    }
}

/// The line without bullets, emphasis, tags, emoji and links around its words; `None` for a heading or a quotation.
fn undecorated(line: &str) -> Option<(String, Decoration)> {
    let link = LINK.is_match(line) || line.contains("<a ");
    let text = LINK.replace_all(line, "$1");
    let text = TAG.replace_all(&text, "");
    let mut text = text.trim();
    if text.starts_with(['#', '"', '\'', '`', '|', '“', '«']) {
        return None;
    }
    let mut emoji = false;
    while let Some(first) = text.chars().next() {
        // `•` belongs to lists; arrows, pictures and what joins them begin behind it.
        let picture = first > '\u{2100}' && !first.is_alphanumeric();
        if !picture && !matches!(first, '*' | '_' | '-' | '•' | ' ' | '~') {
            break;
        }
        emoji |= picture;
        text = &text[first.len_utf8()..];
    }
    let text =
        text.trim_end_matches(|c: char| matches!(c, '*' | '_' | ' ' | '~') || (c > '\u{2100}' && !c.is_alphanumeric()));
    // `[Claude Code]` without its address, and `**Claude Code**`.
    let text = text.replace(['[', ']', '*', '`'], "");
    Some((text, Decoration { emoji, link }))
}

/// Whether the line is a statement of its own and no part of a paragraph that was wrapped.
fn stands_alone(text: &Text, at: usize, plain: &str, decoration: Decoration) -> bool {
    let (before, after) = (text.before(at), text.line(at + 1));
    let goes_on = after.trim_start().starts_with(char::is_lowercase) && !after.trim_start().starts_with("via ");
    if goes_on && !is_structure(after) {
        return false;
    }
    if decoration.any() && !plain.starts_with(char::is_lowercase) {
        return !before.trim_end().ends_with(':') || is_structure(before) && is_bullet(before.trim_start());
    }
    if is_structure(before) || is_bullet(text.line(at).trim_start()) {
        return true;
    }
    let ended = at == 1 || before.trim_end().ends_with(['.', '!', ')']);
    plain.starts_with(char::is_uppercase) && ended
}

/// Whether the line is empty, an item, a heading, a rule, a trailer or markup: no prose that could go on.
fn is_structure(line: &str) -> bool {
    let words = line.trim();
    let first = words.chars().next();
    words.is_empty()
        || is_bullet(words)
        || words.starts_with(['#', '<', '|', '[', '_'])
        || words.starts_with("---")
        || words.starts_with("***")
        || words.starts_with("http")
        || first.is_some_and(|c| c > '\u{2100}' && !c.is_alphanumeric())
        || trailer::parse(line).is_some_and(|t| !t.key.contains(' ') && t.key.contains('-'))
}
