//! `integrity`: does the change make its checks agree with it, rather than agree with its checks?

mod asserted;
mod contract;
mod expected;
mod literals;
#[cfg(test)]
mod tests;
mod thresholds;

use super::{Change, Checked, Context, Gate, GateSpec, Needs, Rule, options};
use crate::finding::Severity;
use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

/// The gate's registration.
pub const SPEC: GateSpec = GateSpec {
    id: "integrity",
    summary: "No cheating for a match: tests deleted or loosened, expected data edited, hard-coded keys, pasted results",
    help: "Compares what the project asserts of the model on base and on head, and looks in the SQL that is new for numbers \
           and keys that were put in by hand. Adding and tightening tests is never a finding; neither is dropping a test \
           with its column or model, or exchanging it for one that asserts as much.",
    needs: Needs::Static,
    rules: RULES,
    build: |value| Ok(Box::new(Integrity { _options: options(value)? })),
    options: || schemars::schema_for!(Options),
};

const RULES: &[Rule] = &[
    Rule {
        id: "integrity/test-removed",
        what: "A test that base has is gone, while what it tests is still there.",
        help: "Restore it, or replace it by one that asserts as much.",
    },
    Rule {
        id: "integrity/test-loosened",
        what: "A test lets more pass than on base: severity, a filter, a threshold, more accepted values.",
        help: "Restore the test and mend the model, or say in the pull request why the old bound was wrong.",
    },
    Rule {
        id: "integrity/contract-dropped",
        what: "A contract or constraint that base enforces is gone.",
        help: "Keep it enforced: readers rely on the columns and types that it promises.",
    },
    Rule {
        id: "integrity/reference-edited",
        what: "The data that a changed model is judged by is edited in the same pull request.",
        help: "Change expected data in a pull request of its own, from a source that is not the model itself.",
    },
    Rule {
        id: "integrity/hard-coded-key",
        what: "Single rows are named by their key: left out, or given a value of their own.",
        help: "Find what those rows have in common and filter by that, or mend them at the source.",
    },
    Rule {
        id: "integrity/pasted-result",
        what: "Results stand in the SQL as constants where base computes them.",
        help: "Compute them; constants are right on the day they were pasted.",
    },
    Rule {
        id: "integrity/fudge-factor",
        what: "A value is the one of base times or plus a number.",
        help: "Find why the values are off, and mend that; name the number where it is a real rate.",
    },
    Rule {
        id: "integrity/exact-value-coalesce",
        what: "A missing value is replaced by a number that stands in the SQL.",
        help: "Leave it NULL, or take the value from where it is known.",
    },
    Rule {
        id: "integrity/policy-weakened",
        what: "The policy or CODEOWNERS asks for less than on base.",
        help: "Change what judges in a pull request of its own; the rules of base judge this one.",
    },
];

/// Options of `integrity`: there are none.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {}

struct Integrity {
    _options: Options,
}

impl Gate for Integrity {
    fn check(&self, change: &Change<'_>, cx: &Context<'_>) -> Result<Checked> {
        let (Some(base), Some(head)) = (change.base, change.head) else {
            let what = if change.head.is_some() {
                "new: nothing was asserted of it"
            } else {
                "removed with what was asserted of it"
            };
            return Ok(Checked::pass(format!("the model is {what}")));
        };
        let mut findings = asserted::look(base, head, cx);
        findings.extend(contract::look(base, head));
        findings.extend(expected::look(change, head, cx));
        if head.csv.is_none() && base.csv.is_none() && !change.same_output() {
            findings.extend(literals::look(base, head, cx)?);
        }
        let count = findings.iter().filter(|finding| finding.severity > Severity::Note).count();
        let summary = match count {
            0 => "nothing that was asserted of it is gone or weaker".to_owned(),
            1 => "1 place where the check was made to fit".to_owned(),
            n => format!("{n} places where the checks were made to fit"),
        };
        Ok(Checked::found(summary, findings))
    }
}
