//! The human rules of a pull request: who must look, who may not count, when it may be merged, and how soon a bad merge
//! is rolled back. Pure: everything it judges by is in [`Facts`] and the policy of the base side.
//!
//! What could not be read makes the answer `error` where it decides; where it does not, the answer stands without it.

mod bar;
pub mod calendar;
mod doubt;
mod facts;
mod judgement;
mod layers;
mod matching;
mod opinions;
mod people;
mod roles;
mod seating;
pub mod span;
pub mod window;
mod windows;

pub use bar::{ANY_PEER, Asked, asked, strictest};
pub use facts::{AutoMerge, Commit, Facts, Identity, Label, LlmFacts, Profile, PullState, Review, ReviewState};
pub use judgement::{Excluded, Judgement, Rollback, Ruling, Seat, WindowState, WindowStatus};
pub use layers::{LayerAsked, layers_of};
pub use people::{bot_name, co_authors};

use crate::finding::{Finding, Severity};
use crate::policy::Policy;
use crate::policy::schema::Undeclared;
use crate::policy::values::Length;
use doubt::Doubt;
use jiff::SignedDuration;
use people::{Parts, Standing};

/// Judges a pull request by the policy (of its base side).
pub fn judge(policy: &Policy, facts: &Facts) -> Judgement {
    let Some(bar) = bar::strictest(policy, &facts.layers) else { return nothing_asked(facts) };
    let parts = Parts::of(facts);
    let opinions = opinions::latest(facts);
    let mut bench = Bench { policy, layer: &bar.name, findings: Vec::new(), doubts: Vec::new() };
    let seating = seating::seat(policy, facts, &parts, &opinions);
    bench.seats(facts, &seating);
    let mut excluded = seating.excluded;
    bench.objections(facts, &parts, &opinions, &mut excluded);
    let windows = bench.windows(facts, &parts);
    bench.merge(facts);
    bench.llm(facts);
    excluded.sort();
    let rollback = bench.rollback(facts);
    let verdict = bench.verdict();
    let findings = bench.findings();
    let mut judgement = Judgement {
        verdict,
        summary: String::new(),
        layers: facts.layers.iter().map(|l| l.layer(policy).name.clone()).collect(),
        bar: Some(bar.name.clone()),
        seats: seating.seats,
        excluded,
        windows,
        rollback,
        merged_at: merged_at(facts),
        findings,
    };
    judgement.layers.dedup();
    judgement.summary = summary(&judgement);
    judgement
}

fn nothing_asked(facts: &Facts) -> Judgement {
    Judgement {
        verdict: Ruling::Pass,
        summary: "nobody is asked: no changed file can change what the project computes or who judges it".to_owned(),
        layers: Vec::new(),
        bar: None,
        seats: Vec::new(),
        excluded: Vec::new(),
        windows: Vec::new(),
        rollback: None,
        merged_at: merged_at(facts),
        findings: Vec::new(),
    }
}

fn merged_at(facts: &Facts) -> Option<String> {
    match &facts.state {
        PullState::Merged { at, .. } => Some(at.to_string()),
        _ => None,
    }
}

/// One line: what is missing, or that nothing is.
fn summary(judgement: &Judgement) -> String {
    let filled = judgement.seats.iter().filter(|s| s.person.is_some()).count();
    let approvals = format!("{filled} of {} approvals", judgement.seats.len());
    let worst = || judgement.findings.iter().filter(|f| f.severity == Severity::Error).map(|f| f.message.as_str());
    match judgement.verdict {
        Ruling::Pass => {
            let mut text = approvals;
            for window in &judgement.windows {
                let state = match (window.state, &window.open_until, &window.reason) {
                    (WindowState::Open, Some(until), _) => format!("open until {until}"),
                    (_, _, Some(reason)) => reason.clone(),
                    _ => "open".to_owned(),
                };
                text.push_str(&format!("; merge window `{}`: {state}", window.name));
            }
            text
        }
        Ruling::Fail => format!("{approvals}; {}", worst().collect::<Vec<_>>().join("; ")),
        Ruling::Error => format!("cannot tell: {}", worst().collect::<Vec<_>>().join("; ")),
    }
}

