//! Whatever a report holds: every face shows every finding, and no text of it becomes anything but text.

use super::*;
use crate::output::check_run;
use crate::output::markdown::Frame;
use proptest::prelude::*;
use regex::Regex;

/// What GitHub, a terminal, XML, a runner or Mermaid would take for more than text.
const ATTACKS: &[&str] = &[
    "```\n</details>\n| a | b |\n",
    "\x1b]8;;http://x\x07link",
    "https://x.y/z",
    "HTTPS://x",
    "www.x.y",
    "mailto:a@b.co",
    "xmpp:a@b.co/c",
    "user@host.example",
    "@octocat",
    "@org/team",
    "#12",
    "octo/repo#12",
    "GH-12",
    "0123456789abcdef0123456789abcdef01234567",
    "octo/repo@0123456",
    ":+1:",
    ":tada:",
    "$`x`$",
    "$$x$$",
    "![x](y)",
    "[x]: y",
    "<img src=x>",
    "<!--",
    "</code></summary>",
    "&lt;b&#62;",
    "\n::error::x",
    "::stop-commands::x",
    "##[error]x",
    "%0A::x",
    "]]>",
    "\u{fffe}\u{ffff}\u{0}",
    "\"] --> x[\"",
    "click n0 \"https://x\"",
    "%%{init: {}}%%",
    "\n---\n",
    "\r\n# x",
    "\u{2066}\u{200b}",
];

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_]{1,12}",
        "(?s).{0,30}",
        "[|`<>@#\\\\\\[\\]()!*_~&\n\r\t\x1b\u{9b}\u{202e} a-z0-9:/.-]{0,30}",
        proptest::sample::select(ATTACKS).prop_map(str::to_owned),
        (proptest::sample::select(ATTACKS), "(?s).{0,5}", proptest::sample::select(ATTACKS))
            .prop_map(|(a, between, b)| format!("{a}{between}{b}")),
    ]
}

prop_compose! {
    fn any_finding()(
        rule in hostile(), model in hostile(), message in hostile(), help in hostile(), path in hostile(),
        column in proptest::option::of(hostile()), key in hostile(),
        place in proptest::option::of((0u32..20, 0u32..90, 0u32..20, 0u32..90)),
        real in any::<bool>(), severity in 0..3,
    ) -> Finding {
        let severity = [Severity::Note, Severity::Warning, Severity::Error][severity as usize];
        let rule = if real { format!("lineage_diff/{rule}") } else { rule };
        let mut found = finding(&rule, &model, severity)
            .evidence(&key, message.as_str())
            .evidence("downstream", vec![help.as_str(), key.as_str()])
            .evidence("exposures", vec![message.as_str()]);
        (found.message, found.help, found.column) = (message, help, column);
        found.location = place.map(|(line, column, end_line, end_column)| Location {
            path: if real { "models/marts/orders.sql".into() } else { path }, line, column, end_line, end_column,
        });
        found
    }
}

prop_compose! {
    fn any_report()(
        findings in proptest::collection::vec(any_finding(), 0..6),
        outcomes in proptest::collection::vec((hostile(), hostile(), 0..5, proptest::option::of(hostile())), 0..6),
        models in proptest::collection::vec((hostile(), hostile()), 0..4),
        words in proptest::collection::vec(hostile(), 8),
    ) -> Report {
        let verdicts = [Verdict::Pass, Verdict::Warn, Verdict::Skip, Verdict::Fail, Verdict::Error];
        let mut report = sample();
        report.base.sha = words[0].clone();
        report.head.sha = words[1].clone();
        report.policy = PolicyUsed { path: words[2].clone(), sha256: words[3].clone(), side: words[4].clone() };
        report.project.name = words[5].clone();
        report.notices = vec![Notice { severity: Severity::Error, place: words[6].clone(), message: words[7].clone() }];
        report.changes = models.iter().map(|(m, l)| change(m, l, ChangeKind::Added, Equivalence::Changed)).collect();
        report.outcomes = outcomes
            .iter()
            .map(|(g, m, v, r)| {
                let evidence = json!({"base": m, "head": 3, "causes": [g], "rows_reference": g, "rows_equal": -1.5});
                let gate = ["row_count_diff", "reconcile", g.as_str()][*v as usize % 3];
                with(outcome(gate, m, verdicts[*v as usize], r.as_deref(), g), evidence)
            })
            .collect();
        report.findings = findings;
        report
    }
}

