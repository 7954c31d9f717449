//! The lineage as one page that opens without a network: the graph, and below it every relation with its columns.

use super::drawing::Drawing;
use super::pages::{SCRIPT, STYLE, policy};
use super::svg::svg;
use super::{Change, Column, Lineage, Reached, Relation, Source, Status};
use crate::output::escape::{clip, entities, lines, xml};
use crate::output::overview::plural;

/// Most boxes of the graph.
const SHAPES: usize = 400;
/// Characters of a field, and of an excerpt of SQL.
const FIELD: usize = 400;
const EXCERPT: usize = 1_200;
/// Names of one list.
const NAMES: usize = 40;

/// The page.
pub fn html(lineage: &Lineage) -> String {
    let drawing = Drawing::of(lineage, SHAPES);
    let title = field(&format!("Lineage of {}", lineage.title()));
    let mut text = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<meta name=\"referrer\" content=\"no-referrer\"/>\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{}",
        xml(&policy()),
        about(lineage),
    );
    text.push_str(
        "<div class=\"bar\">\n<label>Search <input id=\"search\" type=\"search\" autocomplete=\"off\" \
         placeholder=\"model or column\"/></label>\n<span id=\"said\" class=\"faint\" role=\"status\"></span>\n",
    );
    text.push_str(legend(lineage.base.is_some()));
    text.push_str("</div>\n");
    if drawing.left_out > 0 {
        let left_out = plural(drawing.left_out, "box").replace("boxs", "boxes");
        text.push_str(&format!(
            "<p class=\"faint\">{left_out} left out of the graph: name a model to see around it.</p>\n"
        ));
    }
    text.push_str(&format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Graph\">\n{}</div>\n",
        svg(lineage, &drawing)
    ));
    match lineage.by_model() {
        true => text.push_str(&models(lineage)),
        false => order(lineage).iter().for_each(|&at| text.push_str(&section(lineage, at, &lineage.relations[at]))),
    }
    text.push_str(&readers(lineage));
    text.push_str(&format!("</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"));
    text
}

fn field(text: &str) -> String {
    xml(&clip(text, FIELD))
}

fn about(lineage: &Lineage) -> String {
    let sides = match &lineage.base {
        Some(base) => format!("{} compared with {}", field(&lineage.rev), field(base)),
        None => field(&lineage.rev),
    };
    let mut text = format!(
        "<p class=\"faint\">Project {}, {sides}: {}.</p>\n",
        field(&lineage.project),
        plural(lineage.relations.len(), "relation"),
    );
    if let Some(impact) = &lineage.impact {
        text.push_str(&reached(impact));
    }
    text
}

fn reached(impact: &Reached) -> String {
    let list = |what: &str, names: &[String], how: &str| match names.len() {
        0 => String::new(),
        n => {
            let shown: Vec<String> =
                names.iter().take(NAMES).map(|name| format!("<code>{}</code>", field(name))).collect();
            let more = if n > NAMES { format!(" and {} more", n - NAMES) } else { String::new() };
            format!("<li>{}{how}: {}{more}</li>\n", plural(n, what), shown.join(", "))
        }
    };
    let items = [
        list("column", &impact.columns, ""),
        list("model", &impact.models, ""),
        list("further model", &impact.rows, " by rows only"),
        list("exposure", &impact.exposures, ""),
        list("metric", &impact.metrics, ""),
        list("test", &impact.tests, ""),
    ]
    .concat();
    match items.is_empty() {
        true => "<p>The changed columns reach nothing else.</p>\n".to_owned(),
        false => format!("<p>What changed reaches</p>\n<ul>\n{items}</ul>\n"),
    }
}

fn legend(diff: bool) -> &'static str {
    match diff {
        true => {
            "<span class=\"legend\"><span>value</span><span class=\"other\">condition, order, window or rows</span>\
             <span class=\"added\">new</span><span class=\"removed\">was</span></span>\n"
        }
        false => {
            "<span class=\"legend\"><span>value</span><span class=\"other\">condition, order, window or rows</span></span>\n"
        }
    }
}

