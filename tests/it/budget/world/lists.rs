//! Pull requests as a list gives them and as a search finds them.

use super::{NAME, OWNER, World, items, listed, moment};
use crate::budget::graphql::{Arguments, Found, Item, Refusal};
use serde_json::{Value, json};
use std::borrow::Cow;

impl World {
    pub(super) fn list(&self, arguments: &Arguments) -> Found<'_> {
        let words = |n: &str| -> Option<Vec<String>> {
            let all = arguments.get(n)?;
            let all = if all.is_array() { all.clone() } else { json!([all]) };
            if all == json!([null]) { None } else { serde_json::from_value(all).ok() }
        };
        let (states, labels) = (words("states"), words("labels"));
        let name = |n: &str| arguments.get(n).and_then(Value::as_str);
        let fits = |p: &Value| {
            states.as_ref().is_none_or(|s| s.iter().any(|s| p["state"] == **s))
                && name("baseRefName").is_none_or(|b| p["baseRefName"] == b)
                && name("headRefName").is_none_or(|b| p["headRefName"] == b)
                && labels.as_ref().is_none_or(|l| l.iter().any(|l| has_label(p, l)))
        };
        let order = arguments.get("orderBy").filter(|o| !o.is_null());
        let by = match order.map_or("CREATED_AT", |o| o["field"].as_str().unwrap()) {
            "CREATED_AT" => "createdAt",
            "UPDATED_AT" => "updatedAt",
            other => panic!("no order by {other} yet"),
        };
        let descending = order.is_some_and(|o| o["direction"] == "DESC");
        let mut keyed: Vec<(String, &Value)> = self
            .pulls_by(&fits)
            .into_iter()
            .map(|p| (format!("{}#{:09}", p[by].as_str().unwrap(), p["number"].as_u64().unwrap()), p))
            .collect();
        keyed.sort_by(|a, b| if descending { b.0.cmp(&a.0) } else { a.0.cmp(&b.0) });
        let mark = if descending { "-" } else { "+" };
        Found::Connection(
            keyed.into_iter().map(|(k, p)| Item { key: format!("{mark}{k}"), node: Cow::Borrowed(p) }).collect(),
        )
    }

    pub(super) fn search(&self, arguments: &Arguments) -> Result<Found<'_>, Refusal> {
        let query = arguments["query"].as_str().unwrap();
        let mut pulls: Vec<&Value> = self.pulls.values().collect();
        for word in query.split_whitespace() {
            let (name, value) = word.split_once(':').unwrap_or_else(|| panic!("no search for words yet: {query}"));
            let value = value.trim_matches('"');
            pulls.retain(|p| match (name, value) {
                ("repo", repo) => repo == format!("{OWNER}/{NAME}"),
                ("is" | "type", "pr" | "pull-request") | ("sort", _) => true,
                ("is", "merged") => p["state"] == "MERGED",
                ("is" | "state", "closed") => p["state"] != "OPEN",
                ("base", base) => p["baseRefName"] == base,
                ("label", label) => has_label(p, label),
                ("merged" | "created" | "updated", range) => within(p[format!("{name}At").as_str()].as_str(), range),
                _ => panic!("no search for `{word}` yet"),
            });
        }
        pulls.sort_by_key(|p| std::cmp::Reverse(p["createdAt"].as_str().unwrap().to_owned()));
        if query.contains("sort:created-asc") {
            pulls.reverse();
        }
        // A search gives no more.
        pulls.truncate(1_000);
        Ok(listed(pulls.into_iter().map(Cow::Borrowed)))
    }
}

fn has_label(pull: &Value, label: &str) -> bool {
    items(pull, "labels").any(|l| l.as_str().unwrap().eq_ignore_ascii_case(label))
}

/// `2026-01-01..2026-01-31`, `>=2026-01-01`, days or moments, both ends included.
fn within(at: Option<&str>, range: &str) -> bool {
    let Some(at) = at.map(moment) else { return false };
    let low = |t: &str| moment(&if t.len() == 10 { format!("{t}T00:00:00Z") } else { t.to_owned() });
    let high = |t: &str| moment(&if t.len() == 10 { format!("{t}T23:59:59Z") } else { t.to_owned() });
    if let Some((from, to)) = range.split_once("..") {
        return (from == "*" || at >= low(from)) && (to == "*" || at <= high(to));
    }
    match range.as_bytes() {
        [b'>', b'=', ..] => at >= low(&range[2..]),
        [b'<', b'=', ..] => at <= high(&range[2..]),
        [b'>', ..] => at > high(&range[1..]),
        [b'<', ..] => at < low(&range[1..]),
        _ => at >= low(range) && at <= high(range),
    }
}
