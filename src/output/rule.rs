//! What the gates' registry says of a finding's rule: why it matters, what to do.

use crate::finding::Finding;
use crate::gates::{GATES, Rule};

/// The rule of that id; `None` for one that this version does not know.
pub fn known(id: &str) -> Option<&'static Rule> {
    GATES.iter().flat_map(|gate| gate.rules).find(|rule| rule.id == id)
}

/// Why the finding matters, in the rule's words: what is wrong in general, and what follows, where the finding's own
/// help does not say it already. Empty for a rule that this version does not know.
pub fn why(finding: &Finding) -> String {
    let Some(rule) = known(&finding.rule) else { return String::new() };
    // Rule and finding often say the same with other punctuation.
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    if finding.help.is_empty() || plain(rule.help) == plain(&finding.help) {
        return rule.what.trim().to_owned();
    }
    format!("{} {}", rule.what.trim(), sentence(rule.help))
}

/// What to do: the finding's own words, or the rule's.
pub fn to_do(finding: &Finding) -> &str {
    match finding.help.trim() {
        "" => known(&finding.rule).map_or("", |rule| rule.help.trim()),
        help => help,
    }
}

/// A fragment as a sentence: from a capital letter to a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_says_why() {
        let mut finding = Finding::new("lineage_diff/removed", "gone", "keep it");
        let why = why(&finding);
        assert!(why.starts_with("A column is gone. Keep it until"), "{why}");
        assert_eq!(to_do(&finding), "keep it");
        finding.help = "keep it, until its readers have moved; models downstream, dashboards, exports".into();
        assert_eq!(super::why(&finding), "A column is gone.");
        finding.help.clear();
        assert_eq!(super::why(&finding), "A column is gone.");
        assert!(to_do(&finding).starts_with("Keep it until"));
        finding.rule = "lineage_diff/of-tomorrow".into();
        assert_eq!((super::why(&finding).as_str(), to_do(&finding)), ("", ""));
    }
}
