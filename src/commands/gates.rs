//! `rowproof gates`: what each gate asks and needs, from the registry; the README's table too.

use crate::gates::{GATES, GateSpec, Needs};
use crate::output::escape::terminal;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::json;

/// What a gate needs, in words.
pub fn needs_words(needs: Needs) -> &'static str {
    match needs {
        Needs::Static => "the files",
        Needs::Engine => "data",
        Needs::Reference => "data and a trusted reference",
        Needs::GitHub => "GitHub",
    }
}

/// The gates on a terminal of `width` columns.
pub fn table(width: u16) -> String {
    table_of(GATES, width)
}

/// The gates as JSON, with their rules.
pub fn json() -> String {
    json_of(GATES)
}

/// The gates as a Markdown table, as in the README.
pub fn markdown() -> String {
    markdown_of(GATES)
}

fn table_of(registry: &[&GateSpec], width: u16) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY).force_no_tty();
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width.max(40));
    table.set_header(["gate", "asks", "needs"]);
    for spec in registry {
        table.add_row([spec.id, &terminal(spec.summary), needs_words(spec.needs)]);
    }
    format!("{table}\n\n`rowproof explain GATE` tells more, and lists the rules of a gate.\n")
}

fn json_of(registry: &[&GateSpec]) -> String {
    let gate = |spec: &&GateSpec| {
        let rules: Vec<_> = spec.rules.iter().map(|r| json!({"id": r.id, "what": r.what, "help": r.help})).collect();
        json!({"id": spec.id, "asks": spec.summary, "needs": needs_words(spec.needs), "help": spec.help, "rules": rules})
    };
    let gates: Vec<_> = registry.iter().map(gate).collect();
    format!("{:#}\n", json!({ "gates": gates }))
}

fn markdown_of(registry: &[&GateSpec]) -> String {
    let mut text = String::from("| gate | asks | needs |\n| --- | --- | --- |\n");
    for spec in registry {
        let asks = spec.summary.replace('|', "\\|").replace('\n', " ");
        text.push_str(&format!("| `{}` | {asks} | {} |\n", spec.id, needs_words(spec.needs)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made_up() -> GateSpec {
        GateSpec {
            id: "parse",
            summary: "SQL parses | Jinja too",
            help: "",
            needs: Needs::Static,
            rules: &[],
            build: |_| anyhow::bail!("never built"),
            options: || schemars::json_schema!({"type": "object"}),
        }
    }

    #[test]
    fn every_face_names_every_gate() {
        let spec = made_up();
        let registry = [&spec];
        assert!(table_of(&registry, 80).contains(" parse "));
        assert!(markdown_of(&registry).ends_with("| `parse` | SQL parses \\| Jinja too | the files |\n"));
        let json: serde_json::Value = serde_json::from_str(&json_of(&registry)).expect("JSON");
        assert_eq!(json["gates"][0]["id"], "parse");
    }
}
