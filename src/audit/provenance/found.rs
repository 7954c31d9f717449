//! What one line shows, before it is known where the line stands.

use super::Confidence;
use super::product::Named;

/// One mark within a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Tool id; `None` = a language model that nothing more is known of.
    pub tool: Option<String>,
    /// The model, as written.
    pub model: Option<String>,
    /// How sure it is.
    pub confidence: Confidence,
    /// Where in the text: `trailer Co-authored-by`, `footer`, ...
    pub place: String,
    /// The line.
    pub line: String,
    /// Whether a person declares it with this, rather than a tool leaving it behind.
    pub declares: bool,
}

impl Found {
    /// A mark of a tool.
    pub fn tool(
        tool: &str,
        model: Option<String>,
        confidence: Confidence,
        place: impl Into<String>,
        line: &str,
    ) -> Self {
        Self {
            tool: Some(tool.to_owned()),
            model,
            confidence,
            place: place.into(),
            line: line.to_owned(),
            declares: false,
        }
    }

    /// A declaration.
    pub fn declared(named: Named, confidence: Confidence, place: impl Into<String>, line: &str) -> Self {
        Self {
            tool: named.tool,
            model: named.model,
            confidence,
            place: place.into(),
            line: line.to_owned(),
            declares: true,
        }
    }
}
