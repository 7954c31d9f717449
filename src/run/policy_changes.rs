//! A pull request that weakens what judges it: the policy file and CODEOWNERS belong to no model, and are compared under
//! the strictest layer.

use super::Inputs;
use super::judge::{Judged, weigh};
use crate::files::FileSet;
use crate::finding::{Finding, Location, Severity};
use crate::gates::Checked;
use crate::policy::{self, Policy, PolicySource};
use anyhow::{Context as _, Result, anyhow};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Instant;

/// Where GitHub looks for code owners.
const CODEOWNERS: &[&str] = &["CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS"];

/// The outcome of `integrity` on what judges, when the pull request changes it. It stands under the project's name.
pub(super) fn judge_policy(inputs: &Inputs<'_>) -> Option<Judged> {
    let path = inputs.policy.path.as_str();
    let (base, head) = (&inputs.base_tree.files, &inputs.head_tree.files);
    let changed = |path: &str| base.contains(path) && base.id(path) != head.id(path);
    let owners: Vec<&str> = CODEOWNERS.iter().copied().filter(|path| changed(path)).collect();
    let policy = inputs.policy_side == "base" && chain(inputs.policy).iter().any(|path| changed(path));
    if owners.is_empty() && !policy {
        return None;
    }
    let start = Instant::now();
    let look = || -> Result<Checked> {
        let mut findings = Vec::new();
        if policy {
            findings.extend(of_policy(inputs.policy, head, path)?);
        }
        for path in owners {
            findings.extend(of_owners(path, base, head)?);
        }
        let summary = match findings.iter().filter(|f: &&Finding| f.severity > Severity::Note).count() {
            0 => "what judges is changed, and nowhere weaker".to_owned(),
            1 => "what judges is weaker in 1 place".to_owned(),
            n => format!("what judges is weaker in {n} places"),
        };
        Ok(Checked::found(summary, findings))
    };
    let checked = look();
    let ms = start.elapsed().as_millis() as u64;
    Some(weigh("integrity", checked, &inputs.head.project.name, &inputs.policy.strictest, inputs, ms))
}

/// The files that a policy is made of.
fn chain(policy: &Policy) -> BTreeSet<&str> {
    let extended = policy.origins.values().flatten().map(|origin| origin.path.as_str());
    extended.chain([policy.path.as_str()]).filter(|path| !path.starts_with("built-in:")).collect()
}

fn finding(path: &str, line: u32, message: String) -> Finding {
    let line = line.max(1);
    let place = Location { path: path.to_owned(), line, column: 1, end_line: line, end_column: 1 };
    let help = "change what judges in a pull request of its own, which its owners review; the old rules judge this one";
    Finding::new("integrity/policy-weakened", message, help).at(place)
}

fn of_policy(before: &Policy, head: &FileSet, path: &str) -> Result<Vec<Finding>> {
    let Some(text) = head.text(path)? else {
        return Ok(vec![finding(path, 1, format!("the policy {path} is gone: the built-in default would judge"))]);
    };
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let read = |other: &str| head.text(&join(folder, other));
    let source = PolicySource { path: path.to_owned(), text };
    let now = policy::load(source, &read).with_context(|| format!("{path} of the head does not hold"))?;
    let told = |(key, message): (String, String)| {
        let origin = now.origin(&key);
        let (path, line) =
            if origin.path.starts_with("built-in:") { (path, 1) } else { (origin.path.as_str(), origin.line) };
        finding(path, line, message)
    };
    Ok(weaker(before, &now).into_iter().map(told).collect())
}

fn join(folder: &str, path: &str) -> String {
    if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }
}

