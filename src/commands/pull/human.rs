//! The human rules of a pull request: what must be known is read from GitHub, then judged.

use super::Site;
use super::base::CommitFiles;
use super::policy::{self, Trusted};
use crate::audit::provenance::{Provenance, Verified};
use crate::audit::review::{
    self, AutoMerge, Facts, Identity, Judgement, Label, LayerAsked, LlmFacts, Profile, PullState, Review,
};
use crate::cli::PullArgs;
use crate::finding::Severity;
use crate::github::people;
use crate::github::pull::{self, Commit, GitPerson, MaybeAccount, Pull};
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};

/// Paths that the pull request changes, from GitHub; a moved file counts where it was and where it is.
///
/// # Errors
/// They cannot be read.
fn changed_paths(site: &Site, pull: &Pull) -> Result<Vec<String>> {
    let files = pull.files(&site.client, &site.repository).context("cannot read the changed files")?;
    Ok(files.into_iter().flat_map(|f| [Some(f.filename), f.previous_filename]).flatten().collect())
}

/// Commits of the pull request, as many as GitHub lists.
///
/// # Errors
/// They cannot be read.
pub(in crate::commands) fn commits(site: &Site, pull: &Pull) -> Result<Vec<Commit>> {
    pull.commits(&site.client, &site.repository).context("cannot read the commits")
}

/// The layers that the pull request touches.
fn layers(trusted: &Trusted, changed: &[String]) -> Vec<LayerAsked> {
    let mut layers = review::layers_of(&trusted.policy, &trusted.project_root, changed);
    if changed.len() >= pull::MAX_FILES && !layers.iter().any(|l| l.strictest) {
        let name = trusted.policy.strictest.name.clone();
        let paths = vec![format!("(GitHub lists {} changed files and no more)", pull::MAX_FILES)];
        layers.push(LayerAsked { name, paths, strictest: true });
    }
    layers
}

/// The trusted policy, and the layers that the pull request touches by it.
///
/// # Errors
/// The changed files or the policy cannot be read, or the policy does not hold.
pub(in crate::commands) fn asked(args: &PullArgs, site: &Site, pull: &Pull) -> Result<(Trusted, Vec<LayerAsked>)> {
    let changed = changed_paths(site, pull)?;
    let folder = args.project_dir.as_deref().map(super::folder).transpose()?;
    let base = CommitFiles::new(site, &pull.base.sha);
    let trusted = policy::trusted(&base, args.policy.as_deref(), folder.as_deref(), &changed)?;
    let layers = layers(&trusted, &changed);
    Ok((trusted, layers))
}

/// Judges; `now` is the clock.
///
/// # Errors
/// What must be known cannot be read.
pub(in crate::commands) fn judge(
    site: &Site,
    pull: &Pull,
    commits: &[Commit],
    trusted: &Trusted,
    layers: Vec<LayerAsked>,
    provenance: &Provenance,
    now: jiff::Timestamp,
) -> Result<Judgement> {
    let (client, repository) = (&site.client, &site.repository);
    if commits.len() >= pull::MAX_COMMITS {
        // Nobody knows then who else wrote it.
        bail!("GitHub lists no more than {} commits of a pull request; squash some of them", pull::MAX_COMMITS);
    }
    let asked = review::asked(&trusted.policy, &layers, provenance.assisted);
    let reviews = reviews(site, pull)?;
    let reviewers: BTreeSet<&String> = reviews.iter().filter(|r| !r.is_bot).filter_map(|r| r.login.as_ref()).collect();
    let permissions = reviewers
        .iter()
        .map(|login| ((*login).clone(), people::permission(client, repository, login).map_err(|e| e.to_string())));
    let teams = asked.teams.iter().map(|t| (t.clone(), people::team_members(client, t).map_err(|e| e.to_string())));
    let commits: Vec<review::Commit> = commits.iter().map(commit).collect();
    let base = CommitFiles::new(site, &pull.base.sha);
    let holidays = asked.calendars.iter().map(|(window, path)| (window.clone(), calendar(&base, path.as_deref())));
    let facts = Facts {
        author: pull.user.as_ref().map(|u| u.login.clone()),
        head_sha: pull.head.sha.clone(),
        profiles: profiles(site, &commits, &reviewers),
        permissions: permissions.collect(),
        teams: teams.collect(),
        labels: labels(site, pull, !asked.labels.is_empty())?,
        llm: llm(provenance),
        auto_merge: pull
            .auto_merge
            .as_ref()
            .map(|a| AutoMerge { enabled_by: a.enabled_by.as_ref().map(|u| u.login.clone()) }),
        state: state(pull)?,
        holidays: holidays.collect(),
        layers,
        commits,
        reviews,
        now,
    };
    Ok(review::judge(&trusted.policy, &facts))
}