/// Relations in the order in which they are told: what was asked for, what changed, the others.
fn order(lineage: &Lineage) -> Vec<usize> {
    let mut order: Vec<usize> = (0..lineage.relations.len()).collect();
    let asked = |id: &str| lineage.focus.as_ref().is_some_and(|f| f.relation == id);
    order.sort_by_key(|&at| {
        let relation = &lineage.relations[at];
        (!asked(&relation.id), relation.status.is_none(), at)
    });
    order
}

/// One table of all models, where no columns are asked for.
fn models(lineage: &Lineage) -> String {
    let mut text = String::from(
        "<section data-name=\"\">\n<h2>Models</h2>\n<div class=\"grid\" tabindex=\"0\"><table>\n<thead><tr><th scope=\"col\">Name</th>\
         <th scope=\"col\">Kind</th><th scope=\"col\">Columns</th><th scope=\"col\">Reads</th>\
         <th scope=\"col\">Not known</th><th scope=\"col\">File</th></tr></thead>\n<tbody>\n",
    );
    for (at, relation) in lineage.relations.iter().enumerate() {
        let reads: Vec<String> = relation.reads.iter().map(|id| field(lineage.name(id))).collect();
        let more = if relation.open.is_empty() { "" } else { "+" };
        let mut lost: Vec<String> = relation.problem.iter().map(|p| field(p)).collect();
        lost.extend(relation.open.iter().map(|name| format!("star over {}", field(name))));
        if relation.unresolved > 0 {
            lost.push(plural(relation.unresolved, "unresolved reference"));
        }
        text.push_str(&format!(
            "<tr id=\"r{at}\" data-name=\"{name}\"><th scope=\"row\"><code>{name}</code></th><td class=\"kind\">{}</td><td>{}{more}</td>\
             <td class=\"text\">{}</td><td class=\"text\">{}</td><td class=\"place\"><code>{}</code></td></tr>\n",
            relation.kind.word(),
            relation.column_count,
            reads.join(", "),
            lost.join("<br/>"),
            field(relation.path.as_deref().unwrap_or_default()),
            name = field(&relation.name),
        ));
    }
    text.push_str("</tbody>\n</table></div>\n</section>\n");
    text
}

fn section(lineage: &Lineage, at: usize, relation: &Relation) -> String {
    let status = relation.status.map(|s| format!(", {}", s.word())).unwrap_or_default();
    let path = relation.path.as_ref().map(|path| format!(" {}", field(path))).unwrap_or_default();
    let mut text = format!(
        "<section id=\"r{at}\" data-name=\"{name}\">\n<h2>{name}<small>{}{status}{path}</small></h2>\n",
        relation.kind.word(),
        name = field(&relation.name),
    );
    if let Some(problem) = &relation.problem {
        text.push_str(&format!("<p>Columns not known: {}</p>\n", field(problem)));
    }
    for open in &relation.open {
        let from = field(open);
        text.push_str(&format!("<p>More columns come through a star over {from}, whose columns are not known.</p>\n"));
    }
    text.push_str(&changes(&relation.changes, relation));
    if relation.columns.iter().any(|c| c.kind.is_some() || c.status.is_some()) {
        text.push_str(&grid(lineage, at, relation));
    } else if !relation.columns.is_empty() {
        let item = |(c, column): (usize, &Column)| {
            let name = field(&column.name);
            format!("<li id=\"c{at}-{c}\" data-name=\"{name}\"><code>{name}</code></li>\n")
        };
        let items: String = relation.columns.iter().enumerate().map(item).collect();
        text.push_str(&format!("<ul class=\"plain\">\n{items}</ul>\n"));
    }
    text.push_str("</section>\n");
    text
}

fn changes(changes: &[Change], relation: &Relation) -> String {
    let item = |c: &Change| {
        let rule = c.rule.rsplit('/').next().unwrap_or(&c.rule);
        format!(
            "<li><strong>{}</strong> {} <code>{}</code></li>\n",
            field(rule),
            field(&c.message),
            field(&relation.place(c.line))
        )
    };
    match changes.is_empty() {
        true => String::new(),
        false => format!("<ul>\n{}</ul>\n", changes.iter().map(item).collect::<String>()),
    }
}