proptest! {
    #[test]
    fn the_table_shows_every_finding_and_no_control_character(report in any_report(), width in 0u16..200, verbose in any::<bool>()) {
        let hostile_source = |path: &str| sources(path).or(Some("a\x1b[2J\u{202e}\n\tb\n".repeat(9)));
        let text = table::render(&report, &hostile_source, &Options { color: false, width, verbose });
        prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        prop_assert!(!text.contains('\u{202e}'), "no direction marks");
        let mut lines = text.lines();
        for finding in &report.findings {
            let label = format!("{}[{}] {}", overview::severity_word(finding.severity), escape::terminal(&finding.rule), escape::terminal(&finding.model));
            prop_assert!(lines.any(|l| l.starts_with(&label)), "{label} in\n{text}");
        }
        for outcome in report.outcomes.iter().filter(|o| o.verdict == Verdict::Error) {
            prop_assert!(text.contains(&escape::terminal(outcome.reason.as_deref().filter(|r| !r.is_empty()).unwrap_or(&outcome.summary))));
        }
    }

    #[test]
    fn json_is_complete(report in any_report()) {
        prop_assert_eq!(json::read(&json::render(&report).expect("written")).expect("read"), report);
    }

    #[test]
    fn the_comment_shows_every_finding_and_nothing_escapes(report in any_report()) {
        let text = markdown::render(&report, &sources);
        harmless(&text, &report)?;
        let summary = check_run::summary(&report, &Frame::default());
        harmless(&summary, &report)?;
    }

    #[test]
    fn workflow_commands_are_one_line_each_and_ours(report in any_report()) {
        let text = annotations::render(&report);
        let command = Regex::new("^::(error|warning|notice) ([A-Za-z]+=[^:,\r\n]*,)*title=[^:,\r\n]*::").expect("a pattern");
        for line in text.split('\n').filter(|l| !l.is_empty()) {
            prop_assert!(command.is_match(line) || line.starts_with("rowproof: "), "{line:?}");
            prop_assert!(line.chars().all(|c| !c.is_control()), "{line:?}");
        }
        let undecided = overview::reasons(&report).into_iter().filter(|r| r.verdict == Verdict::Error).count();
        let shown = text.lines().filter(|l| l.starts_with("::")).count();
        prop_assert_eq!(shown, report.findings.len() + report.notices.len() + undecided);
    }

    #[test]
    fn junit_is_xml_with_every_finding(report in any_report()) {
        let text = junit::render(&report);
        well_formed(&text)?;
        let findings = ["error[", "warning[", "note["].iter().map(|w| text.lines().filter(|l| {
            let l = l.trim_start().trim_start_matches("<system-out>");
            l.starts_with(w) || (l.starts_with('<') && l.contains(&format!(">{w}")))
        }).count()).sum::<usize>();
        prop_assert!(findings >= report.findings.len(), "{findings} of {} in {text}", report.findings.len());
    }

    #[test]
    fn sarif_has_every_finding_and_what_was_undecided(report in any_report()) {
        let text = sarif::render(&report).expect("written");
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let run = &value["runs"][0];
        let results = run["results"].as_array().expect("results");
        let undecided = report.outcomes.iter().filter(|o| o.verdict == Verdict::Error).count();
        prop_assert_eq!(results.len(), report.findings.len() + undecided + report.notices.len());
        let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
        let relative = Regex::new("^[A-Za-z0-9._~/%-]+$").expect("a pattern");
        for result in results {
            let at = result["ruleIndex"].as_u64().expect("an index") as usize;
            prop_assert_eq!(&rules[at]["id"], &result["ruleId"]);
            let place = &result["locations"][0]["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().expect("a path");
            prop_assert!(relative.is_match(uri), "{uri}");
            prop_assert!(!uri.starts_with('/') && !uri.split('/').any(|p| p == ".."), "{uri}");
            prop_assert!(place["region"]["startLine"].as_u64() >= Some(1));
            if place["region"]["startLine"] == place["region"]["endLine"] {
                prop_assert!(place["region"]["endColumn"].as_u64() > place["region"]["startColumn"].as_u64());
            }
        }
    }
}

/// The comment without its fences, each of which must be closed, and the text of its graphs.
fn unfenced(text: &str) -> Result<(String, String), TestCaseError> {
    let (mut outside, mut graphs) = (String::new(), String::new());
    let mut fence: Option<(String, bool)> = None;
    for line in text.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some((open, _)) if line == open => fence = None,
            Some((_, true)) => graphs.push_str(&format!("{line}\n")),
            Some(_) => {}
            None if ticks.len() >= 3 => fence = Some((ticks, line.ends_with("mermaid"))),
            None => outside.push_str(&format!("{line}\n")),
        }
    }
    prop_assert!(fence.is_none(), "every fence is closed");
    Ok((outside, graphs))
}

