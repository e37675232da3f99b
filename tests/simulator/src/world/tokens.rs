//! Minting: names, secrets, lifetimes of every kind of token.

use super::World;
use super::state::{DAY, Millis, Token, TokenKind};

/// The longest life of a v3 or ext token: `auth-token-max-ttl-minutes` is 129600.
pub(crate) const MAX_TTL: Millis = 90 * DAY;

/// What a token is to be.
#[derive(Debug, Clone)]
pub(crate) struct Mint {
    pub(crate) kind: TokenKind,
    pub(crate) user: String,
    /// What the name begins with; `token-` unless it is a kubeconfig's.
    pub(crate) prefix: String,
    pub(crate) cluster: Option<String>,
    pub(crate) description: String,
    /// Milliseconds; `None` is the default of its kind.
    pub(crate) ttl: Option<Millis>,
}

impl Mint {
    pub(crate) fn new(kind: TokenKind, user: &str) -> Self {
        let prefix =
            if kind == TokenKind::Kubeconfig { format!("kubeconfig-{user}") } else { "token-".to_owned() };
        Self { kind, user: user.to_owned(), prefix, cluster: None, description: String::new(), ttl: None }
    }
}

/// The life a token of this kind is given when `asked` for so many milliseconds.
pub(crate) fn granted(kind: TokenKind, asked: Option<Millis>) -> Millis {
    match kind {
        // rule: token.session-ttl
        TokenKind::Session => asked.unwrap_or(16 * 3_600_000),
        // rule: token.kubeconfig-ttl
        TokenKind::Kubeconfig => asked.unwrap_or(30 * DAY),
        // rule: token.ttl-clamped
        TokenKind::Key | TokenKind::Ext => match asked {
            Some(asked) if asked > 0 => asked.min(MAX_TTL),
            _ => MAX_TTL,
        },
    }
}

impl World {
    /// Makes a token that lives from now on.
    pub(crate) fn mint(&mut self, mint: Mint) -> Token {
        let state = &mut self.state;
        let token = Token {
            name: format!("{}{}", mint.prefix, state.random.name(5)),
            secret: state.random.secret(),
            kind: mint.kind,
            user: mint.user,
            cluster: mint.cluster,
            description: mint.description,
            enabled: true,
            created: state.now,
            ttl: granted(mint.kind, mint.ttl),
            uuid: state.random.uuid(),
            version: state.next_version(),
            changed: false,
        };
        state.tokens.insert(token.key(), token.clone());
        token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_clamped_in_silence() {
        for asked in [None, Some(0), Some(-5), Some(MAX_TTL + 1), Some(99_999_999_999_999)] {
            assert_eq!(granted(TokenKind::Key, asked), MAX_TTL, "{asked:?}");
            assert_eq!(granted(TokenKind::Ext, asked), MAX_TTL, "{asked:?}");
        }
        assert_eq!(granted(TokenKind::Key, Some(7_689_600_000)), 7_689_600_000);
        assert_eq!(granted(TokenKind::Session, None), 57_600_000);
    }
}
