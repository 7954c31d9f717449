//! What was found on LLM-assisted pull requests before they were merged, and what people said of them.

use super::Rules;
use super::cycle::{is_another_person, is_bot};
use super::facts::Placed;
use super::result::{Caught, Remark, RuleCaught};
use crate::audit::text::{Text, clip};
use crate::history::{History, ReviewState};
use crate::report::Verdict;
use std::collections::BTreeMap;

/// Most characters of a remark that are shown.
const SHOWN: usize = 200;

/// By gates, by reviewers, in words.
pub(super) fn caught(rules: &Rules<'_>, history: &History, pulls: &[&Placed<'_>]) -> Caught {
    let mut by_rule: BTreeMap<(String, Option<String>), (u64, u64)> = BTreeMap::new();
    let mut recorded = 0;
    for record in pulls.iter().filter_map(|p| p.record) {
        recorded += 1;
        let mut count = |gate: &str, rule: Option<&String>, findings: u64| {
            let entry = by_rule.entry((gate.to_owned(), rule.cloned())).or_default();
            entry.0 += findings;
            entry.1 += 1;
        };
        for (rule, findings) in &record.caught {
            count(rule.split('/').next().unwrap_or(rule), Some(rule), *findings);
        }
        let told = |gate: &str| record.caught.keys().any(|rule| rule.split('/').next() == Some(gate));
        for gate in record.gates.iter().filter(|g| matches!(g.verdict, Verdict::Fail | Verdict::Warn) && !told(&g.id)) {
            count(&gate.id, None, 1);
        }
    }
    let mut by_rule: Vec<RuleCaught> = by_rule
        .into_iter()
        .map(|((gate, rule), (findings, pulls))| RuleCaught { gate, rule, findings, pulls })
        .collect();
    by_rule.sort_by_key(|r| std::cmp::Reverse((r.pulls, r.findings)));
    let asked = |p: &&&Placed<'_>| {
        let by_person = |r: &&crate::history::Review| is_another_person(p.pull, r.by.as_ref());
        let mut reviews = p.pull.reviews.iter().filter(by_person);
        reviews.any(|r| r.state == ReviewState::ChangesRequested && r.at <= p.pull.merged_at)
    };
    let changes_requested = pulls.iter().filter(asked).map(|p| p.pull.number).collect();
    let remarks = pulls.iter().flat_map(|p| remarks(rules, history, p)).collect();
    Caught { by_rule, recorded, changes_requested, remarks, words: rules.words.clone() }
}

/// Comments and reviews of people that hold one of the words outside of quotations, the oldest first.
fn remarks(rules: &Rules<'_>, history: &History, placed: &Placed<'_>) -> Vec<Remark> {
    let reviews = placed.pull.reviews.iter().map(|r| (&r.by, r.at, r.body.as_str()));
    let comments = history.comments.get(&placed.pull.number).into_iter().flatten();
    let all = reviews.chain(comments.map(|c| (&c.by, c.at, c.body.as_str())));
    let mut found: Vec<_> = all
        .filter(|(by, ..)| by.as_ref().is_none_or(|by| !is_bot(by)))
        .filter_map(|(by, at, body)| {
            let (word, line) = first_word(&rules.words, body)?;
            Some((
                at,
                Remark {
                    number: placed.pull.number,
                    by: by.as_ref().map(|b| b.login.clone()),
                    at: at.to_string(),
                    word,
                    line,
                },
            ))
        })
        .collect();
    found.sort_by(|(a, x), (b, y)| (a, &x.by, &x.line).cmp(&(b, &y.by, &y.line)));
    found.into_iter().map(|(_, remark)| remark).collect()
}

fn first_word(words: &[String], body: &str) -> Option<(String, String)> {
    let text = Text::of(body);
    text.lines().find_map(|(_, line)| {
        let lower = line.to_lowercase();
        let word = words.iter().find(|w| lower.contains(w.as_str()))?;
        Some((word.clone(), clip(line, SHOWN)))
    })
}
