//! One pull request as it is counted: in which cohort, and what became of it.

use super::cycle::is_bot;
use super::labelled::{Labelled, labelled};
use super::result::{Disagreement, ListedAs};
use super::{Rules, docs};
use crate::audit::labels::MERGED_OUTSIDE_WINDOW;
use crate::audit::provenance;
use crate::audit::record::Record;
use crate::audit::review::{LayerAsked, layers_of, strictest};
use crate::history::MergedPull;

/// Who counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// LLM-assisted.
    Llm,
    /// Neither of the others.
    Other,
    /// Opened by a bot.
    Bot,
    /// Nothing but documentation changed.
    Docs,
}

/// A pull request and what is known of it before what came later.
#[derive(Debug)]
pub(super) struct Placed<'h> {
    /// The pull request.
    pub pull: &'h MergedPull,
    /// Its audit record.
    pub record: Option<&'h Record>,
    /// Who counts it.
    pub standing: Standing,
    /// Opened by a coding agent, and neither labelled nor recorded.
    pub undeclared: bool,
    /// Layers that it touches, in the order of the policy.
    pub layers: Vec<LayerAsked>,
    /// Merged outside its merge window.
    pub outside_window: bool,
}

/// Places a pull request; what record and labels disagree on is told.
pub(super) fn place<'h>(
    rules: &Rules<'_>,
    pull: &'h MergedPull,
    record: Option<&'h Record>,
    disagreements: &mut Vec<Disagreement>,
) -> Placed<'h> {
    let mut differ = |about: &str, detail: String| {
        disagreements.push(Disagreement { number: pull.number, about: about.to_owned(), detail });
    };
    let label = labelled(pull, rules.label());
    let assisted = match record.filter(|r| knows(r)) {
        Some(record) => {
            let says = !record.assisted.is_empty();
            if says != label.is_on() {
                differ("assisted", assisted_words(says, rules.label()));
            }
            says
        }
        None => label.is_on(),
    };
    let bot = pull.author.as_ref().filter(|a| is_bot(a));
    let agent = bot.is_some_and(|a| provenance::is_coding_agent(&a.login));
    let standing = match (bot.is_some(), agent && assisted) {
        (true, false) => Standing::Bot,
        _ if docs::only(rules, &pull.files, pull.files_cut) => Standing::Docs,
        _ if assisted => Standing::Llm,
        _ => Standing::Other,
    };
    let window = labelled(pull, MERGED_OUTSIDE_WINDOW).is_on();
    let outside_window = match record.and_then(|r| r.outcome.window_ok) {
        Some(ok) => {
            if ok == window {
                let (says, has) = if ok { ("within", "has") } else { ("outside", "lacks") };
                differ(
                    "window",
                    format!(
                        "the record says it was merged {says} its window, and it {has} the label `{MERGED_OUTSIDE_WINDOW}`; the record counts"
                    ),
                );
            }
            !ok
        }
        None => window,
    };
    let layers = layers_of(rules.policy, rules.project_root, &pull.files);
    Placed { pull, record, standing, undeclared: agent && !assisted, layers, outside_window }
}

/// Why an unlabelled pull request of today deserves a line: it had the label when it was merged.
pub(super) fn lost_its_label(rules: &Rules<'_>, placed: &Placed<'_>) -> Option<(ListedAs, String)> {
    if placed.record.is_some_and(knows) || placed.standing == Standing::Llm {
        return None;
    }
    match labelled(placed.pull, rules.label()) {
        Labelled::Withdrawn(at) if at > placed.pull.merged_at => Some((
            ListedAs::NoLongerDeclared,
            format!("the label `{}` was taken away after the merge, at {at}", rules.label()),
        )),
        _ => None,
    }
}

/// A record that was made without a look at who wrote the change knows nothing of it.
fn knows(record: &Record) -> bool {
    !record.policy_sha.is_empty()
}

fn assisted_words(record: bool, label: &str) -> String {
    if record {
        format!("the record says it is LLM-assisted, and it lacks the label `{label}`; the record counts")
    } else {
        format!("the record says it is not LLM-assisted, and it has the label `{label}`; the record counts")
    }
}

impl Placed<'_> {
    /// Name of the strictest layer that it touches; `None` where it touches none.
    pub fn layer(&self, rules: &Rules<'_>) -> Option<String> {
        strictest(rules.policy, &self.asked()).map(|layer| layer.name.clone())
    }

    /// Minutes in which a rollback is due: the shortest of its layers.
    pub fn sla_minutes(&self, rules: &Rules<'_>) -> Option<u64> {
        let minutes = |asked: &LayerAsked| {
            let sla: crate::policy::values::Length = asked.layer(rules.policy).rollback_sla.parse().ok()?;
            Some(sla.minutes)
        };
        self.asked().iter().filter_map(minutes).min()
    }

    /// The layers as the record tells, which was made when they were asked for; else by the paths and today's policy.
    fn asked(&self) -> Vec<LayerAsked> {
        match self.record.map(|r| &r.layers).filter(|layers| !layers.is_empty()) {
            Some(names) => {
                names.iter().map(|n| LayerAsked { name: n.clone(), paths: Vec::new(), strictest: false }).collect()
            }
            None => self.layers.clone(),
        }
    }

    /// Tools with their language models, as the record tells; `unknown` without.
    pub fn assistants(&self) -> Vec<String> {
        let named = self.record.iter().flat_map(|r| &r.assisted).filter(|a| a.tool != "unknown" || a.model.is_some());
        let mut names: Vec<String> = named
            .map(|a| a.model.as_ref().map_or_else(|| a.tool.clone(), |model| format!("{} · {model}", a.tool)))
            .collect();
        names.sort();
        names.dedup();
        // A tool that is named with its language model elsewhere is no other.
        let all = names.clone();
        names.retain(|n| !all.iter().any(|o| o.starts_with(&format!("{n} · "))));
        if names.is_empty() { vec!["unknown".to_owned()] } else { names }
    }

    /// SQL models that it changes, by the names of their files.
    pub fn models(&self) -> Vec<String> {
        let name = |path: &String| {
            let file = path.rsplit('/').next()?;
            let (stem, ending) = file.rsplit_once('.')?;
            (matches!(ending, "sql" | "py") && !path.split('/').any(|p| p == "macros" || p == "tests"))
                .then(|| stem.to_owned())
        };
        let mut names: Vec<String> = self.layers.iter().flat_map(|l| &l.paths).filter_map(name).collect();
        names.sort();
        names.dedup();
        names
    }
}
