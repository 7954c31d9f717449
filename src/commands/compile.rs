//! `rowproof compile`: compiled SQL per model.

mod verify;

use self::verify::Verified;
use super::{console, gather};
use crate::cli::{CompileArgs, CompileFormat};
use crate::nearest::{hint, nearest};
use crate::project::manifest::Manifest;
use crate::project::{Model, NodeKind, Project};
use anyhow::{Result, bail};
use serde_json::json;

/// Prints the compiled SQL of the models asked for; exit code 2 when one of them did not compile.
pub(super) fn compile(args: &CompileArgs) -> Result<u8> {
    let manifest = args.verify_against.as_deref().map(Manifest::read).transpose()?;
    let project = gather::compiled_as_dbt(&args.project, &args.rev, manifest.as_ref())?;
    let models = choose(&project, &args.models)?;
    if let (Some(manifest), Some(path)) = (&manifest, &args.verify_against) {
        let verified = Verified::new(&project, &models, manifest, path);
        let text = match args.format {
            CompileFormat::Json => as_json(&models, Some(&verified))?,
            CompileFormat::Sql => verified.text(),
        };
        console::print(&text)?;
        return Ok(verified.exit_code());
    }
    let failed = models.iter().any(|m| m.compiled.is_err());
    let text = match args.format {
        CompileFormat::Json => as_json(&models, None)?,
        CompileFormat::Sql => as_sql(&models),
    };
    console::print(&text)?;
    Ok(if failed { 2 } else { 0 })
}

fn choose<'a>(project: &'a Project, names: &[String]) -> Result<Vec<&'a Model>> {
    let all = || project.models.values().filter(|m| m.kind != NodeKind::Seed);
    if names.is_empty() {
        // The project's own first: where a package has a model of the same name, the plain name is the project's.
        let (own, others): (Vec<_>, Vec<_>) = all().partition(|m| m.package == project.name);
        return Ok([own, others].concat());
    }
    let mut chosen = Vec::new();
    for name in names {
        let found: Vec<&Model> = all().filter(|m| m.name == *name || m.unique_id == *name || m.path == *name).collect();
        if found.is_empty() {
            let hint = hint(nearest(name, all().map(|m| m.name.as_str())));
            bail!("no model `{name}` in project {}{hint}", project.name);
        }
        chosen.extend(found);
    }
    Ok(chosen)
}

fn as_json(models: &[&Model], verified: Option<&Verified<'_>>) -> Result<String> {
    let mut entries = serde_json::Map::new();
    for m in models {
        let (mut sql, mut error, flags) = match &m.compiled {
            Ok(compiled) => (Some(compiled.sql.as_str()), None, Some(&compiled.flags)),
            Err(reason) => (None, Some(crate::gates::context::not_compiled(reason)), None),
        };
        let mut source = m.compiled.as_ref().ok().map(|compiled| compiled.lent_by().unwrap_or("native"));
        if let Some(verified) = verified.filter(|v| v.distrusted()) {
            // One wrong text, and none of this project is believed.
            sql = verified.theirs(m);
            source = sql.is_some().then_some("manifest");
            error = sql.is_none().then(|| error.unwrap_or_else(|| "not compiled: the manifest has no SQL".to_owned()));
        }
        let entry = json!({
            "unique_id": m.unique_id, "path": m.path, "sql": sql, "error": error, "flags": flags, "source": source,
            "reason": m.compiled.as_ref().err().filter(|_| sql.is_none()).map(|reason| reason.code.id()),
        });
        // Packages and versions may share a name: the later ones go by their unique ids, so that none is lost.
        let key = if entries.contains_key(&m.name) { &m.unique_id } else { &m.name };
        entries.insert(key.clone(), entry);
    }
    let mut out = json!({ "models": entries });
    if let Some(verified) = verified {
        out["verified"] = verified.json();
    }
    Ok(serde_json::to_string_pretty(&out)?)
}

fn as_sql(models: &[&Model]) -> String {
    let mut text = String::new();
    for model in models {
        let lent = model.compiled.as_ref().ok().and_then(|compiled| compiled.lent_by());
        let lent = lent.map(|by| format!(", SQL by dbt ({by})")).unwrap_or_default();
        text.push_str(&format!("-- {} ({}){lent}\n", model.unique_id, model.path));
        match &model.compiled {
            Ok(compiled) => text.push_str(compiled.sql.trim()),
            Err(reason) => {
                text.push_str(&format!("-- {}", crate::gates::context::not_compiled(reason).replace('\n', "\n-- ")))
            }
        }
        text.push_str("\n\n");
    }
    text
}
