//! What a pull request or a commit says of others: that it reverts them, brings them again, was made of them, or mends a
//! defect that they caused.

use super::title;
use crate::audit::text::{Text, is_bullet};
use regex::Regex;
use std::sync::LazyLock;

/// Something that is undone or done again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mention {
    /// Undone, or done again.
    pub kind: Kind,
    /// What.
    pub target: Target,
    /// A part of it only, in words.
    pub partial: bool,
    /// Where it is said.
    pub named: Named,
}

/// Undone, or done again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Undo,
    Redo,
}

/// How something is named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// A pull request of this repository.
    Number(u64),
    /// A commit id, whole or short, in lower case.
    Sha(String),
    /// A title, as [`title::plain`] gives it.
    Title(String),
}

/// Where something is named, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Named {
    /// In a sentence of its own: `Reverts #12`, `This reverts commit ...`.
    Sentence,
    /// In a title.
    Title,
    /// In a title without quotation marks: only if such a title exists.
    Words,
}

static REVERTS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:this\s+(?:pr\s+|pull request\s+|commit\s+|change\s+)?)?(partial(?:ly)?\s+|partly\s+)?(?:revert(?:s|ed|ing)|roll(?:s|ed|ing)[ -]?back|rollback of|back(?:s|ed|ing)[ -]out|undoes)\s*:?\s+(part of\s+|parts of\s+)?(.*)$",
    )
});
/// `Reverted in #12` tells what became of something else.
static ELSEWHERE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:in|by|with)\b"));
static REFS: LazyLock<Regex> = LazyLock::new(|| pattern(r"^refs?:\s*(.*)$"));
/// `Revert #12` and nothing else: more words may be a condition. Under a title that reverts nothing it may be a plan.
static REVERT_ONLY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(partial(?:ly)?\s+)?revert(?:\s+of)?\s+(part of\s+)?((?:pr\s+|pull request\s+)?#[0-9]+\.?)$")
});
static COMMIT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\bthis (partially |partly )?reverts (part of )?(?:the )?(?:merge )?(commits?\s.*)$"));
static RELANDS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:this\s+(?:pr\s+|pull request\s+|commit\s+|change\s+)?)?(?:re-?lands?|re-?appl(?:y|ies)|reinstates?)(?:\s+of)?:?\s+(.*)$",
    )
});
static PICKED: LazyLock<Regex> = LazyLock::new(|| pattern(r"\(cherry[ -]picked from commit ([0-9a-f]{7,64})\)"));
/// A text that says of itself that it reverts a part.
static PARTLY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:this (?:pr |pull request |commit |change )?is )?(?:a |only a )?(?:partial|partly) (?:revert|rollback)\b|^this (?:pr |pull request |commit |change )?(?:only )?(?:partially|partly) (?:reverts|rolls back)\b|^(?:partially|partly) (?:revert|roll(?:s|ing)? back|back(?:s|ing)? out)",
    )
});
static NUMBERS: LazyLock<Regex> = LazyLock::new(|| pattern(r"#([1-9][0-9]{0,9})\b"));
static CAUSED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^caused[- ]by:\s*(.*)$"));

fn pattern(text: &str) -> Regex {
    Regex::new(&format!("(?i){text}")).expect("a pattern of ours")
}

/// What a text says beside its title.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// What it undoes or does again.
    pub mentions: Vec<Mention>,
    /// Commits that it was picked from.
    pub picked_from: Vec<String>,
    /// Pull requests that caused the defect which it mends.
    pub caused_by: Vec<u64>,
    /// What only a title that reverts gives its meaning: `Refs:` by convention, `Revert #12` as a line of its own.
    under_title: Vec<Mention>,
    /// It says of itself that it reverts a part.
    partly: bool,
}

/// Reads the body of a pull request or of a commit message of `repository` (`owner/name`). Quoted, fenced and hidden lines
/// say nothing.
pub(super) fn body(text: &str, repository: &str) -> Said {
    let mut said = Said::default();
    for (_, line) in Text::of(shown(text)).lines() {
        let local = here(&bare(line), repository);
        said.mentions.extend(of_line(&local, &[&REVERTS, &COMMIT]));
        said.under_title.extend(of_line(&local, &[&REVERT_ONLY]));
        said.partly |= PARTLY.is_match(&local);
        said.picked_from.extend(PICKED.captures_iter(&local).map(|hit| hit[1].to_lowercase()));
        if let Some(hit) = REFS.captures(&local) {
            let commits = title::list(&hit[1]).into_iter().filter(|t| matches!(t, Target::Sha(_)));
            said.under_title.extend(commits.map(|target| Mention {
                kind: Kind::Undo,
                target,
                partial: false,
                named: Named::Sentence,
            }));
        }
        if let Some(hit) = CAUSED.captures(&local) {
            said.caused_by.extend(NUMBERS.captures_iter(&hit[1]).filter_map(|n| n[1].parse::<u64>().ok()));
        }
    }
    said.mentions.sort();
    said.mentions.dedup();
    said
}

