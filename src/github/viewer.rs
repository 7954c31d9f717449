//! Who we are: the login under which our comments stand.

use super::Client;
use super::pull::Account;
use serde_json::json;

/// The account of the token that Actions gives to a job.
const ACTIONS: &str = "github-actions[bot]";

/// The login of the token. GraphQL tells it for every kind of token; where it does not answer, a person's token is asked
/// about over REST (which refuses an app's), and any other is taken for that of Actions.
pub fn login(client: &Client) -> String {
    let asked = client.graphql("query { viewer { login } }", &json!({}));
    if let Some(login) = asked.ok().as_ref().and_then(|d| d.pointer("/viewer/login")?.as_str()) {
        return login.to_owned();
    }
    if client.token_is_personal()
        && let Ok(account) = client.get::<Account>("/user")
    {
        return account.login;
    }
    ACTIONS.to_owned()
}

/// Whether an account is the one of that login; GraphQL leaves `[bot]` away for some apps.
pub fn is(account: &Account, login: &str) -> bool {
    let same = |a: &str| a.eq_ignore_ascii_case(login);
    same(&account.login) || (account.is_bot() && account.login.strip_suffix("[bot]").is_some_and(same))
}
