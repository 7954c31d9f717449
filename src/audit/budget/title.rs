//! Titles that say that something is undone, or done again: `Revert "X"`, `revert: X (#12)`, `Roll back #12`, `Reapply "X"`.

use super::mention::{Kind, Mention, Named, Target};
use regex::Regex;
use std::sync::LazyLock;

/// What stands before the verb and says nothing: `[hotfix]`, `fix(orders)!:`, `:rewind:`, signs.
static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?::[a-z0-9_+-]{1,40}:\s*|[^\p{L}\p{N}\s\[(\x22'`“„«‘]+\s*|\[[^\]]{1,40}\]\s*|[a-z][a-z0-9]{1,15}-[0-9]{1,9}\b[:\s-]*|(?:build|chore|ci|feat|fix|hotfix|perf|refactor|release)(?:\([^)]{0,60}\))?!?:\s*)+",
    )
});
static PARTLY: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:partial(?:ly)?|partly)\s+"));
static UNDO: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(?:revert(?:s|ed|ing)?|roll(?:s|ed|ing)?[ -]?back|back(?:s|ed|ing)?[ -]?out|undo(?:es|ing)?|undid)\b")
});
static REDO: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:re-?appl(?:y|ies|ied|ying)|re-?land(?:s|ed|ing)?|re-?merge[sd]?|un-?revert(?:s|ed|ing)?|reinstate[sd]?)\b",
    )
});
/// `(scope)!:` of a conventional commit.
static COLON: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:\([^)]{0,60}\))?!?\s*:\s*"));
static PART: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:(?:a|of) )?parts? of\s+"));
static OF: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:of\s+|[-–—]\s+)"));
/// What may stand before a number or a commit id.
static FILLER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:(?:the|merge|squash|merged|changes?|commits?|prs?|mrs?|pull[ -]requests?|in|from|of|made|by|for|and|gh)\b|[&,:])\s*",
    )
});
static NUMBER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\(?(?:#|(?:prs?|pull[ -]requests?)[ #]*)([1-9][0-9]{0,9})\b\)?"));
static SHA: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[`(]?([0-9a-f]{7,64})\b[`)]?"));
/// What git calls the merge of a pull request.
static MERGE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^merge pull request #([1-9][0-9]{0,9}) from "));
/// A number at the end: `X (#12)`.
static TAIL: LazyLock<Regex> = LazyLock::new(|| pattern(r"\s*\(#([1-9][0-9]{0,9})\)\s*$"));
static PARTIAL: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bpartial(?:ly)?\b|\bpartly\b|\bparts? of\b"));
/// `Revert "X"`: what opens a quotation, and what closes it.
const QUOTES: &[(char, &[char])] = &[
    ('"', &['"']),
    ('“', &['”', '"']),
    ('„', &['“', '”']),
    ('«', &['»']),
    ('\'', &['\'']),
    ('‘', &['’', '\'']),
    ('`', &['`', '\'']),
];

fn pattern(text: &str) -> Regex {
    Regex::new(&format!("(?i){text}")).expect("a pattern of ours")
}

/// What a title says is undone or done again; nothing where it says no such thing. `own` is the number of the pull request
/// that has the title, which squashing appends.
pub(super) fn read(title: &str, own: u64) -> Vec<Mention> {
    let title = without_own(title.trim(), own);
    let rest = BEFORE.find(title).map_or(title, |m| &title[m.end()..]);
    let (rest, partly) = after(&PARTLY, rest);
    let (kind, rest) = match (UNDO.find(rest), REDO.find(rest)) {
        (Some(verb), _) => (Kind::Undo, &rest[verb.end()..]),
        (None, Some(verb)) => (Kind::Redo, &rest[verb.end()..]),
        _ => return Vec::new(),
    };
    let (after_colon, colon) = after(&COLON, rest);
    let words = after_colon.trim_start();
    if !colon && words.len() == rest.len() && !words.starts_with(|c| QUOTES.iter().any(|(open, _)| *open == c)) {
        return Vec::new();
    }
    let (words, part) = after(&PART, words);
    let words = after(&OF, words).0;
    let partial = partly || part;
    let mention = |target, named| Mention { kind, target, partial, named };
    let quotations = quotations(words);
    if let Some((_, behind)) = quotations.first() {
        let partial = partial || PARTIAL.is_match(behind);
        // Behind the quotation may stand the number of what is undone, or of a revert that this one repeats.
        let numbers = list(behind.trim_start_matches(['[', '-', ' '])).into_iter().map(|t| (t, Named::Words));
        let all = quotations.iter().flat_map(|(quoted, _)| named(quoted, Named::Title)).chain(numbers);
        return all.map(|(t, n)| Mention { partial, ..mention(t, n) }).collect();
    }
    let listed = list(words);
    if !listed.is_empty() {
        let partial = partial || PARTIAL.is_match(words);
        return listed.into_iter().map(|t| Mention { partial, ..mention(t, Named::Title) }).collect();
    }
    if words.is_empty() {
        return Vec::new();
    }
    // Without quotes only a title that exists tells `Revert orders refactor` from `Revert button`; a number behind it may be
    // an issue's, unless a colon sets the verb apart.
    let weak = if colon { Named::Title } else { Named::Words };
    named(words, weak).into_iter().map(|(t, n)| mention(t, n)).collect()
}

/// Numbers and commit ids, one after the other: `#12, #13 and #14`, `commit abc1234`, `PR #12`.
pub(super) fn list(text: &str) -> Vec<Target> {
    let (mut found, mut rest) = (Vec::new(), text.trim_start());
    loop {
        if !NUMBER.is_match(rest) {
            rest = without_filler(rest);
        }
        let (target, end) = if let Some(hit) = NUMBER.captures(rest) {
            let Ok(number) = hit[1].parse() else { break };
            (Target::Number(number), hit[0].len())
        } else if let Some(hit) = SHA.captures(rest).filter(|h| h[1].bytes().any(|b| b.is_ascii_digit())) {
            (Target::Sha(hit[1].to_lowercase()), hit[0].len())
        } else {
            break;
        };
        found.push(target);
        rest = rest[end..].trim_start();
    }
    found
}

/// Words that may stand before a number or a commit id, one by one: the last of them may belong to a number.
fn without_filler(mut text: &str) -> &str {
    while let Some(word) = FILLER.find(text) {
        text = text[word.end()..].trim_start();
        if NUMBER.is_match(text) {
            break;
        }
    }
    text
}

/// A title without the number that squashing appends, in one form of quotation marks and white space.
pub(super) fn plain(title: &str) -> String {
    let title = TAIL.find(title).map_or(title, |m| &title[..m.start()]);
    let mark = |c| match c {
        '“' | '”' | '„' | '«' | '»' => '"',
        '‘' | '’' => '\'',
        c => c,
    };
    title.split_whitespace().collect::<Vec<_>>().join(" ").chars().map(mark).collect::<String>().to_lowercase()
}

/// The name of what is undone: its number where it ends in one, and its words.
fn named(name: &str, named: Named) -> Vec<(Target, Named)> {
    let number =
        MERGE.captures(name).or_else(|| TAIL.captures(name)).and_then(|hit| hit[1].parse().ok()).map(Target::Number);
    let title = plain(name);
    let title = (!title.is_empty()).then_some((Target::Title(title), named));
    number.map(|n| (n, named)).into_iter().chain(title).collect()
}

/// What stands between quotation marks at the start, with what follows: up to the last mark that closes, and up to each
/// before it that leaves no quotation within open.
fn quotations(text: &str) -> Vec<(&str, &str)> {
    let Some((open, closing)) = text.chars().next().and_then(|c| QUOTES.iter().find(|(mark, _)| *mark == c)) else {
        return Vec::new();
    };
    let inside = &text[open.len_utf8()..];
    let ends: Vec<(usize, char)> = inside.char_indices().filter(|(_, c)| closing.contains(c)).collect();
    if ends.is_empty() {
        // GitHub cuts long titles: the closing mark is lost.
        return inside.ends_with('…').then_some((inside, "")).into_iter().collect();
    }
    let last = ends.len() - 1;
    let whole = |at: usize| at == last || (at.is_multiple_of(2) && TAIL.is_match(&inside[..ends[at].0]));
    let part = |at: usize| (&inside[..ends[at].0], &inside[ends[at].0 + ends[at].1.len_utf8()..]);
    (0..ends.len()).rev().filter(|at| whole(*at)).map(part).collect()
}

fn without_own(title: &str, own: u64) -> &str {
    match TAIL.captures(title) {
        Some(hit) if hit[1].parse() == Ok(own) => &title[..title.len() - hit[0].len()],
        _ => title,
    }
}

fn after<'a>(pattern: &Regex, text: &'a str) -> (&'a str, bool) {
    pattern.find(text).map_or((text, false), |m| (&text[m.end()..], m.end() > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(title: &str) -> String {
        let one = |m: Mention| {
            let kind = if m.kind == Kind::Undo { "undo" } else { "redo" };
            let target = match m.target {
                Target::Number(n) => format!("#{n}"),
                Target::Sha(sha) => sha,
                Target::Title(title) => format!("[{title}]"),
            };
            format!(
                "{kind}{}{} {target}",
                if m.partial { " part" } else { "" },
                if m.named == Named::Words { " weak" } else { "" }
            )
        };
        read(title, 99).into_iter().map(one).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn the_wild_forms() {
        for (title, expected) in [
            (r#"Revert "Add orders""#, "undo [add orders]"),
            (r#"Revert "Add orders (#12)""#, "undo #12, undo [add orders]"),
            (r#"Revert "Add orders (#12)" (#99)"#, "undo #12, undo [add orders]"),
            (r#"Revert "Add "net" to orders""#, r#"undo [add "net" to orders]"#),
            (r#"revert "Add orders""#, "undo [add orders]"),
            ("Revert “Add orders”", "undo [add orders]"),
            ("Revert 'Add orders'", "undo [add orders]"),
            ("Revert `Add orders`", "undo [add orders]"),
            (r#"[hotfix] Revert "Add orders""#, "undo [add orders]"),
            (r#"fix(orders)!: revert "Add orders""#, "undo [add orders]"),
            ("revert: feat: add orders (#12)", "undo #12, undo [feat: add orders]"),
            ("revert(orders): add orders", "undo [add orders]"),
            ("Revert #12", "undo #12"),
            ("Revert PR #12 and #13", "undo #12, undo #13"),
            ("Reverts pull request #12", "undo #12"),
            ("Roll back #12", "undo #12"),
            (r#"Rollback "Add orders""#, "undo [add orders]"),
            ("Rollback: Add orders (#12)", "undo #12, undo [add orders]"),
            ("Back out changes from #12", "undo #12"),
            ("Revert commit 1a2b3c4d", "undo 1a2b3c4d"),
            ("Revert 1a2b3c4d", "undo 1a2b3c4d"),
            (r#"Partially revert "Add orders""#, "undo part [add orders]"),
            ("Partial revert of #12", "undo part #12"),
            (r#"Revert part of "Add orders""#, "undo part [add orders]"),
            (r#"Revert "Add orders" (partial)"#, "undo part [add orders]"),
            (r#"Revert "Partially load orders""#, "undo [partially load orders]"),
            (r#"Revert "Revert "Add orders"""#, r#"undo [revert "add orders"]"#),
            (r#"Reapply "Add orders""#, "redo [add orders]"),
            (r#"Re-land "Add orders (#12)""#, "redo #12, redo [add orders]"),
            ("Reland #12", "redo #12"),
            ("Revert Add orders", "undo weak [add orders]"),
            ("DATA-12: Revert \"Add orders\"", "undo [add orders]"),
            (r#"Revert "Merge pull request #12 from acme/x""#, "undo #12, undo [merge pull request #12 from acme/x]"),
            ("Revert of #12", "undo #12"),
            ("Revert of part of #12", "undo part #12"),
            ("Revert PR 12", "undo #12"),
            ("Revert PRs #12, #13 & #14", "undo #12, undo #13, undo #14"),
            ("⏪ Revert \"Add orders\"", "undo [add orders]"),
            (":rewind: revert: add orders", "undo [add orders]"),
            ("Revert - Add orders", "undo weak [add orders]"),
            (r#"Revert "Add orders" (#12)"#, "undo [add orders], undo weak #12"),
            (
                r#"Revert "Add orders (#12)" and "Add items (#13)""#,
                r#"undo #13, undo [add orders (#12)" and "add items], undo #12, undo [add orders]"#,
            ),
            (r#"Revert "Add orders": totals doubled"#, "undo [add orders]"),
            (r#"Revert "A very long title about orders that…"#, "undo [a very long title about orders that…]"),
        ] {
            assert_eq!(says(title), expected, "{title}");
        }
    }

    #[test]
    fn talk_of_reverting_is_none() {
        for title in [
            "Add revert button",
            "Reverting",
            "Irrevertible",
            "Explain how to revert #12",
            "Backoutlier",
            "",
            "Revertible orders",
            "revert:",
        ] {
            assert_eq!(says(title), "", "{title}");
        }
        assert_eq!(says("Revert to the previous layout (#12)"), "undo weak #12, undo weak [to the previous layout]");
    }
}