fn grid(lineage: &Lineage, at: usize, relation: &Relation) -> String {
    let diff = lineage.base.is_some();
    let mut text = String::from("<div class=\"grid\" tabindex=\"0\"><table>\n<thead><tr><th scope=\"col\">Column</th>");
    if diff {
        text.push_str("<th scope=\"col\">Change</th>");
    }
    text.push_str(
        "<th scope=\"col\">Kind</th><th scope=\"col\">Comes from</th><th scope=\"col\">Place</th>\
         <th scope=\"col\">SQL</th>",
    );
    text.push_str("</tr></thead>\n<tbody>\n");
    for (c, column) in relation.columns.iter().enumerate() {
        let name = field(&column.name);
        text.push_str(&format!("<tr id=\"c{at}-{c}\" data-name=\"{name}\"><th scope=\"row\"><code>{name}</code></th>"));
        if diff {
            text.push_str(&change_cell(column));
        }
        text.push_str(&format!(
            "<td class=\"kind\">{}</td><td class=\"text\">{}</td><td class=\"place\"><code>{}</code></td><td>{}</td>",
            field(&column.kind.as_deref().unwrap_or_default().replace('_', "-")),
            comes_from(relation, column),
            field(&relation.place(column.line)),
            excerpts(column),
        ));
        text.push_str("</tr>\n");
    }
    text.push_str("</tbody>\n</table></div>\n");
    text
}

fn change_cell(column: &Column) -> String {
    let Some(status) = column.status else { return "<td></td>".to_owned() };
    let words: Vec<String> = column.changes.iter().map(|c| field(&c.message)).collect();
    let words = if words.is_empty() { String::new() } else { format!(": {}", words.join("; ")) };
    format!("<td class=\"text {0}\">{0}{words}</td>", status.word())
}

fn comes_from(relation: &Relation, column: &Column) -> String {
    let source = |s: &Source| {
        let role = if s.role == "value" { String::new() } else { format!(" ({})", field(&s.role)) };
        let mark = match s.status {
            Some(Status::Removed) => "was ",
            Some(_) => "new ",
            None => "",
        };
        let line = s.line.map(|line| format!(" <span class=\"faint\">line {line}</span>")).unwrap_or_default();
        format!("{mark}<code>{}.{}</code>{role}{line}", field(&s.name), field(&s.column))
    };
    let mut items: Vec<String> = column.from.iter().map(source).collect();
    items.extend(column.unresolved.iter().map(|lost| {
        let (name, why) = (field(&lost.name), field(&lost.reason.replace('_', " ")));
        format!("<code>{name}</code> unresolved: {why} <code>{}</code>", field(&relation.place(lost.line)))
    }));
    items.join("<br/>")
}

fn excerpts(column: &Column) -> String {
    let code = |sql: &str, class: &str| format!("<pre{class}>{}</pre>", entities(&lines(&clip(sql.trim(), EXCERPT))));
    let mut text = String::new();
    if let Some(before) = &column.sql_before {
        text.push_str(&format!("<span class=\"faint\">before</span>{}", code(before, " class=\"was\"")));
        if column.sql.is_some() {
            text.push_str("<span class=\"faint\">after</span>");
        }
    }
    if let Some(sql) = &column.sql {
        text.push_str(&code(sql, ""));
    }
    text
}

fn readers(lineage: &Lineage) -> String {
    if lineage.readers.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "<section data-name=\"exposures, metrics and tests\">\n<h2>Exposures, metrics and tests</h2>\n<div class=\"grid\" tabindex=\"0\"><table>\n<thead><tr><th scope=\"col\">\
         Name</th><th scope=\"col\">Kind</th><th scope=\"col\">Reads</th><th scope=\"col\">Place</th></tr></thead>\n<tbody>\n",
    );
    for reader in &lineage.readers {
        let kind = reader.kind.word();
        let column = reader.column.as_ref().map(|c| format!(".{}", field(c))).unwrap_or_default();
        let reads: Vec<String> =
            reader.relations.iter().map(|id| format!("{}{column}", field(lineage.name(id)))).collect();
        let (name, place) = (field(&reader.name), field(reader.place.as_deref().unwrap_or_default()));
        text.push_str(&format!(
            "<tr data-name=\"{name}\"><th scope=\"row\">{name}</th><td>{kind}</td><td>{}</td><td class=\"place\"><code>{place}</code></td></tr>\n",
            reads.join(", ")
        ));
    }
    text.push_str("</tbody>\n</table></div>\n</section>\n");
    text
}
