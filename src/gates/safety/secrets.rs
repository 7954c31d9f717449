//! Credentials written into the files of a model. The text itself is never shown.

use crate::finding::{Finding, Location};
use crate::gates::Change;
use crate::project::Model;
use regex::Regex;
use std::sync::LazyLock;

/// What a credential looks like, by kind. Group 1, where there is one, is the secret itself.
const PATTERNS: &[(&str, &str)] = &[
    ("an AWS access key id", r"\b((?:AKIA|ASIA)[0-9A-Z]{16})\b"),
    ("an AWS secret key", r#"(?i)aws_?secret_?(?:access_?)?key["']?\s*[:=]\s*["']([A-Za-z0-9/+=]{40})["']"#),
    ("a GitHub token", r"\b(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})\b"),
    ("a GitLab token", r"\b(glpat-[A-Za-z0-9_-]{20,})\b"),
    ("a Slack token", r"\b(xox[abeprs]-[A-Za-z0-9-]{10,})"),
    ("a Slack webhook", r"(https://hooks\.slack\.com/services/[A-Za-z0-9/]{20,})"),
    ("a Stripe key", r"\b([rs]k_live_[A-Za-z0-9]{16,})\b"),
    ("a Google API key", r"\b(AIza[0-9A-Za-z_-]{35})\b"),
    ("a Databricks token", r"\b(dapi[0-9a-f]{32})\b"),
    ("a private key", r"(-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----)"),
    ("a JSON web token", r"\b(eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,})"),
    ("a password in a URL", r#"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@'"]{1,64}:([^\s:/@'"{}$]{3,128})@[A-Za-z0-9]"#),
    ("a password", r"(?i)\bidentified\s+by\s+'([^'{}]{4,128})'"),
    ("a password", r#"(?i)\b(?:password|passwd|pwd|secret_key|secret_access_key)\s*=>?\s*'([^'{}\s]{6,128})'"#),
    ("a connection string", r"(?i)\bpassword=([^\s;'{}]{4,128})[\s;'][^\n]*(?:host|server|dbname|user)="),
    ("a connection string", r"(?i)(?:host|server|dbname|user)=[^\n]*\bpassword=([^\s;'{}]{4,128})"),
];

static COMPILED: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    let compile = |(kind, pattern): &(&'static str, &str)| {
        (*kind, Regex::new(pattern).expect("the patterns are constant and a test compiles each"))
    };
    PATTERNS.iter().map(compile).collect()
});

/// Credentials in the head's template, hooks or seed that base does not have.
pub(super) fn check(change: &Change<'_>) -> Vec<Finding> {
    let Some(head) = change.head else { return Vec::new() };
    let mut findings = Vec::new();
    let before = change.base.map(texts).unwrap_or_default();
    for (text, template) in texts(head) {
        for (kind, pattern) in COMPILED.iter() {
            for hit in pattern.captures_iter(&text) {
                let Some(secret) = hit.get(1) else { continue };
                if before.iter().any(|(known, _)| known.contains(secret.as_str())) {
                    continue;
                }
                let place = match template {
                    true => place(head, &text, secret.start(), secret.end()),
                    false => Location::file(&head.path),
                };
                let message = format!("the file holds what looks like {kind}");
                let help = "revoke it: it is in the repository's history; then read it from the environment or profile";
                findings.push(Finding::new("safety/secret", message, help).at(place).evidence("kind", *kind));
            }
        }
    }
    // Two patterns that see the same place are one secret.
    findings.sort_by(|a, b| (&a.location, &a.message).cmp(&(&b.location, &b.message)));
    findings.dedup_by(|a, b| a.location == b.location && a.location.as_ref().is_some_and(|l| l.end_column > l.column));
    findings
}

/// The texts of a model, each with whether it is the template (whose places are known).
fn texts(model: &Model) -> Vec<(String, bool)> {
    let mut all = vec![(model.raw.to_string(), true)];
    for hook in model.hooks.iter().filter_map(|h| h.sql.as_ref().ok()) {
        if !model.raw.contains(hook.as_str()) {
            all.push((hook.clone(), false));
        }
    }
    if let Some(text) = model.csv.as_deref().and_then(|csv| std::str::from_utf8(csv).ok()) {
        all.push((text.to_owned(), false));
    }
    all
}

fn place(model: &Model, text: &str, start: usize, end: usize) -> Location {
    let line = text[..start].matches('\n').count() as u32 + model.first_line.max(1);
    let from = text[..start].rfind('\n').map_or(0, |n| n + 1);
    let column = text[from..start].chars().count() as u32 + 1;
    let length = text[start..end].chars().count() as u32;
    Location { path: model.path.clone(), line, column, end_line: line, end_column: column + length }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<&'static str> {
        COMPILED.iter().filter(|(_, p)| p.is_match(text)).map(|(kind, _)| *kind).collect()
    }

    #[test]
    fn credentials_are_seen() {
        let key = format!("AKIA{}", "ABCDEFGHIJKLMNOP");
        assert_eq!(kinds(&format!("where k = '{key}'")), ["an AWS access key id"]);
        assert_eq!(kinds(&format!("'ghp_{}'", "a1".repeat(18))), ["a GitHub token"]);
        assert_eq!(kinds("-----BEGIN RSA PRIVATE KEY-----"), ["a private key"]);
        assert_eq!(kinds("'postgres://app:hunter22@db.internal/x'"), ["a password in a URL"]);
        assert_eq!(kinds("create user x identified by 'hunter22'"), ["a password"]);
        assert!(!kinds("attach 'host=db user=app password=hunter22' as x").is_empty());
    }

    #[test]
    fn plain_sql_holds_none() {
        for text in [
            "select md5(email) as token, 'https://example.com/a:b' as url from x",
            "where password = '' or password_reset_at > '2024-01-01'",
            "'postgres://{{ env_var(\"U\") }}:{{ env_var(\"P\") }}@host'",
            "select id from skills where key_id = 'AKIAfoo'",
        ] {
            assert_eq!(kinds(text), Vec::<&str>::new(), "{text}");
        }
    }
}
