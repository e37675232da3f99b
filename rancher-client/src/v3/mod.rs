//! The v3 API ("Norman"): collections and resources as JSON.

use http::Method;
use serde_json::Value;
use std::collections::HashSet;

use crate::error::{Error, ErrorKind, Result};
use crate::scope::Route;
use crate::transport::{Connection, Request};

/// No collection has so many pages; the server leads in a circle.
pub(crate) const MOST_PAGES: usize = 10_000;

/// The v3 API as one user.
///
/// A key that is known to be scoped to a cluster takes the roads that mean the same for it, and calls without one fail
/// before anything is sent.
#[derive(Debug, Clone)]
pub struct V3 {
    connection: Connection,
}

impl V3 {
    /// The v3 API behind a connection.
    pub fn new(connection: Connection) -> Self {
        Self { connection }
    }

    fn request(&self, operation: &'static str, method: Method, segments: &[&str]) -> Result<Request> {
        let route = Route::from_segments(std::iter::once("v3").chain(segments.iter().copied()))?;
        Ok(Request::new(operation, method, route))
    }

    async fn send(&self, mut request: Request) -> Result<Value> {
        request.route = self.connection.road_for(request.route)?;
        self.connection.json(request).await
    }

    /// All objects of a collection, page after page.
    ///
    /// `collection` is its name, `projects`; `query` are filters and paging, `[("clusterId", "c-prod1")]`. The server
    /// ignores filters that it does not know. `limit` is how many objects come at a time (1,000 unless told
    /// otherwise), not how many in all. What changes while the pages are read may be missing or come twice.
    ///
    /// # Errors
    /// Those of [`V3::page`] and [`V3::next_page`]; `decode` if the pages lead in a circle. Nothing is returned of a
    /// list that broke off.
    ///
    /// # Scope
    /// As [`V3::page`].
    pub async fn list(&self, collection: &str, query: &[(&str, &str)]) -> Result<Vec<Value>> {
        let mut page = self.page(collection, query).await?;
        let mut all = Vec::new();
        let mut seen = HashSet::new();
        loop {
            all.append(&mut objects(&mut page, "data")?);
            let Some(next) = self.next_route(&page)? else { return Ok(all) };
            if seen.len() >= MOST_PAGES {
                return Err(circle(&format!("it has more than {MOST_PAGES} pages")));
            }
            if !seen.insert(next.path_and_query()) {
                return Err(circle("a page leads back to one that was read already"));
            }
            page = self.send(Request::new("v3.list", Method::GET, next)).await?;
        }
    }

    /// One page of a collection, as the server sends it: `data` holds the objects, `pagination.next` leads on, see
    /// [`V3::next_page`]. It looks the same whether it is all there is or not.
    ///
    /// # Errors
    /// Those of [`Connection::json`]; `out_of_scope` before anything is sent if a scoped key has no road to it.
    ///
    /// # Scope
    /// A key without a scope; for `projects`, role bindings and registration tokens of one cluster
    /// (`clusterId=…`), also a key scoped to it.
    pub async fn page(&self, collection: &str, query: &[(&str, &str)]) -> Result<Value> {
        let mut request = self.request("v3.list", Method::GET, &[collection])?;
        for (name, value) in query {
            request.route = request.route.with_query(name, value);
        }
        self.send(request).await
    }

    /// The page that follows this one; nothing after the last.
    ///
    /// ```no_run
    /// # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
    /// let v3 = client.v3();
    /// let mut next = Some(v3.page("projects", &[("limit", "100")]).await?);
    /// while let Some(page) = next {
    ///     println!("{} projects", page["data"].as_array().map_or(0, Vec::len));
    ///     next = v3.next_page(&page).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`V3::page`]; `not_rancher` if the link leads to another server, where nothing is sent; `decode` if it
    /// leads to the page itself.
    ///
    /// # Scope
    /// As [`V3::page`].
    pub async fn next_page(&self, page: &Value) -> Result<Option<Value>> {
        match self.next_route(page)? {
            Some(next) => self.send(Request::new("v3.list", Method::GET, next)).await.map(Some),
            None => Ok(None),
        }
    }

    fn next_route(&self, page: &Value) -> Result<Option<Route>> {
        let link = |pointer| page.pointer(pointer).and_then(Value::as_str).filter(|link| !link.is_empty());
        let Some(next) = link("/pagination/next") else { return Ok(None) };
        if link("/links/self") == Some(next) {
            return Err(circle("a page calls itself the next"));
        }
        let server = &self.connection.config().server;
        Route::from_link(server, next).map(Some).map_err(|error| {
            Error::new(
                ErrorKind::NotRancher,
                format!("the link to the next page does not lead to {server}; nothing was sent there"),
                "give the URL under which Rancher knows itself, or let the proxy before it send X-Forwarded-Host and \
                 X-Forwarded-Proto",
            )
            .with_source(error)
            .with_operation("v3.list")
        })
    }

    /// One object.
    ///
    /// # Errors
    /// Those of [`Connection::json`]; `not_found` if there is none, `forbidden` if the user may not see it.
    ///
    /// # Scope
    /// A key without a scope; for `clusters`, also a key scoped to that cluster.
    pub async fn get(&self, collection: &str, id: &str) -> Result<Value> {
        self.send(self.request("v3.get", Method::GET, &[collection, id])?).await
    }

