//! Lists in other forms: as tables for people, and without anything but the metadata.

use futures_util::StreamExt as _;
use http::header::ACCEPT;
use http::{HeaderValue, Method};
use serde_json::Value;
use std::fmt;

use super::list::{Form, Tokens};
use super::{ClusterProxy, ListOptions, Resource};
use crate::error::{Error, ErrorKind, Result};
use crate::paging::List;
use crate::wire::{Document as _, Kept, Object};

/// What the server would show of a list: `kubectl get` shows the same.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Table {
    /// What the columns are.
    pub columns: Vec<Column>,
    /// One row for each object.
    pub rows: Vec<Row>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Column {
    /// Its heading: `Ready`.
    pub name: String,
    /// `string`, `integer`, `number`, `boolean` or `date`.
    pub kind: String,
    /// What it says.
    pub description: String,
    /// Zero for what is always shown, more for what is shown where there is room.
    pub priority: i64,
}

/// A row of a table.
#[derive(Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Row {
    /// One value for each column.
    pub cells: Vec<Value>,
    /// The name of the object.
    pub name: String,
    /// Its namespace; empty for what belongs to none.
    pub namespace: String,
    /// Its uid.
    pub uid: String,
}

impl fmt::Debug for Row {
    /// Only which object it is of: any value can be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row({}/{}, {} cells)", self.namespace, self.name, self.cells.len())
    }
}

impl Table {
    /// The place of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The value of a row in the column of this name.
    pub fn cell<'t>(&self, row: &'t Row, column: &str) -> Option<&'t Value> {
        row.cells.get(self.column(column)?)
    }

    fn take_columns(&mut self, definitions: &Value) {
        let columns = definitions.as_array().into_iter().flatten().map(|definition| {
            let text =
                |name: &str| definition.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            Column {
                name: text("name"),
                kind: text("type"),
                description: text("description"),
                priority: definition.get("priority").and_then(Value::as_i64).unwrap_or_default(),
            }
        });
        self.columns = columns.collect();
    }
}

impl Row {
    fn read(item: &[u8]) -> Result<Self> {
        let row = Object::decode(item)?;
        let text = |name: &str| {
            let value = row.pointer(&format!("/object/metadata/{name}")).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        Ok(Self {
            cells: row.get("cells").and_then(Value::as_array).cloned().unwrap_or_default(),
            name: text("name"),
            namespace: text("namespace"),
            uid: text("uid"),
        })
    }
}

impl ClusterProxy {
    /// A list as the server shows it to people: columns that it chose, and a row for each object. It is much smaller
    /// than the objects, and knows of custom resources what their makers show of them.
    ///
    /// ```no_run
    /// # async fn run(cluster: rancher_client::proxy::ClusterProxy) -> rancher_client::Result<()> {
    /// use rancher_client::proxy::{ListOptions, Resource};
    ///
    /// let pods = cluster.table(Resource::core("pods").within("shop-web"), ListOptions::default()).await?;
    /// for row in &pods.rows {
    ///     println!("{} {:?}", row.name, pods.cell(row, "Status"));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`ClusterProxy::list`]; `unsupported` if the server shows no tables of this.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn table(&self, resource: Resource<'_>, options: ListOptions) -> Result<Table> {
        let course = Tokens::new(&self.id, resource, options).in_form(Form::Table);
        let mut pages = List::<Kept<Object>>::new(self.connection.clone(), course).pages();
        let mut table = Table::default();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| match error.kind() {
                // a list has no rows
                ErrorKind::Decode if error.summary().contains("\"rows\"") => Error::new(
                    ErrorKind::Unsupported,
                    format!("the server shows no table of {}", resource.plural),
                    "list the objects instead",
                )
                .with_source(error),
                _ => error,
            })?;
            if let (true, Some(columns)) =
                (table.columns.is_empty(), page.envelope().get("columnDefinitions"))
            {
                table.take_columns(columns);
            }
            for item in page.items() {
                table.rows.push(Row::read(&item)?);
            }
        }
        Ok(table)
    }

    /// The objects of a resource without anything but their metadata: names, labels, owners. It is much smaller, and
    /// shows no secret. An update refuses such an object, since it would take everything else away.
    ///
    /// # Errors
    /// As [`ClusterProxy::list`].
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub fn list_metadata(&self, resource: Resource<'_>, options: ListOptions) -> List<Kept<Object>> {
        let course = Tokens::new(&self.id, resource, options).in_form(Form::Metadata);
        List::new(self.connection.clone(), course).marked(Kept::into_partial)
    }

    /// One object without anything but its metadata.
    ///
    /// # Errors
    /// As [`ClusterProxy::get`].
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn get_metadata(&self, resource: Resource<'_>, name: &str) -> Result<Kept<Object>> {
        let segments = resource.segments(Some(name))?;
        let mut request = self.request("cluster.get_metadata", Method::GET, &segments)?;
        let form = HeaderValue::from_static(
            "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json",
        );
        request.headers.insert(ACCEPT, form);
        self.connection.object(request).await.map(Kept::into_partial)
    }
}
