//! Every face of a budget made by hand, and what must hold for any.

use super::sample::{HOSTILE, empty, month, sample};
use super::*;
use std::path::Path;

/// Writes a face where ROWPROOF_FACES names a folder, to be looked at.
fn show(name: &str, text: &str) {
    if let Some(folder) = std::env::var_os("ROWPROOF_FACES") {
        std::fs::write(Path::new(&folder).join(name), text).expect("the folder can be written");
    }
}

fn parsed(text: &str) -> roxmltree::Document<'_> {
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    roxmltree::Document::parse_with_options(text, options).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

#[test]
fn the_sample_on_a_terminal() {
    insta::assert_snapshot!("table", table(&sample(), 110));
    insta::assert_snapshot!("table_narrow", table(&sample(), 60));
    insta::assert_snapshot!("table_empty", table(&empty(), 80));
}

#[test]
fn the_sample_on_github() {
    insta::assert_snapshot!("markdown", markdown(&sample()));
    insta::assert_snapshot!("markdown_empty", markdown(&empty()));
}

#[test]
fn the_sample_as_a_picture() {
    for (name, budget) in [("trend", sample()), ("empty", empty()), ("month", month())] {
        let text = svg(&budget);
        show(&format!("{name}.svg"), &text);
        parsed(&text);
    }
    insta::assert_snapshot!("svg", svg(&sample()));
}

#[test]
fn the_sample_as_a_page() {
    let text = html(&sample(), Some("https://github.com/acme/shop/pull/"));
    show("budget.html", &text);
    insta::assert_snapshot!("html", text);
}
