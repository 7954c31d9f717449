//! Why a model has no compiled SQL, as findings with did-you-mean.

use crate::finding::Finding;
use crate::gates::{Checked, Context, not_compiled as reason_in_words};
use crate::nearest::{hint, nearest};
use crate::project::{Model, NotCompiled, NotCompiledCode, Project};
use anyhow::{Result, anyhow, bail};
use std::collections::BTreeSet;

/// The defect that kept the model from compiling.
///
/// # Errors
/// The reason is no defect of the project, or another gate's (Jinja that does not parse).
pub(super) fn not_compiled(model: &Model, reason: &NotCompiled, cx: &Context<'_>) -> Result<Checked> {
    let project = &cx.head.project;
    let wanted = reason.name.as_deref().unwrap_or_default();
    if reason.code == NotCompiledCode::Packages {
        return misspelt(model, reason, cx).ok_or_else(|| anyhow!("{}", reason_in_words(reason)));
    }
    let (rule, known, help): (_, BTreeSet<&str>, _) = match reason.code {
        NotCompiledCode::RefNotFound => {
            ("compile/ref-not-found", model_names(project, model), "correct the name, or add the model")
        }
        NotCompiledCode::SourceNotFound => {
            let help = "correct the name, or declare the table under `sources:`";
            return Ok(found("compile/source-not-found", reason, source_like(wanted, project).as_deref(), help));
        }
        NotCompiledCode::MacroNotFound => {
            ("compile/macro-not-found", macro_names(cx), "correct the name, or install the package that defines it")
        }
        NotCompiledCode::VarNotSet => {
            ("compile/var-not-set", BTreeSet::new(), "give var() a default, or set it in dbt_project.yml")
        }
        NotCompiledCode::CompilerError => {
            ("compile/compiler-error", BTreeSet::new(), "the project itself refuses this; change the call")
        }
        NotCompiledCode::Yaml => ("compile/properties", BTreeSet::new(), "fix the YAML so that it can be read"),
        _ => bail!("{}", reason_in_words(reason)),
    };
    Ok(found(rule, reason, nearest(wanted, known), help))
}

/// A name that may be of a package that is not installed is a defect all the same when the project has one so near to
/// it that it was meant, and base compiled without that package.
fn misspelt(model: &Model, reason: &NotCompiled, cx: &Context<'_>) -> Option<Checked> {
    cx.base.project.models.get(&model.unique_id)?.compiled.as_ref().ok()?;
    let wanted = reason.name.as_deref()?;
    let project = &cx.head.project;
    let said = reason.message.trim_start_matches(['`', '\'']);
    if said.starts_with("ref(") {
        let meant = nearest(wanted, model_names(project, model))?;
        return Some(found("compile/ref-not-found", reason, Some(meant), "correct the name, or add the model"));
    }
    if said.starts_with("source(") {
        let meant = source_like(wanted, project)?;
        return Some(found(
            "compile/source-not-found",
            reason,
            Some(&meant),
            "correct the name, or declare the source",
        ));
    }
    let meant = nearest(wanted, macro_names(cx))?;
    Some(found("compile/macro-not-found", reason, Some(meant), "correct the name, or install the package"))
}

fn found(rule: &str, reason: &NotCompiled, meant: Option<&str>, help: &str) -> Checked {
    let message = format!("{}{}", reason.message, hint(meant));
    let mut finding = Finding::new(rule, message, help).at(reason.place.location());
    if let Some(meant) = meant {
        finding = finding.evidence("did_you_mean", meant);
    }
    Checked::found("does not compile", vec![finding])
}

fn model_names<'a>(project: &'a Project, itself: &Model) -> BTreeSet<&'a str> {
    project.models.values().filter(|m| m.unique_id != itself.unique_id).map(|m| m.name.as_str()).collect()
}

/// The declared source nearest to `source.table`: the same table under another source first, then by the whole name.
fn source_like(wanted: &str, project: &Project) -> Option<String> {
    let known: BTreeSet<String> = project.sources.values().map(|s| format!("{}.{}", s.source_name, s.name)).collect();
    let (source, table) = wanted.split_once('.').unwrap_or(("", wanted));
    let within: BTreeSet<&str> =
        project.sources.values().filter(|s| s.source_name == source).map(|s| s.name.as_str()).collect();
    if let Some(name) = nearest(table, within) {
        return Some(format!("{source}.{name}"));
    }
    nearest(wanted, known.iter().map(String::as_str)).map(str::to_owned)
}

/// Macros that any model of either side is known to call, bare and with their package.
fn macro_names<'a>(cx: &Context<'a>) -> BTreeSet<&'a str> {
    let models = cx.head.project.models.values().chain(cx.base.project.models.values());
    let ids = models.flat_map(|m| m.macros.keys());
    ids.flat_map(|id| {
        let qualified = id.strip_prefix("macro.").unwrap_or(id);
        [qualified, qualified.rsplit('.').next().unwrap_or(qualified)]
    })
    .collect()
}