/// What the second policy asks less: the part of the policy, and the message.
fn weaker(before: &Policy, now: &Policy) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for layer in &before.layers {
        let key = format!("layers.{}", layer.name);
        let Some(other) = now.layers.iter().find(|other| other.name == layer.name) else {
            found.push((key, format!("layer `{}` is gone", layer.name)));
            continue;
        };
        let lost = |was: &[String], is: &[String]| -> Vec<String> {
            was.iter().filter(|one| !is.contains(one)).map(|one| format!("`{one}`")).collect()
        };
        let (gates, roles) = (lost(&layer.gates, &other.gates), lost(&layer.review, &other.review));
        if !gates.is_empty() {
            found.push((
                format!("{key}.gates"),
                format!("layer `{}` no longer asks for {}", layer.name, gates.join(", ")),
            ));
        }
        if !roles.is_empty() && other.review.len() <= layer.review.len() {
            found.push((
                format!("{key}.review"),
                format!("layer `{}` no longer needs a review by {}", layer.name, roles.join(", ")),
            ));
        }
        if layer.merge_window != "any" && other.merge_window == "any" {
            found.push((format!("{key}.merge_window"), format!("layer `{}` may be merged at any time", layer.name)));
        }
    }
    let unmatched = |policy: &Policy| policy.effective.get("unmatched").and_then(Value::as_str).map(str::to_owned);
    if unmatched(before).as_deref() == Some("strictest") && unmatched(now).as_deref() != Some("strictest") {
        found.push(("unmatched".to_owned(), "models that match no layer are no longer in the strictest".to_owned()));
    }
    for (rule, was) in &before.severity {
        let is = now.severity.get(rule);
        if is.is_none_or(|is| is < was) && *was > Severity::Note {
            let is = is.map_or("its own".to_owned(), |is| format!("{is:?}").to_lowercase());
            found.push((
                format!("severity.{rule}"),
                format!("`{rule}` has {is} severity where it was {was:?}").to_lowercase(),
            ));
        }
    }
    for (rule, is) in &now.severity {
        if !before.severity.contains_key(rule) && *is < Severity::Error {
            found.push((format!("severity.{rule}"), format!("`{rule}` is only a {is:?} now").to_lowercase()));
        }
    }
    for one in &now.suppress {
        let wider = |old: &policy::Suppression| {
            old.rule == one.rule
                && old.model == one.model
                && (old.column.is_none() || old.column == one.column)
                && old.expires >= one.expires
        };
        if !before.suppress.iter().any(wider) {
            let message = format!("`{}` is suppressed for `{}` until {}", one.rule, one.model, one.expires);
            found.push(("suppress".to_owned(), message));
        }
    }
    for id in before.options.keys().chain(now.options.keys()).collect::<BTreeSet<_>>() {
        let (was, is) = (with_defaults(id, before.options.get(id)), with_defaults(id, now.options.get(id)));
        let (was, is) = (&was, &is);
        for message in looser_options(id, "", was, is) {
            found.push((format!("gates.{id}"), message));
        }
    }
    let added: Vec<&str> =
        now.env_allow.iter().filter(|name| !before.env_allow.contains(name)).map(String::as_str).collect();
    if !added.is_empty() {
        found.push(("env_allow".to_owned(), format!("templates may read {} of the environment", added.join(", "))));
    }
    found
}

/// The options of a gate with what holds where they say nothing, so that a bound that is set for the first time is
/// compared with the one that it takes the place of.
fn with_defaults(id: &str, options: Option<&Value>) -> Value {
    let mut all = options.and_then(Value::as_object).cloned().unwrap_or_default();
    let schema = crate::gates::gate(id).map(|gate| (gate.options)().to_value());
    let properties = schema.as_ref().and_then(|schema| schema.get("properties")?.as_object());
    for (key, property) in properties.into_iter().flatten() {
        if let Some(default) = property.get("default").filter(|default| !default.is_null())
            && all.get(key).is_none_or(Value::is_null)
        {
            all.insert(key.clone(), default.clone());
        }
    }
    Value::Object(all)
}

