//! What the page is made of beside the answer: its style, its script, and the rule that nothing else may be loaded.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The style.
pub(super) const STYLE: &str = include_str!("page.css");
/// The script: highlights ways, searches.
pub(super) const SCRIPT: &str = include_str!("page.js");

/// What the page may load and run: this style and this script by their hashes, and nothing else. Text of a project that
/// found its way into the page as markup would still not run.
pub(super) fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT),
    )
}