/// Reads a commit message: its first line as a title, the rest as a body. `own` is the pull request that brought it, 0 for
/// none.
pub(super) fn message(text: &str, own: u64, repository: &str) -> Said {
    let (headline, rest) = text.split_once('\n').unwrap_or((text, ""));
    titled(headline, rest, own, repository)
}

/// Reads a title and what stands under it.
pub(super) fn titled(headline: &str, rest: &str, own: u64, repository: &str) -> Said {
    let mut said = body(rest, repository);
    // A commit may have nothing but the sentence.
    said.mentions.extend(of_line(&here(headline.trim(), repository), &[&REVERTS, &COMMIT]));
    let titled = title::read(&here(headline, repository), own);
    if titled.iter().any(|m| m.kind == Kind::Undo) {
        said.mentions.append(&mut said.under_title);
    }
    said.mentions.extend(titled);
    let partly = said.partly;
    said.mentions.iter_mut().filter(|m| m.kind == Kind::Undo).for_each(|m| m.partial |= partly);
    said.mentions.sort();
    said.mentions.dedup();
    said
}

fn of_line(line: &str, patterns: &[&Regex]) -> Vec<Mention> {
    let mention = |kind, partial, words: &str| {
        let targets = title::list(words).into_iter();
        targets.map(move |target| Mention { kind, target, partial, named: Named::Sentence }).collect::<Vec<_>>()
    };
    let given = |hit: &regex::Captures<'_>, at| hit.get(at).is_some();
    for pattern in patterns {
        if let Some(hit) = pattern.captures(line) {
            let words = hit.get(3).map_or("", |m| m.as_str());
            // `, reversing changes made to ...` names the other side of a merge.
            let words = words.split_once("reversing").map_or(words, |(before, _)| before);
            if ELSEWHERE.is_match(words) {
                return Vec::new();
            }
            let found = mention(Kind::Undo, given(&hit, 1) || given(&hit, 2), words);
            if !found.is_empty() {
                return found;
            }
        }
    }
    RELANDS.captures(line).map(|hit| mention(Kind::Redo, false, &hit[1])).unwrap_or_default()
}

/// The text up to a hidden comment that nobody closed: GitHub shows nothing of what follows.
fn shown(text: &str) -> &str {
    let starts_a_line = |at: usize| text[..at].rsplit('\n').next().is_none_or(|line| line.trim().is_empty());
    match text.rfind("<!--") {
        Some(at) if !text[at..].contains("-->") && starts_a_line(at) => &text[..at],
        _ => text,
    }
}

/// A line without the sign of a list, a ticked box or a heading, without emphasis, and with the words of links alone.
fn bare(line: &str) -> String {
    static LINK: LazyLock<Regex> = LazyLock::new(|| pattern(r"\[([^\]\[]{1,200})\]\([^()\s]{1,500}\)"));
    let line = line.trim();
    let line = if is_bullet(line) { line[line.chars().next().map_or(0, char::len_utf8)..].trim_start() } else { line };
    let line = line.strip_prefix("[x]").or_else(|| line.strip_prefix("[X]")).unwrap_or(line);
    let plain = LINK.replace_all(line.trim_start_matches('#'), "$1").replace("**", "").replace("__", "");
    plain.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_')).to_owned()
}

