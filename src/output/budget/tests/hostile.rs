//! Whatever a budget holds: no text of it becomes anything but text, and every face keeps to its size.

use super::super::sample::{HOSTILE, rate, sample};
use super::super::*;
use super::parsed;
use crate::audit::budget::result::*;
use proptest::prelude::*;
use regex::Regex;
use std::collections::BTreeSet;

/// What GitHub, a terminal or a browser would take for more than text.
const ATTACKS: &[&str] = &[
    HOSTILE,
    "</td></tr></table><script>alert(1)</script>",
    "</title></style><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)",
    "&lt;b&#62;&#x3c;b>",
    "]]><svg onload=alert(1)>",
    "<!-- --> <?xml?> <!DOCTYPE x>",
    "\x1b]8;;http://x\x07link\u{9b}2J",
    "\u{fffe}\u{ffff}\u{0}\u{202e}\u{2066}",
    "```\n</details>\n| a | b |\n---\n# x",
    "`a` @octocat/team #12 octo/repo#12 GH-12 :tada: $x$ https://x.y www.x.y",
    "0123456789abcdef0123456789abcdef01234567",
];

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "(?s).{0,30}",
        "[|`<>@#\\\\\\[\\]()!*_~&\"'\n\r\t\x1b\u{9b}\u{202e} a-z0-9:/.-]{0,300}",
        proptest::sample::select(ATTACKS).prop_map(str::to_owned),
        (proptest::sample::select(ATTACKS), 1usize..40).prop_map(|(attack, times)| attack.repeat(times)),
    ]
}

/// The sample with other texts in every field that holds one.
fn any_budget() -> impl Strategy<Value = Budget> {
    (proptest::collection::vec(hostile(), 24), 0u64..40, 0u64..40).prop_map(|(words, count, more)| {
        let mut next = words.into_iter().cycle();
        let mut word = move || next.next().unwrap_or_default();
        let mut budget = sample();
        (budget.repository, budget.as_of, budget.limits.policy) = (word(), word(), word());
        budget.branches = vec![word(), word()];
        budget.period = Period { label: word(), since: word(), until: word() };
        for quarter in &mut budget.trend {
            quarter.period.label = word();
            quarter.rollback = rate(count, count + more, Some(0.02));
        }
        budget.pooled.iter_mut().for_each(|pooled| pooled.period.label = word());
        for group in budget.by_layer.iter_mut().chain(&mut budget.by_assistant).chain(&mut budget.by_model) {
            group.name = word();
        }
        for rule in &mut budget.caught.by_rule {
            (rule.gate, rule.rule) = (word(), Some(word()));
        }
        for remark in &mut budget.caught.remarks {
            (remark.by, remark.at, remark.line) = (Some(word()), word(), word());
        }
        budget.caught.words = vec![word(), word()];
        for one in &mut budget.rollbacks {
            (one.title, one.merged_at, one.at, one.revert_commit) = (word(), word(), Some(word()), Some(word()));
            (one.revert, one.evidence) = (None, vec![word()]);
        }
        for one in &mut budget.escapes {
            (one.title, one.merged_at, one.evidence) = (word(), word(), vec![word()]);
        }
        budget.listed.iter_mut().for_each(|one| one.detail = word());
        budget.candidates.iter_mut().for_each(|one| one.title = word());
        budget.disagreements.iter_mut().for_each(|one| (one.about, one.detail) = (word(), word()));
        budget.notices = vec![word(), word()];
        budget
    })
}

