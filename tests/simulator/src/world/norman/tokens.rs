//! `/v3/tokens`: the caller's own, and nobody else's.

use super::collection::{Listing, Paging};
use super::{body, kinds, string, unsupported};
use crate::world::World;
use crate::world::answer::{self, Outcome, Problem, empty};
use crate::world::call::Call;
use crate::world::state::{State, Token, TokenKind, dated, stamp};
use crate::world::tokens::Mint;
use http::{Method, StatusCode, header};
use serde_json::{Map, Value, json};

pub(super) fn serve(world: &mut World, call: &Call<'_>, id: Option<&str>) -> Outcome {
    match (call.method, id, call.action()) {
        (&Method::POST, None, Some("logout")) => Ok(logout(world, call)),
        (&Method::POST, None, _) => create(world, call),
        (&Method::GET, None, _) => list(world, call),
        (_, None, _) => Err(unsupported(call)),
        (&Method::GET, Some(id), _) => {
            let token = own(&world.state, call, id)?;
            Ok(answer::json(StatusCode::OK, &object(&world.state, call, token)))
        }
        (&Method::DELETE, Some(id), _) => remove(world, call, id),
        // rule: token.no-put
        (_, Some(_), _) => Err(Problem::not_found("no store found")),
    }
}

// Somebody else's token is not found, even by an administrator.
fn own<'a>(state: &'a State, call: &Call<'_>, id: &str) -> Result<&'a Token, Problem> {
    // rule: token.own-only
    state
        .tokens
        .get(id)
        .filter(|token| token.kind != TokenKind::Ext && token.user == call.user())
        .ok_or_else(|| Problem::not_found(format!("tokens.management.cattle.io \"{id}\" not found")))
}

fn list(world: &World, call: &Call<'_>) -> Outcome {
    let kind = kinds::kind("token").ok_or_else(|| Problem::not_found(""))?;
    let mine = |token: &&Token| token.kind != TokenKind::Ext && token.user == call.user();
    // rule: token.list-ignores-query
    let tokens = world.state.tokens.values().filter(mine);
    let items: Vec<_> = tokens.map(|token| object(&world.state, call, token)).collect();
    let create = Some(format!("{}/v3/tokens", call.base));
    Ok(Listing {
        kind,
        items,
        create,
        actions: json!({}),
        paging: Paging::Bypassed,
        ranks: &world.state.ranks,
    }
    .answer(call))
}

fn logout(world: &mut World, call: &Call<'_>) -> crate::Response {
    // rule: token.logout
    world.state.tokens.remove(call.token());
    let mut response = empty(StatusCode::OK);
    answer::set(&mut response, header::SET_COOKIE, "R_SESS=; Path=/; Max-Age=0; HttpOnly; Secure");
    response
}

fn create(world: &mut World, call: &Call<'_>) -> Outcome {
    let body = body(call)?;
    let ttl = match body.get("ttl") {
        None | Some(Value::Null) => None,
        Some(Value::String(_)) => {
            // rule: token.ttl-type
            return Err(Problem::unprocessable(
                "InvalidFormat",
                "json: cannot unmarshal string into Go struct field Token.ttl of type int64",
            ));
        }
        Some(value) => value.as_i64(),
    };
    // rule: token.cluster-unchecked
    let mint = Mint {
        cluster: string(&body, "clusterId").filter(|id| !id.is_empty()),
        description: string(&body, "description").unwrap_or_default(),
        ttl,
        ..Mint::new(TokenKind::Key, call.user())
    };
    let token = world.mint(mint);
    let mut made = object(&world.state, call, &token);
    if let Some(made) = made.as_object_mut() {
        // rule: token.expiry-filled-later
        made.insert("expiresAt".to_owned(), json!(""));
        made.insert("token".to_owned(), json!(token.bearer()));
    }
    Ok(answer::json(StatusCode::CREATED, &made))
}

fn remove(world: &mut World, call: &Call<'_>, id: &str) -> Outcome {
    let token = own(&world.state, call, id)?;
    if token.kind == TokenKind::Session && token.key() == call.token() {
        // rule: token.session-keeps-itself
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "BadRequest",
            "Cannot delete token for current session. Use logout instead",
        ));
    }
    world.state.tokens.remove(id);
    // rule: norman.deleted-204
    let mut response = empty(StatusCode::NO_CONTENT);
    answer::set(&mut response, header::CONTENT_TYPE, "application/json");
    Ok(response)
}

/// How Go prints the principal of a local user.
fn principal(state: &State, user: &str) -> String {
    let Some(user) = state.users.get(user) else { return String::new() };
    format!(
        "map[displayName:{} loginName:{} me:true metadata:map[name:local://{}] principalType:user provider:local]",
        user.name, user.username, user.id
    )
}

/// A v3 token without its secret.
fn object(state: &State, call: &Call<'_>, token: &Token) -> Value {
    let own = format!("{}/v3/tokens/{}", call.base, token.name);
    let mut labels = Map::new();
    labels.insert("authn.management.cattle.io/token-userId".to_owned(), json!(token.user));
    let kind = match token.kind {
        TokenKind::Session => Some("session"),
        TokenKind::Kubeconfig => Some("kubeconfig"),
        TokenKind::Key | TokenKind::Ext => None,
    };
    if let Some(kind) = kind {
        labels.insert("authn.management.cattle.io/kind".to_owned(), json!(kind));
    }
    let fields = json!({
        "authProvider": "local", "baseType": "token", "clusterId": token.cluster, "creatorId": null,
        "current": token.key() == call.token(), "description": token.description, "enabled": token.enabled,
        "expired": token.expired(state.now), "expiresAt": stamp(token.expires()), "id": token.name,
        "isDerived": token.kind != TokenKind::Session, "labels": labels,
        "links": {"remove": own, "self": own, "update": own}, "name": token.name, "ttl": token.ttl,
        "type": "token", "userId": token.user, "userPrincipal": principal(state, &token.user),
        "uuid": token.uuid,
    });
    let mut object = if let Value::Object(fields) = fields { fields } else { Map::new() };
    dated(&mut object, "created", token.created);
    Value::Object(object)
}
