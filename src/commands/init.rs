//! `rowproof init`: writes the GitHub workflows, and a policy where the project has none.

mod pin;
mod templates;

use super::gather::{self, Here};
use crate::cli::InitArgs;
use crate::output::escape::terminal;
use anyhow::{Context, Result, bail};
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Writes what is missing and tells what was written, what was kept, and the next command.
///
/// # Errors
/// No repository, no project or several, a commit that is none, a file that cannot be written.
pub(super) fn init(args: &InitArgs) -> Result<String> {
    let pin = pin::pin(args.action_commit.as_deref())?;
    let here = gather::here(args.project_dir.as_deref()).context("name the project with --project-dir")?;
    let mut told = format!("project  {}\n", terminal(if here.root.is_empty() { "." } else { &here.root }));
    for (path, template) in templates::workflows(args.forks) {
        let text = workflow(template, &pin, &here.root)?;
        let done = write(&here.repo.root().join(path), &text, args.force).with_context(|| path.to_owned())?;
        told.push_str(&format!("{} {path}{}\n", done.word(), done.remark()));
    }
    told.push_str(&write_policy(&here)?);
    told.push_str(&next(&pin, args));
    Ok(told)
}

/// What became of a file.
#[derive(Debug, PartialEq)]
enum Done {
    Written,
    Same,
    Kept,
}

impl Done {
    fn word(&self) -> &'static str {
        match self {
            Done::Written => "wrote   ",
            Done::Same | Done::Kept => "kept    ",
        }
    }

    fn remark(&self) -> &'static str {
        match self {
            Done::Written => "",
            Done::Same => " (as it would be written)",
            Done::Kept => " (is there and differs; --force overwrites it)",
        }
    }
}

fn write(file: &Path, text: &str, force: bool) -> Result<Done> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).context("cannot make its folder")?;
    }
    match std::fs::OpenOptions::new().write(true).create_new(true).open(file) {
        Ok(mut new) => {
            new.write_all(text.as_bytes()).context("cannot write it")?;
            Ok(Done::Written)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if std::fs::read(file).context("cannot read what is there")? == text.as_bytes() {
                return Ok(Done::Same);
            }
            if !force {
                return Ok(Done::Kept);
            }
            std::fs::write(file, text).context("cannot overwrite it")?;
            Ok(Done::Written)
        }
        Err(error) => Err(error).context("cannot write it"),
    }
}

/// A policy that is there is the team's own: `--force` does not touch it either.
fn write_policy(here: &Here) -> Result<String> {
    if let Some(path) = &here.policy {
        return Ok(format!("kept     {} (the policy that is there)\n", terminal(path)));
    }
    let name = gather::POLICY_FILE;
    let done = write(&here.repo.root().join(name), &policy(&here.root)?, false).with_context(|| name.to_owned())?;
    Ok(format!("{} {name}{}\n", done.word(), if done == Done::Kept { " (is there, but git ignores it)" } else { "" }))
}

fn workflow(template: &str, pin: &pin::Pin, root: &str) -> Result<String> {
    let text = template.replace(templates::ACTION, &pin.reference());
    if root.is_empty() {
        return Ok(text);
    }
    Ok(text.replace("working-directory: .\n", &format!("working-directory: {}\n", scalar(root)?)))
}

fn policy(root: &str) -> Result<String> {
    if root.is_empty() {
        return Ok(templates::POLICY.to_owned());
    }
    let project = format!("version: 1\nproject: {{path: {}}}\n", scalar(root)?);
    Ok(templates::POLICY.replace("version: 1\n", &project))
}

/// A folder as a YAML scalar.
fn scalar(folder: &str) -> Result<String> {
    if folder.contains("${{") {
        bail!("the folder {folder:?} would be read as an expression by GitHub; rename it");
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    let starts = folder.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let word = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    if starts && folder.chars().all(plain) && !word.contains(&folder.to_lowercase().as_str()) {
        return Ok(folder.to_owned());
    }
    // JSON's strings are YAML's double-quoted ones.
    serde_json::to_string(folder).context("cannot quote the project's folder")
}

fn next(pin: &pin::Pin, args: &InitArgs) -> String {
    if pin.is_known() {
        return "\nnext: rowproof run\n".to_owned();
    }
    let forks = if args.forks { " --forks" } else { "" };
    format!(
        "\nThis version knows no release of the action, so the workflows name a commit that does not exist and fail until it\n\
         is put right: take the commit of the newest tag of {}.\nnext: rowproof init --force{forks} --action-commit SHA\n",
        pin::REPOSITORY
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_quoted_where_yaml_would_read_them_otherwise() {
        assert_eq!(scalar("data/dbt").unwrap(), "data/dbt");
        for folder in ["my project", "on", "1e3", "-x", "a: b", "a #b", "ü", "a\"b", "'"] {
            let read: String = serde_yaml::from_str(&scalar(folder).unwrap()).unwrap();
            assert_eq!(read, folder);
        }
        assert!(scalar("${{ x }}").is_err());
    }

    #[test]
    fn every_template_names_the_action_and_where_the_project_is() {
        for forks in [false, true] {
            for (path, template) in templates::workflows(forks) {
                let uses = template.matches("rowproof/rowproof@").count();
                assert_eq!(uses, template.matches(templates::ACTION).count(), "{path}");
                assert_eq!(uses, usize::from(!path.ends_with("reviewed.yml")), "{path}");
                // Whatever runs the action says which project is meant, also where nothing is checked out.
                assert_eq!(template.contains("working-directory: .\n"), uses == 1, "{path}");
            }
        }
    }
}