/// Every element of the document, and every attribute of one, is one that we write.
fn only_ours(text: &str) {
    const ELEMENTS: &[&str] = &[
        "html", "head", "meta", "title", "style", "body", "main", "section", "h1", "h2", "p", "ul", "li", "strong",
        "span", "figure", "div", "table", "thead", "tbody", "tr", "th", "td", "code", "br", "a", "svg", "desc", "rect",
        "text", "tspan", "line", "circle", "path",
    ];
    let document = parsed(text);
    for node in document.descendants().filter(|node| node.is_element()) {
        let name = node.tag_name().name();
        assert!(ELEMENTS.contains(&name), "{name} in {text}");
        for attribute in node.attributes() {
            assert!(
                !attribute.name().starts_with("on") && attribute.name() != "style",
                "{} in {text}",
                attribute.name()
            );
            if ["href", "src"].contains(&attribute.name()) {
                assert!(attribute.value().starts_with("https://github.com/acme/shop/pull/"), "{}", attribute.value());
            }
        }
    }
    let allowed = |c: char| c == '\n' || !c.is_control();
    assert!(text.chars().all(allowed) && !text.contains(['\u{202e}', '\u{2066}']), "{text:?}");
}

/// What is left of Markdown when tags of ours are taken away holds nothing that GitHub acts on.
fn harmless(text: &str) {
    let pattern = |p: &str| Regex::new(p).expect("a pattern");
    assert!(text.len() <= 65_536 && text.chars().all(|c| c == '\n' || !c.is_control()), "{} bytes", text.len());
    assert!(!text.contains(['\u{202e}', '\u{2066}']), "no direction marks");
    let tags = pattern("</?(details|summary|code|sub|span|br)>");
    let bare = tags.replace_all(text, "");
    assert!(!bare.contains(['<', '`', '\\', '[', ']']), "{bare}");
    for tag in ["details", "summary", "code", "sub", "span"] {
        let count = |form: String| text.matches(&form).count();
        assert_eq!(count(format!("<{tag}>")), count(format!("</{tag}>")), "{tag} in {text}");
    }
    let texts = tags.replace_all(text, "\u{200b}");
    let entity = |hit: &regex::Captures<'_>| hit[1].parse().ok().and_then(char::from_u32).unwrap_or(' ').to_string();
    let rendered = pattern("&#([0-9]+);").replace_all(&texts, entity).into_owned();
    for (what, found) in [
        ("mention or mail", pattern("@[A-Za-z0-9]").find(&rendered)),
        ("web address", pattern("(?i)://[^\\s]|www\\.[^\\s\u{200b}]").find(&rendered)),
        ("emoji", pattern(":[A-Za-z0-9_+-]+:").find(&rendered.replace("---:", ""))),
        ("formula", pattern("[^>]\\$").find(text)),
    ] {
        assert!(found.is_none(), "{what}: {found:?} in {text}");
    }
    let known: BTreeSet<u64> = (1_100..1_500).collect();
    for reference in pattern("(\\S*)#([0-9]+)").captures_iter(&rendered) {
        let number = reference[2].parse().unwrap_or(0);
        assert!(known.contains(&number) && !reference[1].contains('/'), "{} in {text}", &reference[0]);
    }
    for table in text.split("\n\n").filter(|part| part.trim_start().starts_with('|')) {
        let cells: Vec<usize> = table.lines().map(|l| l.matches('|').count()).collect();
        assert!(cells.windows(2).all(|w| w[0] == w[1]), "{cells:?} in {table}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_page_and_the_picture_hold_only_what_we_write(budget in any_budget()) {
        only_ours(&svg(&budget));
        only_ours(&html(&budget, Some("https://github.com/acme/shop/pull/")));
    }

    #[test]
    fn nothing_of_a_budget_is_markdown(budget in any_budget()) {
        harmless(&markdown(&budget));
    }

    #[test]
    fn a_terminal_gets_lines_of_its_width(budget in any_budget(), width in 0usize..200) {
        let text = table(&budget, width);
        prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        let turned = text.contains(['\u{202e}', '\u{2066}']);
        prop_assert!(!turned, "no direction marks");
    }

    #[test]
    fn json_is_read_back(budget in any_budget()) {
        let text = json(&budget).expect("written");
        prop_assert_eq!(serde_json::from_str::<Budget>(&text).expect("read"), budget);
    }
}