fn reviews(site: &Site, pull: &Pull) -> Result<Vec<Review>> {
    let all = pull.reviews(&site.client, &site.repository).context("cannot read the reviews")?;
    all.into_iter()
        .map(|r| {
            Ok(Review {
                id: r.id,
                is_bot: r.user.as_ref().is_some_and(pull::Account::is_bot),
                login: r.user.map(|u| u.login),
                state: r.state.parse().map_err(anyhow::Error::msg)?,
                commit_id: r.commit_id,
                submitted_at: r.submitted_at.as_deref().map(time).transpose()?,
            })
        })
        .collect()
}

fn time(text: &str) -> Result<jiff::Timestamp> {
    text.parse().with_context(|| format!("GitHub's time `{text}` does not read"))
}

fn commit(commit: &Commit) -> review::Commit {
    let identity = |git: &Option<GitPerson>, account: &Option<MaybeAccount>| {
        let git = git.clone().unwrap_or_default();
        Identity {
            login: account.as_ref().and_then(|a| a.login.clone()),
            name: git.name.unwrap_or_default(),
            email: git.email.unwrap_or_default(),
        }
    };
    review::Commit {
        sha: commit.sha.clone(),
        author: identity(&commit.commit.author, &commit.author),
        committer: identity(&commit.commit.committer, &commit.committer),
        message: commit.commit.message.clone(),
    }
}

/// Profiles of the reviewers, only where somebody who wrote is known by name or address alone.
fn profiles(
    site: &Site,
    commits: &[review::Commit],
    reviewers: &BTreeSet<&String>,
) -> BTreeMap<String, Result<Profile, String>> {
    let nameless = |c: &review::Commit| {
        c.author.login.is_none() || c.committer.login.is_none() || c.message.to_lowercase().contains("co-authored-by")
    };
    if !commits.iter().any(nameless) {
        return BTreeMap::new();
    }
    let read = |login: &&String| {
        let profile = people::profile(&site.client, login).map(|p| Profile { name: p.name, email: p.email });
        ((*login).clone(), profile.map_err(|e| e.to_string()))
    };
    reviewers.iter().map(read).collect()
}

fn labels(site: &Site, pull: &Pull, who_matters: bool) -> Result<Vec<Label>> {
    let settings = match who_matters && !pull.labels.is_empty() {
        true => people::label_settings(&site.client, &site.repository, pull.number)
            .context("cannot read who set the labels")?,
        false => BTreeMap::new(),
    };
    let label = |name: String| {
        let setting = settings.get(&name).cloned().unwrap_or_default();
        Ok(Label { name, set_by: setting.by, set_at: setting.at.as_deref().map(time).transpose()? })
    };
    pull.label_names().into_iter().map(label).collect()
}

fn llm(provenance: &Provenance) -> LlmFacts {
    let authors: Vec<String> = provenance
        .prompts
        .iter()
        .filter_map(|p| p.author.as_deref())
        .map(|a| a.trim_start_matches('@').to_owned())
        .collect();
    let mismatch = provenance.prompts.iter().any(|p| p.verified == Verified::Mismatch);
    let why = || {
        let told = provenance.problems.iter().find(|p| p.severity == Severity::Error);
        told.map_or("the hash of the prompt is not that of the file".to_owned(), |p| p.message.clone())
    };
    LlmFacts {
        assisted: provenance.assisted,
        declared: provenance.declared,
        prompt_authors: (!authors.is_empty()).then_some(authors),
        prompt_mismatch: mismatch.then(why),
    }
}

fn state(pull: &Pull) -> Result<PullState> {
    Ok(match &pull.merged_at {
        Some(at) => PullState::Merged {
            at: time(at)?,
            by: pull.merged_by.as_ref().map(|u| u.login.clone()),
            by_is_bot: pull.merged_by.as_ref().is_some_and(pull::Account::is_bot),
        },
        None if pull.state == "closed" => PullState::Closed,
        None => PullState::Open,
    })
}

fn calendar(base: &CommitFiles<'_>, path: Option<&str>) -> Result<String, String> {
    let path = path.ok_or("the policy names a calendar outside the repository")?;
    match base.text(path) {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(format!("{path} is not on the base side")),
        Err(error) => Err(format!("{error:#}")),
    }
}
