//! The prompt that a change was made with: what its author claims in `LLM-Prompt-*` trailers, and whether it holds.

use super::trailer::Trailer;
use super::{Evidence, Prompt, Verified, problem};
use crate::finding::Severity;
use crate::report::Notice;
use sha2::{Digest, Sha256};

/// Claims of one group of trailers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Claim {
    hash: Option<String>,
    reference: Option<String>,
    author: Option<String>,
}

impl Claim {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Claims of one text, in order: a key that comes again begins the next claim.
#[derive(Default)]
pub(super) struct Claims {
    open: Claim,
    done: Vec<Claim>,
    /// Trailers that are not as they should be, and what to do.
    pub problems: Vec<String>,
}

impl Claims {
    /// Takes the trailer, if it is one of ours.
    pub fn take(&mut self, trailer: &Trailer<'_>) -> bool {
        let value = trailer.value.as_str();
        let read = match trailer.id.as_str() {
            "llm-prompt-hash" => hash(value),
            "llm-prompt-ref" => reference(value),
            "llm-prompt-author" => author(value),
            _ => return false,
        };
        let value = match read {
            Ok(value) => value,
            Err(expected) => {
                self.problems.push(format!("`{}` is malformed; write {expected}", trailer.key));
                return true;
            }
        };
        let slot = |claim: &mut Claim| match trailer.id.as_str() {
            "llm-prompt-hash" => claim.hash.replace(value.clone()),
            "llm-prompt-ref" => claim.reference.replace(value.clone()),
            _ => claim.author.replace(value.clone()),
        };
        let before = self.open.clone();
        if slot(&mut self.open).is_some() {
            self.done.push(before);
            self.open = Claim::default();
            slot(&mut self.open);
        }
        true
    }

    /// All claims.
    pub fn all(mut self) -> Vec<Claim> {
        if !self.open.is_empty() {
            self.done.push(self.open);
        }
        self.done
    }
}

fn hash(value: &str) -> Result<String, &'static str> {
    let digits = value.to_lowercase();
    let digits = digits.strip_prefix("sha256:").unwrap_or("").trim();
    if digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(format!("sha256:{digits}"))
    } else {
        Err("`sha256:` and 64 hex digits")
    }
}

fn reference(value: &str) -> Result<String, &'static str> {
    let expected = "`path@blob`, an https address or `withheld`";
    if value.eq_ignore_ascii_case("withheld") {
        return Ok("withheld".to_owned());
    }
    if is_url(value) {
        return Ok(value.to_owned());
    }
    let (path, blob) = split(value);
    let inside = !path.is_empty()
        && !path.starts_with(['/', '<'])
        && !path.contains([':', '\\', '|'])
        && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    let blob = blob.is_none_or(|b| (7..=64).contains(&b.len()) && b.bytes().all(|b| b.is_ascii_hexdigit()));
    if inside && blob { Ok(value.to_owned()) } else { Err(expected) }
}

fn is_url(value: &str) -> bool {
    let lower = value.to_lowercase();
    (lower.starts_with("https://") || lower.starts_with("http://")) && !value.contains(char::is_whitespace)
}

/// Path, and the blob behind the last `@`.
fn split(reference: &str) -> (&str, Option<&str>) {
    match reference.rsplit_once('@') {
        Some((path, blob)) => (path, Some(blob)),
        None => (reference, None),
    }
}

fn author(value: &str) -> Result<String, &'static str> {
    let login = value.strip_prefix('@').unwrap_or(value);
    let fits = !login.is_empty()
        && login.len() <= 100
        && login.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '[' | ']'));
    if fits { Ok(format!("@{login}")) } else { Err("`@login`") }
}

/// The claim against the repository; what does not hold goes to `problems`.
pub(super) fn verify(claim: Claim, place: &str, evidence: &Evidence<'_>, problems: &mut Vec<Notice>) -> Prompt {
    let mut say = |severity, message: String| problems.push(problem(severity, place, message));
    let verified = match (claim.reference.as_deref(), claim.hash.as_deref()) {
        (Some("withheld"), _) => Verified::Withheld,
        (None, _) => Verified::Unverified,
        (Some(url), _) if is_url(url) => Verified::Unverified,
        (Some(reference), hash) => {
            let (path, blob) = split(reference);
            match ((evidence.prompt_file)(path, blob), hash) {
                (Err(why), _) => {
                    say(Severity::Warning, format!("the prompt `{reference}` could not be looked up: {why:#}"));
                    Verified::Unverified
                }
                (Ok(None), _) => {
                    say(
                        Severity::Warning,
                        format!("the prompt `{reference}` is not in the repository; commit it, or write `withheld`"),
                    );
                    Verified::NotInRepository
                }
                (Ok(Some(_)), None) => Verified::Unverified,
                (Ok(Some(bytes)), Some(claimed)) => match hash_of(&bytes) {
                    actual if actual == claimed => Verified::Verified,
                    actual => {
                        say(
                            Severity::Error,
                            format!(
                                "the hash of the prompt `{reference}` is {actual}, not {claimed}; correct \
                                 `LLM-Prompt-Hash`, or name the version that was used (`path@blob`)"
                            ),
                        );
                        Verified::Mismatch
                    }
                },
            }
        }
    };
    Prompt { hash: claim.hash, reference: claim.reference, author: claim.author, verified }
}

/// `sha256:` and the digest of the bytes with LF line ends, whatever the checkout made of them.
pub(super) fn hash_of(bytes: &[u8]) -> String {
    let mut digest = Sha256::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"\r\n") {
        digest.update(&rest[..at]);
        rest = &rest[at + 1..];
    }
    digest.update(rest);
    let hex: String = digest.finalize().iter().map(|b| format!("{b:02x}")).collect();
    format!("sha256:{hex}")
}
