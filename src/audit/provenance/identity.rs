//! Who an identity (`Name <address>`, a login) belongs to. Whole identities only.

use super::model;
use super::product;
use super::table::{ACCOUNTS, AUTOFIX_LOGINS, AUTOFIX_NAME, BOTS, IDENTITIES, LOGINS, MAKERS};
use regex::Regex;
use std::sync::LazyLock;

/// An assistant behind an identity.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Assistant {
    /// Tool id.
    pub tool: &'static str,
    /// The model, where the name gives it.
    pub model: Option<String>,
}

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| model::pattern(r"([^<>,;]*)<\s*([^<>\s]+@[^<>\s]+)\s*>"));

/// The identities in the value of a trailer, and what follows the last one.
pub(super) fn in_value(value: &str) -> (Vec<(&str, &str)>, &str) {
    let mut end = 0;
    let found = ADDRESS
        .captures_iter(value)
        .filter_map(|c| {
            end = c.get(0)?.end();
            Some((c.get(1)?.as_str().trim(), c.get(2)?.as_str()))
        })
        .collect();
    (found, value.get(end..).unwrap_or(""))
}

/// The assistant that commits under this name and address, if one does.
pub(super) fn of(name: &str, address: &str) -> Option<Assistant> {
    let (address, name) = (address.to_lowercase(), name.trim().trim_matches(['"', '\'']));
    let lower = name.to_lowercase();
    let tool = match address.strip_suffix("@users.noreply.github.com") {
        Some(local) => {
            let (number, login) = local.split_once('+').unwrap_or(("", local));
            if !number.chars().all(|c| c.is_ascii_digit()) {
                return None;
            }
            of_login(number, login, &lower).or_else(|| listed(&address, name, &lower))
        }
        None => listed(&address, name, &lower),
    }?;
    Some(Assistant { tool, model: model::in_name(tool, name) })
}

fn listed(address: &str, name: &str, lower: &str) -> Option<&'static str> {
    let rows = || IDENTITIES.iter().filter(|row| row.address == address);
    let named = rows().find(|row| row.names.is_empty() || row.names.contains(&lower));
    let row = named.or_else(|| rows().find(|_| model::find(name).is_some()));
    row.map(|row| row.tool).or_else(|| {
        let (_, domain) = address.rsplit_once('@')?;
        let (_, maker) = MAKERS.iter().find(|(of, _)| *of == domain)?;
        product::is_name_of(lower, maker).then_some(*maker)
    })
}

fn of_login(number: &str, login: &str, name: &str) -> Option<&'static str> {
    if name == AUTOFIX_NAME && AUTOFIX_LOGINS.contains(&login) {
        return Some("copilot-autofix");
    }
    let account = || {
        ACCOUNTS
            .iter()
            .find(|(known, _, numbers)| *known == login && numbers.contains(&number))
            .map(|(_, tool, _)| *tool)
    };
    bot(login).or_else(account)
}

/// The assistant behind a login that GitHub itself gave: `copilot-swe-agent[bot]`, `Copilot`, `app/devin-ai-integration`.
pub(super) fn of_github_login(login: &str) -> Option<&'static str> {
    let login = login.trim().trim_start_matches('@').to_lowercase();
    if let Some(app) = login.strip_prefix("app/") {
        return bot(&format!("{app}[bot]"));
    }
    let account = || ACCOUNTS.iter().find(|(known, ..)| *known == login).map(|(_, tool, _)| *tool);
    // GraphQL gives the login of an app without `[bot]`; only names that a person would not choose are taken as such.
    let app = || login.contains('-').then(|| bot(&format!("{login}[bot]"))).flatten();
    bot(&login).or_else(app).or_else(|| LOGINS.contains(&login.as_str()).then(account).flatten())
}

fn bot(login: &str) -> Option<&'static str> {
    BOTS.iter().find(|(known, _)| *known == login).map(|(_, tool)| *tool)
}
