//! `fallback: [dbt]`: the user's own dbt, asked for the models that are not compiled here.
//!
//! It runs in a copy of the side's files, so that nothing of the repository is written to, and never for a fork: whoever
//! compiles a stranger's templates with dbt runs their SQL with the credentials of the profile.

use super::super::pull;
use crate::files::FileSet;
use crate::git::Repo;
use crate::policy::{Fallback, Policy};
use crate::project::manifest::Manifest;
use crate::project::{NodeKind, ProfileFile, Project, Target};
use anyhow::{Context, Result, bail};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long one run may take.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// Runs for one side: each but the first leaves out what failed before.
const RUNS: usize = 20;
/// Bytes of dbt's output that are looked at, from its end.
const OUTPUT: usize = 256 * 1024;

/// dbt as the policy asks for it.
pub(super) struct Dbt {
    program: String,
    /// Why it is not run.
    refused: Option<String>,
}

/// What dbt made of the models that it was asked for.
pub(super) struct Answer {
    /// Its manifest, when it wrote one.
    pub manifest: Option<Manifest>,
    /// Why there is nothing of a model, by name; under the empty name what holds for all.
    pub failed: BTreeMap<String, String>,
}

impl Dbt {
    /// Nothing where the policy does not ask for dbt.
    ///
    /// # Errors
    /// The event that started the workflow cannot be read.
    pub fn new(policy: &Policy, repo: &Repo, target: &Target) -> Result<Option<Self>> {
        if !policy.compile.falls_back_to(Fallback::Dbt) {
            return Ok(None);
        }
        let program = pull::variable("ROWPROOF_DBT").or_else(|| policy.compile.dbt.clone());
        let program = program.unwrap_or_else(|| "dbt".to_owned());
        let refused = match stranger()? {
            Some(why) => Some(why),
            None if target.adapter == "duckdb" => {
                Some("a DuckDB file is asked here already, and dbt would write to it".to_owned())
            }
            None => in_repository(repo, &program).then(|| {
                format!("`{program}` could be a file of the repository; name a program on PATH, or by its full path")
            }),
        };
        Ok(Some(Self { program, refused }))
    }

    /// Models that dbt could be asked for.
    pub fn wanted(project: &Project) -> BTreeSet<String> {
        let asked = project.models.values().filter(|m| m.kind != NodeKind::Seed && m.path.ends_with(".sql"));
        let missing = asked.filter(|m| m.compiled.as_ref().is_err_and(|why| !why.code.is_defect()));
        missing.map(|m| m.name.clone()).collect()
    }

    /// Asks dbt for these models of a side.
    pub fn ask(
        &self,
        files: &FileSet,
        root: &str,
        profiles: &[ProfileFile],
        target: &Target,
        wanted: BTreeSet<String>,
    ) -> Answer {
        let mut answer = Answer { manifest: None, failed: BTreeMap::new() };
        if let Some(why) = &self.refused {
            answer.failed.insert(String::new(), format!("dbt is not run: {why}"));
        } else if let Err(error) = self.asked(files, root, profiles, target, wanted, &mut answer) {
            answer.failed.insert(String::new(), format!("dbt was asked for it: {error:#}"));
        }
        answer
    }

    fn asked(
        &self,
        files: &FileSet,
        root: &str,
        profiles: &[ProfileFile],
        target: &Target,
        mut wanted: BTreeSet<String>,
        answer: &mut Answer,
    ) -> Result<()> {
        // A name is a word of dbt's selection language: one with other signs in it could mean anything.
        let plain = |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        wanted.retain(|name| plain(name) && !name.is_empty());
        let place = tempfile::tempdir().context("no folder for dbt")?;
        let project = place.path().join("project");
        copy(files, root, &project)?;
        let profile = profiles.iter().find(|file| file.path == target.origin);
        let profile = profile.context("there is no profile")?;
        std::fs::create_dir(place.path().join("profiles"))?;
        std::fs::write(place.path().join("profiles/profiles.yml"), &profile.text)?;
        for _ in 0..RUNS {
            if wanted.is_empty() {
                return Ok(());
            }
            let (done, output) = self.run(place.path(), &project, target, &wanted)?;
            if done {
                answer.manifest = Some(Manifest::read(&place.path().join("target/manifest.json"))?);
                return Ok(());
            }
            let failed: BTreeMap<String, String> =
                failures(&output).into_iter().filter(|(name, _)| wanted.contains(name)).collect();
            if failed.is_empty() {
                bail!("{}", last_line(&output));
            }
            wanted.retain(|name| !failed.contains_key(name));
            let told = failed.into_iter().map(|(name, why)| (name, format!("dbt was asked for it: {why}")));
            answer.failed.extend(told);
        }
        bail!("{RUNS} runs failed, each on another model");
    }

