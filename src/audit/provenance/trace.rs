//! What tools record beside the code: git-ai's notes and Agent Trace files.

use super::Confidence;
use super::found::Found;
use super::product;
use serde_json::Value;
use std::collections::BTreeSet;

/// How deep a record may nest before it is not looked into any further.
const DEPTH: usize = 32;

/// The assistants of a note in `refs/notes/ai`.
///
/// # Errors
/// The note is not one of git-ai's, or is broken.
pub(super) fn note(text: &str) -> Result<Vec<Found>, String> {
    // Above the line of dashes stand the line ranges, below it a JSON object.
    let (ranges, json) = match text.split_once("\n---\n").or_else(|| text.split_once("\n---\r\n")) {
        Some((ranges, json)) => (ranges, json),
        None => ("", text.trim().strip_prefix("---").unwrap_or(text)),
    };
    let json: Value = serde_json::from_str(json.trim()).map_err(|e| format!("not a note of git-ai: {e}"))?;
    let mut found = Vec::new();
    for section in ["prompts", "sessions"] {
        for (id, prompt) in json.get(section).and_then(Value::as_object).into_iter().flatten() {
            let agent = prompt.get("agent_id").unwrap_or(prompt);
            let word = |key: &str| agent.get(key).and_then(Value::as_str).map(str::trim).filter(|w| !w.is_empty());
            let Some(tool) = word("tool") else { continue };
            let model = word("model").filter(|m| !matches!(*m, "unknown" | "default" | "auto")).map(str::to_owned);
            // A session whose lines were all rewritten has no range any more.
            let stands = ranges.contains(id.as_str());
            let confidence = if stands { Confidence::High } else { Confidence::Low };
            found.push(Found::tool(
                &product::tool_id(tool),
                model,
                confidence,
                "note",
                &format!("git-ai: {tool} {id}"),
            ));
        }
    }
    Ok(found)
}

/// The assistants of an Agent Trace file: one JSON record, or one a line.
///
/// # Errors
/// A record is no JSON.
pub(super) fn agent_trace(text: &str) -> Result<Vec<Found>, String> {
    let records: Vec<Value> = match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(records)) => records,
        Ok(record) => vec![record],
        Err(whole) => {
            let lines = text.lines().filter(|l| !l.trim().is_empty());
            let records: Result<Vec<Value>, _> = lines.map(serde_json::from_str).collect();
            records.map_err(|_| format!("not an Agent Trace record: {whole}"))?
        }
    };
    let mut seen = BTreeSet::new();
    for record in &records {
        let tool = record.pointer("/tool/name").and_then(Value::as_str).map(product::tool_id);
        let mut models = BTreeSet::new();
        contributors(record.get("files").unwrap_or(&Value::Null), &mut models, DEPTH);
        seen.extend(models.into_iter().map(|model| (tool.clone(), model)));
    }
    let found = seen.into_iter().map(|(tool, model)| {
        let tool = tool.or_else(|| model.as_deref().and_then(super::model::maker).map(str::to_owned));
        let line = format!("contributor ai {}", model.as_deref().unwrap_or("(no model named)"));
        Found { tool, ..Found::tool("", model, Confidence::High, "", &line) }
    });
    Ok(found.collect())
}

/// Models of all contributors that are `ai`, or `mixed` with people.
fn contributors(value: &Value, models: &mut BTreeSet<Option<String>>, depth: usize) {
    if depth == 0 {
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|v| contributors(v, models, depth - 1)),
        Value::Object(fields) => {
            if let Some(contributor) = fields.get("contributor") {
                let kind = contributor.get("type").and_then(Value::as_str).unwrap_or("");
                if matches!(kind, "ai" | "mixed") {
                    models.insert(contributor.get("model_id").and_then(Value::as_str).map(str::to_owned));
                }
            }
            fields.values().for_each(|v| contributors(v, models, depth - 1));
        }
        _ => {}
    }
}
