//! Bearer tokens with roles. Without tokens the API listens on loopback only and believes the role
//! a command names; with tokens a command may only use a role its token has.

use axum::http::{HeaderMap, StatusCode, header};
use guanlan_core::Role;

use crate::problem::Problem;

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Who holds it; the actor of every command sent with it.
    pub name: String,
    /// Roles it may take.
    pub roles: Vec<Role>,
    /// The secret.
    pub secret: String,
}

/// A token list that cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "token {number}: {reason}; expected NAME:ROLE[+ROLE…]:SECRET, separated by ';', roles like dispatcher or supervisor"
)]
pub struct TokenError {
    /// Which entry, from 1.
    pub number: usize,
    /// What is wrong.
    pub reason: String,
}

/// Reads `NAME:ROLE+ROLE:SECRET;…` (environment `GUANLAN_TOKENS`).
///
/// # Errors
/// Names the entry that is wrong; the secret is never repeated.
pub fn parse_tokens(text: &str) -> Result<Vec<Token>, TokenError> {
    let entries = text.split(';').map(str::trim).filter(|e| !e.is_empty());
    entries
        .enumerate()
        .map(|(i, entry)| {
            let wrong = |reason: &str| TokenError { number: i + 1, reason: reason.to_owned() };
            let mut parts = entry.splitn(3, ':');
            let (Some(name), Some(roles), Some(secret)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(wrong("three parts were expected"));
            };
            if name.is_empty() || secret.len() < 12 {
                return Err(wrong("a name and a secret of at least 12 characters were expected"));
            }
            let roles = roles
                .split('+')
                .map(|r| serde_json::from_value(serde_json::Value::String(r.trim().to_owned())))
                .collect::<Result<Vec<Role>, _>>()
                .map_err(|_| wrong("unknown role"))?;
            Ok(Token { name: name.to_owned(), roles, secret: secret.to_owned() })
        })
        .collect()
}

/// Equal without telling by time how much of it was right.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |d, (x, y)| d | (x ^ y)) == 0
}

/// Is this one of the secrets?
pub fn knows(tokens: &[Token], secret: &str) -> bool {
    tokens.iter().any(|t| same(&t.secret, secret))
}

/// The token of a request; `None` when the API has none configured.
///
/// # Errors
/// 401 when tokens are configured and the request has no known one.
pub fn check<'a>(tokens: &'a [Token], headers: &HeaderMap) -> Result<Option<&'a Token>, Problem> {
    if tokens.is_empty() {
        return Ok(None);
    }
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer "))
        .unwrap_or_default();
    tokens.iter().find(|t| same(&t.secret, given)).map(Some).ok_or_else(|| {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "需要令牌 / a bearer token is needed: Authorization: Bearer …",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_and_checked() {
        let tokens = parse_tokens("li:dispatcher+supervisor:correct-horse-9; bot:collector:battery-staple:x").unwrap();
        assert_eq!(tokens[0].roles, [Role::Dispatcher, Role::Supervisor]);
        assert_eq!(tokens[1].secret, "battery-staple:x");
        let mut headers = HeaderMap::new();
        assert_eq!(check(&tokens, &headers).unwrap_err().status, 401);
        headers.insert(header::AUTHORIZATION, "Bearer correct-horse-9".parse().unwrap());
        assert_eq!(check(&tokens, &headers).unwrap().unwrap().name, "li");
        assert_eq!(parse_tokens("a:king:secretsecretsecret").unwrap_err().number, 1);
        assert!(parse_tokens("a:dispatcher:short").is_err());
    }
}
