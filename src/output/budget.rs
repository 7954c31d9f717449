//! Faces of the hallucination budget: a terminal, GitHub, programs, a picture, a page. All but the picture and the JSON
//! say the same sections.

mod grids;
mod html;
mod markdown;
mod piece;
mod scale;
mod sections;
mod svg;
mod table;
mod words;

pub use html::html;
pub use markdown::markdown;
pub use svg::svg;
pub use table::table;

use crate::audit::budget::result::Budget;
use anyhow::{Context as _, Result};

/// The budget as pretty JSON that ends with a newline.
///
/// # Errors
/// None in practice: a budget holds only what JSON can.
pub fn json(budget: &Budget) -> Result<String> {
    let mut text = serde_json::to_string_pretty(budget).context("writing the budget as JSON")?;
    text.push('\n');
    Ok(text)
}

/// The JSON Schema of the budget; ends with a newline.
pub fn schema() -> String {
    let mut schema = schemars::schema_for!(Budget).to_value();
    schema["title"] = "Rowproof budget".into();
    let mut text = serde_json::to_string_pretty(&schema).expect("a JSON value with text keys can be written");
    text.push('\n');
    text
}

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