    /// Creates an object and returns it as the server made it.
    ///
    /// # Errors
    /// Those of [`Connection::json`]; `invalid` with the field that is wrong. It is not sent twice: after a `timeout`
    /// or a broken connection the object may or may not exist.
    ///
    /// # Scope
    /// A key without a scope.
    pub async fn create(&self, collection: &str, object: &Value) -> Result<Value> {
        self.send(self.request("v3.create", Method::POST, &[collection])?.with_json(object)?).await
    }

    /// Deletes an object. The answer is the object while finalizers still run, `null` when it is gone.
    ///
    /// # Errors
    /// Those of [`Connection::json`].
    ///
    /// # Scope
    /// A key without a scope; for `clusters`, also a key scoped to that cluster.
    pub async fn delete(&self, collection: &str, id: &str) -> Result<Value> {
        self.send(self.request("v3.delete", Method::DELETE, &[collection, id])?).await
    }
}

/// Takes the objects out of a list.
pub(crate) fn objects(list: &mut Value, field: &'static str) -> Result<Vec<Value>> {
    match list.get_mut(field).map(Value::take) {
        Some(Value::Array(objects)) => Ok(objects),
        // Go writes an empty list like this where it was never filled
        Some(Value::Null) => Ok(Vec::new()),
        _ => Err(Error::new(
            ErrorKind::Decode,
            format!("the answer is no list: it holds no array {field:?}"),
            "check the name of the collection, which is a plural",
        )),
    }
}

pub(crate) fn circle(what: &str) -> Error {
    Error::new(
        ErrorKind::Decode,
        format!("the list has no end: {what}"),
        "list again: an object that marked a page may have been deleted meanwhile",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::credentials::Credential;
    use crate::transport::mock::{Mock, response};
    use crate::wire::SystemClock;
    use serde_json::json;
    use std::sync::Arc;

    /// Answers `/v3/projects?marker={n}` with what the table says of page n: its objects and its link.
    fn server(pages: Value) -> (Mock, V3) {
        let mock = Mock::new(move |request: Request| {
            let marker = request.route.query_values("marker").pop().unwrap_or_else(|| "0".to_owned());
            let (data, next) = (&pages[&marker][0], &pages[&marker][1]);
            let own = "https://rancher.example.com/v3/projects?marker=0";
            let body =
                json!({"links": {"self": own}, "pagination": {"next": next}, "data": data}).to_string();
            async move { Ok(response(200, body)) }
        });
        let config = Config::new("https://rancher.example.com".parse().unwrap(), Credential::anonymous());
        let connection =
            Connection::over_transport(config, Arc::new(mock.clone()), Arc::new(SystemClock::new()));
        (mock, V3::new(connection))
    }

    fn link(marker: &str) -> String {
        format!("https://rancher.example.com/v3/projects?marker={marker}")
    }

    #[tokio::test]
    async fn a_list_is_all_of_its_pages() {
        let pages = json!({"0": [[1, 2], link("a")], "a": [[3], link("b")], "b": [null, link("c")], "c": [[4], null]});
        let (mock, v3) = server(pages);
        assert_eq!(v3.list("projects", &[]).await.unwrap(), [1, 2, 3, 4].map(Value::from));
        assert_eq!(mock.count(), 4);
        let page = v3.page("projects", &[]).await.unwrap();
        assert_eq!(v3.next_page(&page).await.unwrap().unwrap()["data"], json!([3]));
        assert_eq!(v3.next_page(&json!({"data": []})).await.unwrap(), None);
        let (_, v3) = server(json!({"0": [[], ""]}));
        assert_eq!(v3.list("projects", &[]).await.unwrap(), [0; 0].map(Value::from));
    }

    #[tokio::test]
    async fn a_list_without_an_end_is_told() {
        for (pages, sent, words) in [
            (json!({"0": [[1], link("0")]}), 1, "calls itself the next"),
            (json!({"0": [[1], link("a")], "a": [[2], link("a")]}), 2, "leads back"),
            (json!({"0": [[1], link("a")], "a": [[2], link("b")], "b": [[3], link("a")]}), 3, "leads back"),
        ] {
            let (mock, v3) = server(pages);
            let error = v3.list("projects", &[]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert!(error.to_string().contains(words), "{error}");
            assert_eq!(mock.count(), sent, "{words}");
        }
    }

    #[tokio::test]
    async fn a_page_elsewhere_is_not_fetched_and_no_list_is_none() {
        let (mock, v3) = server(json!({"0": [[1], "https://evil.example/v3/projects?marker=s3cr3t"]}));
        let error = v3.list("projects", &[]).await.unwrap_err();
        assert_eq!((error.kind(), mock.count()), (ErrorKind::NotRancher, 1));
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
        let (_, v3) = server(json!({"0": [{"id": "x"}, null]}));
        assert_eq!(v3.list("projects", &[]).await.unwrap_err().kind(), ErrorKind::Decode);
    }
}
