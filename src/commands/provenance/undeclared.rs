//! `llm.undeclared` of the policy.

use crate::audit::provenance::{Mark, Provenance};
use crate::finding::Severity;
use crate::policy::LlmRules;
use crate::policy::schema::Undeclared;
use crate::report::Notice;

/// What to say of a change that shows marks of a language model and does not declare it.
///
/// Declared is what a person says: the policy's label on the pull request, a trailer such as `Assisted-by:` or
/// `AI-assisted:`, an `LLM-Prompt-` trailer, a ticked box, or a sentence ("This change was written with ..."), in a
/// commit or in the body. A footer, a co-author or an author's name is what a tool leaves behind.
pub(in crate::commands) fn undeclared(rules: &LlmRules, found: &Provenance) -> Option<Notice> {
    let severity = match rules.undeclared {
        Undeclared::Ignore => return None,
        Undeclared::Note => Severity::Note,
        Undeclared::Warning => Severity::Warning,
        Undeclared::Error => Severity::Error,
    };
    if !found.assisted || found.declared {
        return None;
    }
    let sure = |m: &&Mark| m.confidence == found.confidence;
    let place = found.marks.iter().find(sure).map(|m| m.source.clone()).unwrap_or_default();
    let label = rules.label.as_deref().map_or(String::new(), |l| format!("the label `{l}`, or "));
    Some(Notice {
        severity,
        place,
        message: format!(
            "{}, and nobody declares it; add {label}a trailer `Assisted-by: tool:model` to a commit or to the pull \
             request",
            found.says()
        ),
    })
}