/// Numbers of this repository in one form, `#12`; those of others (`other/repo#12`) as words without a number.
fn here(line: &str, repository: &str) -> String {
    static FULL: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?:https?://[a-z0-9.:-]+/)?\b([a-z0-9][a-z0-9_.-]*/[a-z0-9_.-]+?)(?:#|/pull/)([0-9]+)(?:#[a-z0-9_-]*)?",
        )
    });
    /// A commit by its address.
    static COMMITS: LazyLock<Regex> = LazyLock::new(|| pattern(r"https?://\S+/commits?/([0-9a-f]{7,64})\b"));
    static AT: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b([a-z0-9][a-z0-9_.-]*/[a-z0-9_.-]+)@([0-9a-f]{7,64})\b"));
    let local = FULL.replace_all(line, |hit: &regex::Captures<'_>| {
        if hit[1].eq_ignore_ascii_case(repository) {
            format!("#{}", &hit[2])
        } else {
            format!("{} {}", &hit[1], &hit[2])
        }
    });
    let local = AT.replace_all(&local, |hit: &regex::Captures<'_>| {
        if hit[1].eq_ignore_ascii_case(repository) { hit[2].to_owned() } else { hit[1].to_owned() }
    });
    COMMITS.replace_all(&local, "$1").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(text: &str) -> String {
        let one = |m: Mention| {
            let target = match m.target {
                Target::Number(n) => format!("#{n}"),
                Target::Sha(sha) => sha,
                Target::Title(title) => format!("[{title}]"),
            };
            let kind = if m.kind == Kind::Undo { "undo" } else { "redo" };
            format!("{kind}{} {target}", if m.partial { " part" } else { "" })
        };
        body(text, "acme/shop").mentions.into_iter().map(one).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn sentences_that_revert() {
        for (text, expected) in [
            ("Reverts acme/shop#12", "undo #12"),
            ("Reverts Acme/Shop#12, since totals doubled", "undo #12"),
            ("Reverts #12 and #13.", "undo #12, undo #13"),
            ("reverts https://github.com/acme/shop/pull/12", "undo #12"),
            ("This reverts commit 1A2B3C4D5.", "undo 1a2b3c4d5"),
            ("Totals doubled. This reverts commit 1a2b3c4d5.", "undo 1a2b3c4d5"),
            (
                "This reverts commits 1a2b3c4d5, 2a2b3c4d5 and 3a2b3c4d5.",
                "undo 1a2b3c4d5, undo 2a2b3c4d5, undo 3a2b3c4d5",
            ),
            ("This reverts commit 1a2b3c4d5, reversing\nchanges made to 2a2b3c4d5.", "undo 1a2b3c4d5"),
            ("This reverts commit 1a2b3c4d5, reversing changes made to 2a2b3c4d5.", "undo 1a2b3c4d5"),
            ("* This reverts commit `1a2b3c4d5`.", "undo 1a2b3c4d5"),
            ("This reverts pull request #12.", "undo #12"),
            ("**Reverts #12**", "undo #12"),
            ("Reverts [#12](https://github.com/acme/shop/pull/12)", "undo #12"),
            ("- [x] Reverts #12", "undo #12"),
            ("This reverts commit acme/shop@1a2b3c4d5.", "undo 1a2b3c4d5"),
            ("This partially reverts commit 1a2b3c4d5.", "undo part 1a2b3c4d5"),
            ("Reverts part of #12", "undo part #12"),
            ("Relands #12", "redo #12"),
            ("Reverts: #12", "undo #12"),
            ("This PR reverts #12", "undo #12"),
            ("Rollback of #12", "undo #12"),
            ("Rolls back PR 12", "undo #12"),
            ("This reverts commit https://github.com/acme/shop/commit/1a2b3c4d5", "undo 1a2b3c4d5"),
        ] {
            assert_eq!(says(text), expected, "{text}");
        }
    }

    #[test]
    fn what_only_talks_of_it() {
        for text in [
            "We may revert #12.",
            "Revert #12 if totals double.",
            "Reverts to the layout before #12",
            "Reverts other/shop#12",
            "> Reverts #12",
            "```\nThis reverts commit 1a2b3c4d5.\n```",
            "<!-- Reverts #12 -->",
            "This does not revert commit 1a2b3c4d5.",
            "This reverts nothing of #12",
            "reverts defaced",
            "Reverted in #12",
            "Rollback plan:\nRevert #12",
            "- [ ] Reverts #12",
            "<!--\nReverts #12",
            "This reverts commit other/shop@1a2b3c4d5.",
            "Refs: 1a2b3c4d5",
        ] {
            assert_eq!(says(text), "", "{text}");
        }
    }

    #[test]
    fn causes_and_picks() {
        let said = body(
            "Fix totals\n\nCaused-by: #12, acme/shop#13, other/x#14\n(cherry picked from commit 1a2b3c4d5)",
            "acme/shop",
        );
        assert_eq!(said.caused_by, [12, 13]);
        assert_eq!(said.picked_from, ["1a2b3c4d5"]);
        let said = message("Revert \"X (#12)\" (#40)\n\nThis reverts commit 1a2b3c4d5.", 40, "acme/shop");
        assert_eq!(said.mentions.len(), 3);
        assert_eq!(message("This reverts commit 1a2b3c4d5.", 0, "acme/shop").mentions.len(), 1);
        let said = message("revert: totals\n\nRefs: 1a2b3c4, 2a2b3c4", 40, "acme/shop").mentions;
        assert_eq!(said.iter().filter(|m| matches!(m.target, Target::Sha(_))).count(), 2);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in r#"(?s)([Rr]evert|[Rr]eapply|This reverts commit|Reverts|["“”`'(#:\-> \n]|#[0-9]{1,12}|[0-9a-f]{7,40}|acme/shop#|\PC){0,30}"#, own in 0_u64..20) {
            let said = message(&text, own, "acme/shop");
            for mention in said.mentions {
                match mention.target {
                    Target::Number(number) => proptest::prop_assert!(text.contains(&number.to_string())),
                    Target::Sha(id) => proptest::prop_assert!(id.len() >= 7 && text.to_lowercase().contains(&id)),
                    Target::Title(title) => proptest::prop_assert!(!title.is_empty()),
                }
            }
        }
    }
}
