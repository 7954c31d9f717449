//! The answer as text and as JSON.

use crate::audit::provenance::{Confidence, Provenance};
use crate::finding::Severity;
use crate::output::escape::terminal;
use anyhow::Result;

/// For a terminal.
pub(super) fn table(found: &Provenance) -> String {
    let mut text = format!("{}\n\n", terminal(&found.says()));
    let mut row = |name: &str, value: &str| text.push_str(&format!("  {name:<12}{}\n", terminal(value)));
    row("confidence", word(found.confidence));
    if found.assisted {
        row("declared", if found.declared { "yes" } else { "no" });
    }
    for (name, list) in [("tools", &found.tools), ("models", &found.models), ("tools used", &found.tools_used)] {
        if !list.is_empty() {
            row(name, &list.join(", "));
        }
    }
    for prompt in &found.prompts {
        let parts = [prompt.reference.as_deref(), prompt.hash.as_deref(), prompt.author.as_deref()];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        row("prompt", &format!("{}: {}", prompt.verified.word(), parts.join(", ")));
    }
    if !found.marks.is_empty() {
        text.push_str("\nevidence\n");
    }
    for mark in &found.marks {
        let tool = mark.tool.as_deref().unwrap_or("a language model");
        let model = mark.model.as_deref().map_or(String::new(), |m| format!(" ({m})"));
        let line = format!("{}: {tool}{model}", mark.source);
        text.push_str(&format!(
            "  {:<8}{}\n          {}\n",
            word(mark.confidence),
            terminal(&line),
            terminal(&mark.text)
        ));
    }
    if !found.problems.is_empty() {
        text.push_str("\nproblems\n");
    }
    for problem in &found.problems {
        let severity = match problem.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let place = if problem.place.is_empty() { String::new() } else { format!("{}: ", problem.place) };
        text.push_str(&format!("  {severity:<8}{}\n", terminal(&format!("{place}{}", problem.message))));
    }
    text
}

/// For programs: the answer's own fields, and the sentence as `says`.
pub(super) fn json(found: &Provenance) -> Result<String> {
    let mut value = serde_json::to_value(found)?;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("says".to_owned(), found.says().into());
    }
    Ok(format!("{value:#}\n"))
}

fn word(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::None => "none",
        Confidence::Hint => "hint",
        Confidence::Low => "low",
        Confidence::Medium => "medium",
        Confidence::High => "high",
    }
}
