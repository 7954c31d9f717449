//! The report as JSON, for programs: stable, complete, and read back strictly.

use crate::report::{Report, SCHEMA_VERSION};
use anyhow::{Context as _, Result};

/// The report as pretty JSON that ends with a newline.
///
/// # Errors
/// None in practice: a report holds only what JSON can.
pub fn render(report: &Report) -> Result<String> {
    let mut text = serde_json::to_string_pretty(report).context("writing the report as JSON")?;
    text.push('\n');
    Ok(text)
}

/// Reads a report that [`render`] wrote. Unknown keys, words and versions are errors, never passes.
///
/// # Errors
/// What does not fit, with its line; or a version of the format that this program does not know.
pub fn read(text: &str) -> Result<Report> {
    let version: serde_json::Value = serde_json::from_str(text).context("the report is no JSON")?;
    let version = version.get("schema_version").and_then(serde_json::Value::as_u64);
    if version != Some(u64::from(SCHEMA_VERSION)) {
        let found = version.map_or("none".to_owned(), |v| v.to_string());
        anyhow::bail!(
            "the report has schema_version {found}, this rowproof reads {SCHEMA_VERSION}; use the same version"
        );
    }
    serde_json::from_str(text).context("the report does not read")
}

/// The JSON Schema of the report; ends with a newline.
pub fn schema() -> String {
    let mut schema = schemars::schema_for!(Report).to_value();
    schema["title"] = "Rowproof report".into();
    let mut text = serde_json::to_string_pretty(&schema).expect("a JSON value with text keys can be written");
    text.push('\n');
    text
}