/// Where findings are gathered and weighed.
struct Bench<'a> {
    policy: &'a Policy,
    layer: &'a str,
    findings: Vec<Finding>,
    doubts: Vec<Doubt>,
}

impl Bench<'_> {
    fn tell(&mut self, finding: Finding) {
        let severity = self.policy.severity.get(&finding.rule).copied().unwrap_or(finding.severity);
        self.findings.push(finding.severity(severity));
    }

    fn seats(&mut self, facts: &Facts, seating: &seating::Seating) {
        self.doubts.extend(seating.doubts.iter().cloned());
        for (role, count) in &seating.missing {
            let more = if *count > 1 { format!(" ({count} people)") } else { String::new() };
            let message = match facts.state {
                PullState::Merged { .. } => format!("merged without an approval of `{role}` that counts{more}"),
                _ => format!("no approval of `{role}` that counts{more}"),
            };
            let sha: String = facts.head_sha.chars().take(7).collect();
            let help = format!("ask {} to approve commit {sha}", roles::people(self.policy, role));
            let finding = Finding::new("review/missing-approval", message, help);
            self.tell(finding.evidence("role", role.as_str()).evidence("missing", *count));
        }
    }

    /// Reviews that ask for changes block at whatever commit they stand.
    fn objections(
        &mut self,
        facts: &Facts,
        parts: &Parts,
        opinions: &std::collections::BTreeMap<String, opinions::Opinion<'_>>,
        excluded: &mut Vec<Excluded>,
    ) {
        for opinion in opinions.values().filter(|o| o.review.state == ReviewState::ChangesRequested) {
            let login = opinion.login;
            match parts.standing(facts, login, opinion.is_bot) {
                Standing::Counts => {
                    let message = format!("`{login}` asked for changes");
                    let help = format!("answer the review; `{login}` approves, or somebody dismisses it");
                    let finding = Finding::new("review/changes-requested", message, help);
                    let finding = finding.evidence("review_id", opinion.review.id);
                    self.tell(finding.evidence("commit", opinion.review.commit_id.clone()));
                }
                Standing::Not(reasons) => excluded.push(seating::excluded(opinion, reasons.join(", "))),
                Standing::Unknown(doubt) => self.doubts.push(doubt),
            }
        }
    }

    fn windows(&mut self, facts: &Facts, parts: &Parts) -> Vec<WindowStatus> {
        let mut statuses = Vec::new();
        for (name, layers) in bar::windows(self.policy, &facts.layers) {
            let looked = windows::look(self.policy, facts, parts, &name, layers);
            self.doubts.extend(looked.doubt);
            let status = looked.status;
            if status.state == WindowState::Closed {
                self.closed(facts, &status);
            }
            if let Some(aside) = looked.aside.filter(|a| self.doubts.iter().all(|d| d != a)) {
                // The answer stands without it; the file is wrong all the same.
                let finding = Finding::new(aside.rule, aside.message, aside.help).severity(Severity::Warning);
                self.findings.push(finding);
            }
            statuses.push(status);
        }
        statuses
    }

    fn closed(&mut self, facts: &Facts, status: &WindowStatus) {
        let name = &status.name;
        let why = status.reason.as_deref().unwrap_or("nobody knows why");
        let exception = self.policy.windows.get(name).and_then(|w| w.exception.as_ref());
        let lift = exception.map(|e| format!("; in urgent cases `{}` sets the label `{}`", e.by, e.label));
        let finding = match &facts.state {
            PullState::Merged { .. } => {
                let message = format!("merged at {}, outside merge window `{name}`: {why}", status.at);
                let help = "look at what it did; next time merge within the window, or have it lifted before";
                Finding::new("review/merged-outside-window", message, help)
            }
            _ => {
                let opens = match &status.opens {
                    Some(opens) => format!("it opens {opens}"),
                    None => "nobody knows when it opens".to_owned(),
                };
                let help = format!("{opens}{}", lift.unwrap_or_default());
                Finding::new("review/outside-window", format!("merge window `{name}` is closed: {why}"), help)
            }
        };
        self.tell(finding.evidence("window", name.as_str()).evidence("opens", status.opens_at.clone()));
    }

    /// A merge is a person's act.
    fn merge(&mut self, facts: &Facts) {
        if let Some(auto) = &facts.auto_merge {
            let who = auto.enabled_by.as_deref().map_or("somebody".to_owned(), |l| format!("`{l}`"));
            let (message, help) = match facts.state {
                PullState::Merged { .. } => (
                    format!("merged by auto-merge, which {who} had turned on"),
                    "look at what was merged; next time a person merges",
                ),
                _ => (
                    format!("auto-merge is on, turned on by {who}"),
                    "turn it off: a person merges, at a time that fits",
                ),
            };
            self.tell(Finding::new("review/auto-merge", message, help));
        }
        if let PullState::Merged { by, by_is_bot, .. } = &facts.state
            && (*by_is_bot || by.as_deref().is_some_and(people::bot_name))
        {
            let who = by.as_deref().map_or("a bot".to_owned(), |l| format!("a bot, `{l}`"));
            let help = "look at what was merged; next time a person merges";
            self.tell(Finding::new("review/merged-by-bot", format!("merged by {who}"), help));
        }
    }

    fn llm(&mut self, facts: &Facts) {
        if let Some(why) = &facts.llm.prompt_mismatch {
            let help =
                "correct the trailers of the commits, or of the description; until then the claim counts for nothing";
            let message = format!("what is claimed of the prompt is not so: {why}");
            self.tell(Finding::new("review/prompt-mismatch", message, help));
        }
        let severity = match self.policy.llm.undeclared {
            Undeclared::Ignore => return,
            Undeclared::Note => Severity::Note,
            Undeclared::Warning => Severity::Warning,
            Undeclared::Error => Severity::Error,
        };
        if facts.llm.assisted && !facts.llm.declared {
            let label = self.policy.llm.label.as_deref().map(|l| format!("set the label `{l}`, or "));
            let help = format!("{}write an `Assisted-by:` trailer", label.unwrap_or_default());
            let message = "a language model helped with the change, and nobody says so";
            self.tell(Finding::new("review/undeclared-llm", message, help).severity(severity));
        }
    }

    /// The shortest of the layers touched.
    fn rollback(&mut self, facts: &Facts) -> Option<Rollback> {
        let lengths = facts.layers.iter().map(|l| l.layer(self.policy).rollback_sla.parse::<Length>());
        // A policy that loaded has only lengths that read.
        let shortest = lengths.filter_map(Result::ok).min_by_key(|l| l.minutes)?;
        let due = match &facts.state {
            PullState::Merged { at, .. } => {
                let minutes = i64::try_from(shortest.minutes).ok()?;
                at.checked_add(SignedDuration::from_secs(minutes.checked_mul(60)?)).ok().map(|t| t.to_string())
            }
            _ => None,
        };
        Some(Rollback { sla: shortest.text, due })
    }

    /// A failure that is sure outweighs what could not be read: nothing that it could say would make it a pass.
    fn verdict(&self) -> Ruling {
        if self.findings.iter().any(|f| f.severity == Severity::Error) {
            Ruling::Fail
        } else if self.doubts.is_empty() {
            Ruling::Pass
        } else {
            Ruling::Error
        }
    }

    /// All findings, worst first, then in the order in which they were made.
    fn findings(self) -> Vec<Finding> {
        let mut doubts = self.doubts;
        doubts.sort();
        doubts.dedup();
        let doubts = doubts.into_iter().map(|d| Finding::new(d.rule, d.message, d.help));
        let mut findings: Vec<Finding> = self.findings.into_iter().chain(doubts).collect();
        findings.sort_by_key(|f| std::cmp::Reverse(f.severity));
        for finding in &mut findings {
            finding.layer = self.layer.to_owned();
            let message = finding.message.clone();
            *finding = finding.clone().fingerprinted(&message);
        }
        findings
    }
}

#[cfg(test)]
mod tests;
