//! `rowproof explain GATE|RULE`: what it finds, why it matters and what to do.

use super::gates::needs_words;
use crate::gates::{GATES, GateSpec, Rule};
use crate::output::escape::terminal;
use crate::policy::suggestion;

/// The text about a gate (`lineage_diff`) or a rule (`lineage_diff/re-sourced`, or `re-sourced` alone when only one gate
/// has it), and exit code 0; or what was probably meant, and 2.
pub fn explain(name: &str) -> (String, u8) {
    explain_of(GATES, name)
}

fn explain_of(registry: &[&GateSpec], name: &str) -> (String, u8) {
    if let Some(spec) = registry.iter().find(|g| g.id == name) {
        return (gate_text(spec), 0);
    }
    let rules: Vec<(&GateSpec, &Rule)> = registry.iter().flat_map(|g| g.rules.iter().map(move |r| (*g, r))).collect();
    let short = |rule: &Rule| rule.id.split_once('/').map(|(_, short)| short) == Some(name);
    let meant: Vec<_> = rules.iter().filter(|(_, r)| r.id == name || short(r)).collect();
    match meant.as_slice() {
        [(spec, rule)] => (rule_text(spec, rule), 0),
        [] => {
            let gates = registry.iter().map(|g| g.id).filter(|_| !name.contains('/'));
            let known: Vec<&str> = gates.chain(rules.iter().map(|(_, r)| r.id)).collect();
            let hint = match crate::nearest::nearest(name, known.iter().copied()) {
                Some(_) => suggestion(name, &known),
                // All rules would be a wall of text; those of the gate that was named, or the gates, are of use.
                None => {
                    let gate = name.split('/').next().unwrap_or(name);
                    let of_gate: Vec<&str> = rules.iter().filter(|(g, _)| g.id == gate).map(|(_, r)| r.id).collect();
                    let gates: Vec<&str> = registry.iter().map(|g| g.id).collect();
                    suggestion(name, if of_gate.is_empty() { &gates } else { &of_gate })
                }
            };
            (format!("there is no gate or rule `{}`; {hint}\n", terminal(name)), 2)
        }
        several => {
            let ids: Vec<&str> = several.iter().map(|(_, r)| r.id).collect();
            (format!("`{}` is a rule of several gates: {}\n", terminal(name), ids.join(", ")), 2)
        }
    }
}

fn gate_text(spec: &GateSpec) -> String {
    let mut text = format!("{}: {}\nneeds: {}\n", spec.id, spec.summary, needs_words(spec.needs));
    if !spec.help.is_empty() {
        text.push_str(&format!("\n{}\n", spec.help.trim()));
    }
    if !spec.rules.is_empty() {
        text.push_str("\nRules\n");
        for rule in spec.rules {
            text.push_str(&format!("  {}\n      {}\n", rule.id, rule.what));
        }
    }
    let options = options_text(spec);
    if !options.is_empty() {
        text.push_str(&format!("\nOptions (`gates: {{{}: ...}}` in the policy)\n{options}", spec.id));
    }
    text
}

/// The options with their descriptions, from the JSON Schema that checks them.
fn options_text(spec: &GateSpec) -> String {
    let schema = (spec.options)().to_value();
    let mut text = String::new();
    for (name, option) in schema.get("properties").and_then(|p| p.as_object()).into_iter().flatten() {
        let about = option.get("description").and_then(|d| d.as_str()).unwrap_or_default().replace('\n', " ");
        let default = match option.get("default") {
            Some(value) if !value.is_null() => format!(" (default: {value})"),
            _ => String::new(),
        };
        text.push_str(&format!("  {name}\n      {about}{default}\n"));
    }
    text
}

fn rule_text(spec: &GateSpec, rule: &Rule) -> String {
    format!(
        "{}\n\n{}\n\n{}\n\nA rule of gate {}: {}\nSeverity: set it in the policy with `severity: {{{}: warning}}`.\n",
        rule.id,
        rule.what.trim(),
        rule.help.trim(),
        spec.id,
        spec.summary,
        rule.id
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gates::Needs;

    const fn spec(id: &'static str, rules: &'static [Rule]) -> GateSpec {
        GateSpec {
            id,
            summary: "asks something",
            help: "More about it.",
            needs: Needs::Engine,
            rules,
            build: |_| anyhow::bail!("never built"),
            options: || schemars::json_schema!({"properties": {"warn": {"description": "From where.", "default": "5%"}}}),
        }
    }

    const REGISTRY: &[&GateSpec] = &[
        &spec("lineage_diff", &[Rule { id: "lineage_diff/re-sourced", what: "another source", help: "look" }]),
        &spec("test", &[Rule { id: "test/unique", what: "twice", help: "look" }]),
        &spec("check", &[Rule { id: "check/unique", what: "twice", help: "look" }]),
    ];

    #[test]
    fn gates_and_rules_are_explained() {
        let (text, code) = explain_of(REGISTRY, "lineage_diff");
        assert_eq!(code, 0);
        for part in ["needs: data", "More about it.", "lineage_diff/re-sourced\n", "From where. (default: \"5%\")"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(explain_of(REGISTRY, "lineage_diff/re-sourced").0.contains("another source"));
        assert_eq!(explain_of(REGISTRY, "re-sourced").1, 0);
    }

    #[test]
    fn what_is_unknown_or_unclear_is_told() {
        assert_eq!(explain_of(REGISTRY, "unique").1, 2);
        assert!(explain_of(REGISTRY, "unique").0.contains("test/unique, check/unique"));
        let (text, code) = explain_of(REGISTRY, "lineage_dif");
        assert_eq!((text.contains("did you mean `lineage_diff`?"), code), (true, 2));
        assert!(explain_of(REGISTRY, "test/whatever").0.contains("known: test/unique"));
        assert!(explain_of(REGISTRY, "ele\x1bphant").0.contains("known: lineage_diff, test, check"));
    }
}
