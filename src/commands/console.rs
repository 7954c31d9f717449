//! What is printed, where: results on stdout, progress and errors on stderr.

use crate::cli::{Cli, Color};
use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

/// Prints a result.
///
/// # Errors
/// Standard output cannot be written; a reader that went away early (`| head`) is no error.
pub fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    let written =
        out.write_all(text.as_bytes()).and_then(|()| if text.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") });
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("cannot write to standard output"),
    }
}

/// Prints one error chain.
pub fn error(cli: &Cli, error: &anyhow::Error) {
    let mark = if stderr_colored(cli) { "\u{1b}[1;31merror\u{1b}[0m" } else { "error" };
    let mut text = format!("{mark}: {error}\n");
    for cause in error.chain().skip(1) {
        text.push_str(&format!("  because: {cause}\n"));
    }
    // Nobody is left to tell when standard error itself is closed.
    drop(io::stderr().lock().write_all(text.as_bytes()));
}

/// Says something about how a result came to be, on standard error.
pub fn note(cli: &Cli, text: &str) {
    if cli.quiet {
        return;
    }
    let text = crate::output::escape::terminal(text);
    // Nobody is left to tell when standard error itself is closed.
    drop(writeln!(io::stderr().lock(), "rowproof: {text}"));
}

/// Whether results are coloured.
pub fn colored(cli: &Cli) -> bool {
    decide(cli.color, io::stdout().is_terminal())
}

fn stderr_colored(cli: &Cli) -> bool {
    decide(cli.color, io::stderr().is_terminal())
}

fn decide(color: Color, terminal: bool) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
    }
}

/// Width for results: the terminal's, or 120 columns where there is none.
pub fn width() -> u16 {
    let from_env = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    from_env.or_else(|| io::stdout().is_terminal().then(console_width).flatten()).unwrap_or(120)
}

fn console_width() -> Option<u16> {
    comfy_table::Table::new().width()
}

/// A spinner on stderr, where it is a terminal and the user did not ask for quiet.
pub fn progress(cli: &Cli) -> ProgressBar {
    if cli.quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}
