//! Every face of a budget made by hand, and what must hold for any.

use super::sample::{HOSTILE, empty, month, sample};
use super::*;
use std::path::Path;

mod hostile;

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
    insta::assert_snapshot!("table_narrow", table(&sample(), 80));
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
    // The one that the guide shows.
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/budget.svg");
    if std::env::var_os("ROWPROOF_BLESS").is_some() {
        std::fs::write(&file, svg(&sample())).expect("the file can be written");
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == svg(&sample()), "docs/budget.svg is another picture; run this test once with ROWPROOF_BLESS=1");
}

#[test]
fn the_sample_as_a_page() {
    let text = html(&sample(), Some("https://github.com/acme/shop/pull/"));
    show("budget.html", &text);
    insta::assert_snapshot!("html", text);
}

#[test]
fn the_json_fits_its_schema() {
    let schema: serde_json::Value = serde_json::from_str(&schema()).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for budget in [sample(), empty(), month()] {
        let value: serde_json::Value = serde_json::from_str(&json(&budget).expect("written")).expect("JSON");
        let errors: Vec<String> = validator.iter_errors(&value).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
}

#[test]
fn a_page_links_only_where_an_address_is_given() {
    for url in [None, Some("javascript:alert(1)//"), Some("https://x y/"), Some("")] {
        assert!(!html(&sample(), url).contains("href"), "{url:?}");
    }
    let text = html(&sample(), Some("https://ghe.example/a/b/pull/\"><b>"));
    assert!(text.contains("<a href=\"https://ghe.example/a/b/pull/&quot;&gt;&lt;b&gt;1204\">#1204</a>"));
}

#[test]
fn a_page_and_a_picture_need_nothing_else() {
    let page = html(&sample(), None);
    assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\""));
    for text in [&page, &svg(&sample())] {
        // Titles may name an address; nothing loads one.
        let styles: String = text.split("<style>").skip(1).filter_map(|rest| rest.split("</style>").next()).collect();
        assert!(!styles.contains("url(") && !styles.contains("@import"), "{styles}");
        for forbidden in ["<script", "<image", "<use", "<link", "<foreignObject", "<img", "<iframe"] {
            assert!(!text.replace(&escape(HOSTILE), "").contains(forbidden), "{forbidden}");
        }
    }
}

fn escape(text: &str) -> String {
    crate::output::escape::xml(text)
}

#[test]
fn the_picture_tells_all_that_it_must() {
    let text = svg(&sample());
    let words: Vec<String> =
        parsed(&text).descendants().filter(|n| n.is_text()).filter_map(|n| n.text()).map(str::to_owned).collect();
    let shown = |word: &str| words.iter().filter(|w| w.trim() == word).count();
    for quarter in sample().trend {
        assert_eq!(shown(&quarter.period.label), 2, "{} in both panels", quarter.period.label);
    }
    assert_eq!((shown("budget 2%"), shown("budget 0.5%")), (1, 1));
    assert_eq!((shown("immature"), shown("none")), (4, 2), "the last quarter and the four together; the empty one");
    assert_eq!(
        shown("✗ exceeded") + shown("✓ met") + shown("? unproven"),
        1 + 2 * 6,
        "the title and each but the empty one"
    );
    assert_eq!(shown("acme/shop"), 1);
    assert_eq!(text.matches("hollow").count(), 3 + 2 * 3, "legend and style; both cohorts, and the four together");
    let lines: Vec<f64> = text
        .match_indices("class=\"budget\"")
        .filter_map(|(at, _)| text[at..].split("y1=\"").nth(1)?.split('"').next()?.parse().ok())
        .collect();
    assert_eq!(lines.len(), 3, "legend and two panels");
}

#[test]
fn the_picture_grows_with_its_quarters() {
    let mut budget = sample();
    budget.repository = "a".repeat(39) + "/" + &"b".repeat(100);
    budget.trend = budget.trend.iter().cycle().take(40).cloned().collect();
    let text = svg(&budget);
    show("forty.svg", &text);
    let width: f64 = parsed(&text).root_element().attribute("width").and_then(|w| w.parse().ok()).expect("a width");
    assert!((4_000.0..6_000.0).contains(&width), "{width}");
}

#[test]
fn much_is_cut_for_github_and_counted() {
    let mut budget = sample();
    let (first, long) = (budget.rollbacks[0].clone(), "$".repeat(300));
    budget.rollbacks = (0..3_000)
        .map(|i| {
            let mut one = first.clone();
            (one.number, one.title) = (i, long.clone());
            one
        })
        .collect();
    budget.outside_window = (0..5_000).collect();
    budget.notices = vec![long; 2_000];
    let text = markdown(&budget);
    assert!(text.len() < 65_536, "{}", text.len());
    assert!(text.contains("more lines in the JSON") && text.contains("more rows in the JSON"), "{text}");
    assert!(text.contains("and 4950 more in the JSON"));
    for section in ["Rolled back", "Listed, not counted", "Candidates for an escape", "Records and labels disagree"] {
        assert!(text.contains(&format!("<summary>{section}</summary>")), "{section}");
    }
    // The others leave nothing out.
    assert!(table(&budget, 100).contains("#2999") && html(&budget, None).contains("#2999"));
}

#[test]
fn a_terminal_is_as_wide_as_it_is() {
    for width in [40, 60, 80, 120] {
        let mut budget = sample();
        budget.trend[0].rollback = sample().trend[4].rollback.clone();
        let text = table(&budget, width);
        let wider: Vec<&str> = text.lines().filter(|line| line.chars().count() > width).collect();
        assert!(wider.is_empty(), "{width}: {wider:#?}");
    }
}

#[test]
fn the_verdicts_of_the_rule_book() {
    let cases = [
        (
            0,
            50,
            0.02,
            "0 of 50, 0% (0–7.1%), budget 2%: unproven, 99 more clean pull requests would prove it; burnt 0%",
        ),
        (0, 149, 0.02, "0 of 149, 0% (0–2.4%), budget 2%: met, at most 1.99%; burnt 0%"),
        (0, 598, 0.005, "0 of 598, 0% (0–0.61%), budget 0.5%: met, at most 0.4997%; burnt 0%"),
        (12, 100, 0.05, "12 of 100, 12% (6–20%), budget 5%: exceeded, at least 7.1%; burnt 240%"),
        (0, 0, 0.02, "none, budget 2%: unproven, 149 more clean pull requests would prove it"),
        (0, 9, 0.0, "0 of 9, 0% (0–34%), budget 0%: unproven, and no number of clean pull requests would prove it"),
    ];
    for (count, of, budget, said) in cases {
        assert_eq!(words::sentence(&sample::rate(count, of, Some(budget))), said);
    }
}