/// Options of a gate by which it lets more pass: greater bounds, references and names that are gone, exclusions that are new.
fn looser_options(gate: &str, at: &str, was: &Value, is: &Value) -> Vec<String> {
    let name = |key: &str| if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") };
    match (was, is) {
        (Value::Object(was), is) => {
            let empty = serde_json::Map::new();
            let is = is.as_object().unwrap_or(&empty);
            let keys: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
            let each = keys.into_iter().flat_map(|key| {
                looser_options(
                    gate,
                    &name(key),
                    was.get(key).unwrap_or(&Value::Null),
                    is.get(key).unwrap_or(&Value::Null),
                )
            });
            each.collect()
        }
        (Value::Null, Value::Object(is)) => {
            is.iter().flat_map(|(key, value)| looser_options(gate, &name(key), &Value::Null, value)).collect()
        }
        (Value::Array(was), is) => {
            let none = Vec::new();
            let is = is.as_array().unwrap_or(&none);
            let of = |entry: &Value| entry.get("model").and_then(Value::as_str).map(str::to_owned);
            let mut found = Vec::new();
            for entry in was {
                let same = is.iter().find(|other| *other == entry || (of(entry).is_some() && of(other) == of(entry)));
                match same {
                    Some(other) => {
                        found.extend(looser_options(gate, &name(&of(entry).unwrap_or_default()), entry, other))
                    }
                    None if !allows(at) => {
                        let what = of(entry).unwrap_or_else(|| plain(entry));
                        found.push(format!("`{gate}` no longer has {what} among `{at}`"));
                    }
                    None => {}
                }
            }
            if allows(at) {
                let added = is.iter().filter(|entry| !was.contains(entry)).map(plain);
                found.extend(added.map(|what| format!("`{gate}` lets {what} through (`{at}`)")));
            }
            found
        }
        (Value::Null, Value::Array(is)) if allows(at) => {
            is.iter().map(|what| format!("`{gate}` lets {} through (`{at}`)", plain(what))).collect()
        }
        (was, is) if was != is => {
            let greater = match (number(was), number(is)) {
                (Some(was), Some(is)) => is > was,
                // A bound without a default bounds nothing: setting it asks for more, taking it away for less.
                (None, Some(_)) => false,
                (Some(_), None) => true,
                (None, None) => matches!((was, is), (Value::Bool(true), Value::Bool(false))),
            };
            let reference = at.ends_with(".model") || at.contains("reference.");
            match (greater, reference) {
                (true, _) => vec![format!("`{at}` of `{gate}` is {} where it was {}", plain(is), plain(was))],
                (_, true) => {
                    vec![format!("`{gate}` compares with another reference: {} where it was {}", plain(is), plain(was))]
                }
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

/// Whether a list names what may pass, rather than what is checked.
fn allows(key: &str) -> bool {
    let key = key.rsplit('.').next().unwrap_or(key);
    key.starts_with("allow") || matches!(key, "exclude" | "ignore" | "skip" | "masking" | "waivers")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "its default".to_owned(),
        other => other.to_string(),
    }
}

/// A number, a percentage.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().trim_end_matches('%').trim().parse().ok(),
        _ => None,
    }
}

/// Owners that are gone from lines of CODEOWNERS whose path is still there.
fn of_owners(path: &str, base: &FileSet, head: &FileSet) -> Result<Vec<Finding>> {
    let read = |files: &FileSet| -> Result<Vec<(u32, String, BTreeSet<String>)>> {
        let text = files.text(path)?.ok_or_else(|| anyhow!("{path} is gone"));
        let Ok(text) = text else { return Ok(Vec::new()) };
        let lines = text.lines().zip(1..).filter_map(|(line, number)| {
            let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
            let pattern = words.next()?.to_owned();
            Some((number, pattern, words.map(str::to_owned).collect()))
        });
        Ok(lines.collect())
    };
    let (was, is) = (read(base)?, read(head)?);
    let mut found = Vec::new();
    for (_, pattern, owners) in &was {
        let same = is.iter().rev().find(|(_, other, _)| other == pattern);
        let message = match same {
            None => format!(
                "{path} no longer names owners of {pattern} ({})",
                owners.iter().cloned().collect::<Vec<_>>().join(" ")
            ),
            Some((_, _, now)) if now.is_empty() && !owners.is_empty() => {
                format!("{pattern} has no owner any more in {path}")
            }
            Some(_) => continue,
        };
        found.push(finding(path, same.map_or(1, |(line, ..)| *line), message));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "version: 1\nextends: default\nlayers:\n  - name: marts\n    match: [\"models/marts/**\"]\n    \
                        gates: [parse, safety, compile, test, row_count_diff, reconcile]\n    review: [senior-de]\n\
                        gates:\n  row_count_diff: {warn: 5%, fail: 10%, min_rows: 50}\n  reconcile:\n    references:\n      \
                        - {model: orders, reference: {seed: trusted_orders}, key: [id], tolerance: 1e-9}\n\
                        severity: {lineage_diff/renamed: error}\n";

    fn policy(text: &str) -> Policy {
        let source = PolicySource { path: "rowproof.yml".to_owned(), text: text.to_owned() };
        policy::load(source, &|_| Ok(None)).unwrap()
    }

    fn told(now: &str) -> Vec<String> {
        weaker(&policy(BASE), &policy(now)).into_iter().map(|(_, message)| message).collect()
    }

    #[test]
    fn what_asks_for_less_is_told() {
        let edited = |from: &str, to: &str| {
            assert!(BASE.contains(from), "{from}");
            told(&BASE.replace(from, to))
        };
        assert_eq!(
            edited("test, row_count_diff, reconcile]", "row_count_diff]"),
            ["layer `marts` no longer asks for `test`, `reconcile`"]
        );
        assert_eq!(edited("[senior-de]", "[any-peer]"), ["layer `marts` no longer needs a review by `senior-de`"]);
        assert_eq!(edited("fail: 10%", "fail: 60%"), ["`fail` of `row_count_diff` is 60% where it was 10%"]);
        assert_eq!(edited("tolerance: 1e-9", "tolerance: 0.01").len(), 1);
        assert_eq!(edited("seed: trusted_orders", "seed: orders_copy").len(), 1);
        assert_eq!(edited("error}", "note}").len(), 1);
        assert_eq!(edited("min_rows: 50", "min_rows: 5000").len(), 1);
        let suppressed = format!(
            "{BASE}suppress: [{{rule: lineage_diff/renamed, model: orders, reason: r, owner: \"@o\", expires: 2030-01-01}}]\n"
        );
        assert_eq!(told(&suppressed), ["`lineage_diff/renamed` is suppressed for `orders` until 2030-01-01"]);
        // Against what holds where base says nothing.
        assert_eq!(
            edited(
                "gates:\n  row",
                "gates:\n  explain_plan: {explode_fail: 1000000}\n  test: {downstream: false}\n  row"
            ),
            [
                "`explode_fail` of `explain_plan` is 1000000 where it was 10.0",
                "`downstream` of `test` is false where it was true"
            ]
        );
        assert_eq!(told(&format!("{BASE}env_allow: [SECRET]\n")), ["templates may read SECRET of the environment"]);
    }

    #[test]
    fn what_asks_for_as_much_or_more_is_not() {
        assert_eq!(told(BASE), [""; 0]);
        let tighter = BASE
            .replace("[parse, safety,", "[parse, safety, semantics,")
            .replace("fail: 10%", "fail: 8%")
            .replace("1e-9", "1e-12")
            .replace("[senior-de]", "[senior-de, data-pm]");
        assert_eq!(told(&tighter), [""; 0]);
        let more = BASE.replace(
            "tolerance: 1e-9}",
            "tolerance: 1e-9}\n      - {model: customers, reference: {seed: trusted_customers}}",
        );
        assert_eq!(told(&more), [""; 0]);
    }

    #[test]
    fn owners_that_are_gone() {
        let files = |text: &str| FileSet::in_memory([("CODEOWNERS", text)]);
        let told = |now: &str| {
            let found =
                of_owners("CODEOWNERS", &files("/models/ @acme/data\n/macros @lead # core\n"), &files(now)).unwrap();
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert_eq!(told("/models/ @acme/data\n/macros @lead\n/seeds @x\n"), [""; 0]);
        assert_eq!(told("/models/ @acme/data\n").len(), 1);
        assert_eq!(told("/models/\n/macros @lead\n"), ["/models/ has no owner any more in CODEOWNERS"]);
    }
}
