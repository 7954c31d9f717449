//! Who we are: the login under which our comments stand.

use super::Client;
use super::pull::Account;
use serde_json::json;

/// The account of the token that Actions gives to a job.
const ACTIONS: &str = "github-actions[bot]";

/// The logins that are ours: the one of the token, which GraphQL tells for every kind of token. Where it does not answer,
/// what REST says (it refuses an app's token), and the account of Actions, whose comments only workflows of the repository
/// can write.
pub fn logins(client: &Client) -> Vec<String> {
    let asked = client.graphql("query { viewer { login } }", &json!({}));
    if let Some(login) = asked.ok().as_ref().and_then(|d| d.pointer("/viewer/login")?.as_str()) {
        return vec![login.to_owned()];
    }
    let mut logins = vec![ACTIONS.to_owned()];
    if !client.token_is_of_an_app()
        && let Ok(account) = client.get::<Account>("/user")
    {
        logins.push(account.login);
    }
    logins
}

/// Whether an account is one of those; GraphQL leaves `[bot]` away for some apps.
pub fn is(account: &Account, logins: &[String]) -> bool {
    let ours = |a: &str| logins.iter().any(|login| a.eq_ignore_ascii_case(login));
    ours(&account.login) || (account.is_bot() && account.login.strip_suffix("[bot]").is_some_and(ours))
}

/// Whether a login, as the log of events names it, is one of those.
pub fn is_login(login: &str, logins: &[String]) -> bool {
    is(&Account { login: login.to_owned(), kind: String::new() }, logins)
}