    /// One run: whether it succeeded, and the end of what it printed.
    fn run(&self, place: &Path, project: &Path, target: &Target, wanted: &BTreeSet<String>) -> Result<(bool, String)> {
        let printed = place.join("output");
        let output = std::fs::File::create(&printed)?;
        let mut command = Command::new(&self.program);
        // `--full-refresh`: the text of a full build is wanted, whatever stands in the warehouse.
        command
            .args(["--no-use-colors", "compile", "--no-version-check", "--full-refresh", "--profiles-dir"])
            .arg(place.join("profiles"))
            .args(["--target", &target.name, "--target-path"])
            .arg(place.join("target"))
            .arg("--select")
            .args(wanted)
            .current_dir(project)
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, value)| !secret(&name.to_string_lossy(), value)))
            .env("DBT_LOG_PATH", place.join("logs"))
            .env("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        let mut child = command.spawn().with_context(|| format!("`{}` cannot be started", self.program))?;
        let started = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if started.elapsed() > PATIENCE {
                child.kill()?;
                child.wait()?;
                bail!("dbt took longer than {} minutes", PATIENCE.as_secs() / 60);
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let bytes = std::fs::read(&printed)?;
        let end = bytes.len().saturating_sub(OUTPUT);
        Ok((status.success(), String::from_utf8_lossy(&bytes[end..]).into_owned()))
    }
}

/// Why the judged side may be a stranger's, where it is not known to be the repository's own.
fn stranger() -> Result<Option<String>> {
    if pull::variable("GITHUB_ACTIONS").is_none() {
        let elsewhere = pull::variable("CI").is_some();
        return Ok(elsewhere.then(|| "whether the change is from a fork is told on GitHub Actions only".to_owned()));
    }
    let own = pull::event()?.is_of_own_repository();
    Ok((!own).then(|| "the change is from a fork, or may be".to_owned()))
}

/// Whether the program could come with the repository.
pub(super) fn in_repository(repo: &Repo, program: &str) -> bool {
    let path = Path::new(program);
    if path.components().count() == 1 && !program.contains('/') {
        return false;
    }
    !path.is_absolute() || repo.relative(path).is_some()
}

/// What dbt must not see: the token of the job, by whatever name it is passed on.
fn secret(name: &str, value: &std::ffi::OsStr) -> bool {
    let upper = name.to_uppercase();
    let tokens = ["GITHUB_TOKEN", "GH_TOKEN"];
    let same = || tokens.iter().filter_map(std::env::var_os).any(|token| !token.is_empty() && token == value);
    upper.starts_with("ACTIONS_")
        || upper.starts_with("INPUT_")
        || ((upper.contains("GITHUB") || upper.starts_with("GH_")) && upper.contains("TOKEN"))
        || same()
}

fn copy(files: &FileSet, root: &str, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for path in files.under(root) {
        let within = if root.is_empty() { path } else { path.trim_start_matches(root).trim_start_matches('/') };
        let plain = Path::new(within).components().all(|part| matches!(part, Component::Normal(_)));
        if !plain {
            bail!("{path}: no path that can be copied");
        }
        let file = to.join(within);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let bytes = files.bytes(path)?.with_context(|| format!("{path}: listed and not there"))?;
        std::fs::write(&file, bytes).with_context(|| format!("copying {path}"))?;
    }
    Ok(())
}

/// Models that dbt names as failed, each with what it says.
fn failures(output: &str) -> BTreeMap<String, String> {
    let Ok(regex) = Regex::new(r"([A-Za-z]+ Error) in (?:model|snapshot) (\w+) \([^)\n]*\)\s*\n([^\n]*)") else {
        return BTreeMap::new();
    };
    let told = regex.captures_iter(output).map(|found| {
        let why: String = found[3].trim().chars().take(200).collect();
        (found[2].to_owned(), format!("{}: {why}", &found[1]))
    });
    told.collect()
}

fn last_line(output: &str) -> String {
    let last = output.lines().map(str::trim).rfind(|line| !line.is_empty());
    last.unwrap_or("dbt failed and said nothing").chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failing_models_are_read_from_what_dbt_prints() {
        let text = "10:00:00  Encountered an error:\nRuntime Error\n  Compilation Error in model a_b (models/x/a_b.sql)\n    'x' is undefined\n    \n    > in macro";
        let wanted = BTreeMap::from([("a_b".to_owned(), "Compilation Error: 'x' is undefined".to_owned())]);
        assert_eq!(failures(text), wanted);
        assert_eq!(failures("all is well"), BTreeMap::new());
        assert_eq!(last_line("a\n  b \n\n"), "b");
    }

    #[test]
    fn tokens_are_told_by_their_names() {
        for name in
            ["GITHUB_TOKEN", "gh_token", "INPUT_GITHUB-TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "MY_GITHUB_TOKEN"]
        {
            assert!(secret(name, "x".as_ref()), "{name}");
        }
        for name in ["PATH", "SNOWFLAKE_PASSWORD", "GITHUB_REPOSITORY"] {
            assert!(!secret(name, "x".as_ref()), "{name}");
        }
    }
}
