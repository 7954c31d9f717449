//! The budget as one page that needs nothing else: no script, no font, no address but those of its links.

use super::piece::{Grid, Line, Part, Piece, Section};
use super::sections::{headline, sections, verdicts};
use super::{svg, words};
use crate::audit::budget::result::Budget;
use crate::output::escape::{clip, xml};
use crate::output::overview::short_sha;

/// Characters of a field.
const FIELD: usize = 400;

/// What the page may load: nothing but its own style.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1c1e21; --faint: #5b6168; --line: #d5d9de; --page: #ffffff; --link: #0b5cad;
  --met: #00684a; --unproven: #6d5200; --exceeded: #b3261e }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ea; --faint: #a3abb3; --line: #3b4148; --page: #14171a;
  --link: #7fb8f0; --met: #5fd0a5; --unproven: #e5c04b; --exceeded: #ff8a80 } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 70rem; padding: 1rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { font-size: 1.5rem; line-height: 1.25 } h1 span { white-space: nowrap } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
a { color: var(--link) } p { margin: .5rem 0 } ul { padding-left: 1.2rem; margin: .5rem 0 }
.faint, .note { color: var(--faint); font-size: .875rem }
.met { color: var(--met) } .unproven { color: var(--unproven) } .exceeded { color: var(--exceeded) }
figure { margin: 1.5rem 0 } .scroll { overflow-x: auto }
figure svg { display: block }
table { border-collapse: collapse; font-size: .9rem; margin: .5rem 0; min-width: 20rem }
th, td { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line);
  overflow-wrap: normal; white-space: nowrap }
thead th { color: var(--faint); font-weight: 600; white-space: normal }
tbody th { font-weight: 500; min-width: 5.5rem; white-space: normal; overflow-wrap: break-word }
.number { text-align: right; font-variant-numeric: tabular-nums }
.text { min-width: 13rem; white-space: normal; overflow-wrap: anywhere }
code { font: .9em ui-monospace, monospace }
@media print { body { max-width: none; padding: 0; font-size: 11pt } section { break-inside: avoid-page }
  .scroll { overflow: visible } figure svg { max-width: 100%; height: auto } }
";

/// The page. `pull_url` is what stands before the number in the address of a pull request
/// (`https://github.com/acme/shop/pull/`); without one, or with one that is no web address, numbers are no links.
pub fn html(budget: &Budget, pull_url: Option<&str>) -> String {
    let page = Page { pull_url: pull_url.filter(|url| web(url)) };
    let overall = words::overall(budget);
    let (title, word, class) = (xml(&clip(&headline(budget), FIELD)), overall.word, overall.class());
    let mut text = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<meta name=\"referrer\" content=\"no-referrer\"/>\n\
         <title>{title}: {word}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{title}: <span class=\"{class}\">{} {word}</span></h1>\n<ul>\n",
        xml(POLICY),
        overall.sign,
    );
    for (what, said) in verdicts(budget) {
        let what = if what.is_empty() { String::new() } else { format!("<strong>{what}</strong> ") };
        text.push_str(&format!("<li>{what}{}</li>\n", xml(&said)));
    }
    text.push_str(&format!("</ul>\n<p class=\"faint\">{}</p>\n", xml(&words::scope(budget))));
    text.push_str(&format!("<figure class=\"scroll\">\n{}</figure>\n", svg::svg(budget)));
    for section in sections(budget) {
        text.push_str(&page.section(&section));
    }
    text.push_str("</main>\n</body>\n</html>\n");
    text
}

fn web(url: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control();
    (url.starts_with("https://") || url.starts_with("http://")) && url.chars().all(plain)
}

struct Page<'a> {
    pull_url: Option<&'a str>,
}

impl Page<'_> {
    fn section(&self, section: &Section) -> String {
        let mut text = format!("<section>\n<h2>{}</h2>\n", xml(section.title));
        for part in &section.parts {
            text.push_str(&match part {
                Part::Lines(lines) => {
                    let items: String = lines.iter().map(|line| format!("<li>{}</li>\n", self.line(line))).collect();
                    format!("<ul>\n{items}</ul>\n")
                }
                Part::Grid(grid) => self.grid(grid),
                Part::Note(note) => format!("<p class=\"note\">{}</p>\n", xml(note)),
            });
        }
        text.push_str("</section>\n");
        text
    }

    fn grid(&self, grid: &Grid) -> String {
        let class = |i: &usize| if grid.numbers.contains(i) { " class=\"number\"" } else { "" };
        let mut text = String::from("<div class=\"scroll\">\n<table>\n<thead><tr>");
        for (i, title) in grid.header.iter().enumerate() {
            // A column of row names needs no title, and an empty heading tells nothing to whom it is read.
            text.push_str(&match *title {
                "" => "<td></td>".to_owned(),
                title => format!("<th scope=\"col\"{}>{}</th>", class(&i), xml(title)),
            });
        }
        text.push_str("</tr></thead>\n<tbody>\n");
        for row in &grid.rows {
            text.push_str("<tr>");
            for (i, cell) in row.iter().enumerate() {
                let shown = self.line(cell);
                text.push_str(&match i {
                    0 => format!("<th scope=\"row\">{shown}</th>"),
                    i if class(&i).is_empty() && long(cell) => format!("<td class=\"text\">{shown}</td>"),
                    i => format!("<td{}>{shown}</td>", class(&i)),
                });
            }
            text.push_str("</tr>\n");
        }
        text.push_str("</tbody>\n</table>\n</div>\n");
        text
    }

    fn line(&self, line: &Line) -> String {
        line.0.iter().map(|piece| self.piece(piece)).collect()
    }

    fn piece(&self, piece: &Piece) -> String {
        match piece {
            Piece::Own(text) => xml(text),
            Piece::Text(text) => xml(&clip(text, FIELD)),
            Piece::Prose(text) => prose(&clip(text, FIELD)),
            Piece::Commit(sha) => format!("<code>{}</code>", xml(&clip(short_sha(sha), FIELD))),
            Piece::Name(text) => format!("<code>{}</code>", xml(&clip(text, FIELD))),
            Piece::Pulls(numbers) => numbers.iter().map(|n| self.pull(*n)).collect::<Vec<_>>().join(" "),
            Piece::Break => "<br/>".to_owned(),
            Piece::Soft => ", ".to_owned(),
        }
    }

    fn pull(&self, number: u64) -> String {
        match self.pull_url {
            Some(url) => format!("<a href=\"{}{number}\">#{number}</a>", xml(url)),
            None => format!("#{number}"),
        }
    }
}

/// A sentence; what it holds between two backticks is shown in the type of code.
fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let last = parts.len() - 1;
    let mut out = String::new();
    for (i, part) in parts.iter().enumerate() {
        let part = xml(part);
        out.push_str(&match (i % 2 == 1, i < last) {
            (true, true) => format!("<code>{part}</code>"),
            // Nothing ends it: a backtick like any other sign.
            (true, false) => format!("`{part}"),
            (false, _) => part,
        });
    }
    out
}

/// Whether a cell may be broken into lines: numbers and dates are not.
fn long(line: &Line) -> bool {
    let length = |piece: &Piece| match piece {
        Piece::Own(text) => text.chars().count(),
        Piece::Text(text) | Piece::Prose(text) | Piece::Name(text) => text.chars().count(),
        Piece::Commit(_) => 7,
        Piece::Pulls(numbers) => numbers.len() * 6,
        Piece::Break => 0,
        Piece::Soft => 2,
    };
    line.0.split(|piece| *piece == Piece::Break).any(|part| part.iter().map(length).sum::<usize>() > 30)
}