fn harmless(text: &str, report: &Report) -> Result<(), TestCaseError> {
    let pattern = |p: &str| Regex::new(p).expect("a pattern");
    prop_assert!(text.len() <= markdown::BUDGET);
    prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    prop_assert!(!text.contains(['\u{202e}', '\u{2066}']), "no direction marks");
    let (outside, graphs) = unfenced(text)?;
    let tags = pattern("</?(details( open)?|summary|code|b|sub|span)>");
    let bare = tags.replace_all(&outside, "");
    prop_assert!(!bare.contains(['<', '`', '\\', '[', ']']), "{bare}");
    // What GitHub reads in the rendered texts between tags, where entities have become characters again.
    let texts = tags.replace_all(&outside, "\u{200b}").replace(":-:", "");
    let entity = |hit: &regex::Captures<'_>| hit[1].parse().ok().and_then(char::from_u32).unwrap_or(' ').to_string();
    let rendered = pattern("&#([0-9]+);").replace_all(&texts, entity).into_owned();
    let commits = pattern("<code>[0-9a-f]{7}</code>");
    let heading = commits.replace_all(&outside, "").replace("&#95;", "_");
    for (what, found) in [
        ("mention or mail", pattern("@[A-Za-z0-9]").find(&rendered)),
        ("web address", pattern("(?i)://[^\\s]|www\\.[^\\s\u{200b}]").find(&rendered)),
        ("issue", pattern("#[0-9]|GH-[0-9]").find(&rendered)),
        ("emoji", pattern(":[A-Za-z0-9_+-]+:").find(&rendered)),
        ("commit", pattern("(?-u:\\b)[0-9a-f]{7,40}(?-u:\\b)").find(&heading)),
        ("formula", pattern("[^>]\\$").find(&outside)),
    ] {
        prop_assert!(found.is_none(), "{what}: {found:?} in {outside}");
    }
    for tag in ["details", "summary", "code", "b", "sub", "span"] {
        let (open, close) = (pattern(&format!("<{tag}[ >]")), pattern(&format!("</{tag}>")));
        prop_assert_eq!(open.find_iter(&outside).count(), close.find_iter(&outside).count(), "{}", tag);
    }
    for table in outside.split("\n\n").filter(|part| part.trim_start().starts_with('|')) {
        let cells: Vec<usize> = table.lines().filter(|l| l.starts_with('|')).map(|l| l.matches('|').count()).collect();
        prop_assert!(cells.windows(2).all(|w| w[0] == w[1]), "{:?} in {}", cells, table);
    }
    let line = pattern(
        r#"^(flowchart LR|  n\d+(\["[^"`<>\[\]{}%&:/()]+"\]|\(\["[^"`<>\[\]{}%&:/()]+"\]\))(:::changed)?|  n\d+ (-->|-\. was \.->) (n\d+|more)|  more\["[a-z0-9 ]+"\]|  classDef changed [a-z0-9#:,-]+)$"#,
    );
    for one in graphs.lines() {
        prop_assert!(line.is_match(one), "{one}");
    }
    let mut told = outside.lines().filter(|l| l.starts_with("<details") || l.starts_with("- "));
    for finding in overview::worst_first(report) {
        let (rule, model) = (escape::markdown_code(&finding.rule), escape::markdown(&overview::target(finding)));
        prop_assert!(told.any(|l| l.contains(&rule) && l.contains(&model)), "{} {} in {}", rule, model, outside);
    }
    Ok(())
}

/// Every character is one of XML's, every tag is closed by its own, every entity is one of the five.
fn well_formed(text: &str) -> Result<(), TestCaseError> {
    let allowed = |c: char| matches!(c, '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    prop_assert!(text.chars().all(allowed));
    let body = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").expect("a declaration");
    let tag = Regex::new("<(/?)([a-z-]+)((?: [a-z]+=\"[^\"<>]*\")*)(/?)>").expect("a pattern");
    let mut open: Vec<String> = Vec::new();
    for hit in tag.captures_iter(body) {
        match (&hit[1], &hit[4]) {
            ("/", _) => prop_assert_eq!(open.pop(), Some(hit[2].to_owned())),
            (_, "/") => {}
            _ => open.push(hit[2].to_owned()),
        }
    }
    prop_assert!(open.is_empty());
    let rest = tag.replace_all(body, "");
    prop_assert!(!rest.contains(['<', '>']), "{rest}");
    let entities = Regex::new("&(amp|lt|gt|quot);").expect("a pattern").replace_all(body, "").into_owned();
    prop_assert!(!entities.contains('&'));
    Ok(())
}
