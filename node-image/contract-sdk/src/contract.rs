//! A contract: named functions, and how a transaction finds its own.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::arguments::{Parameters, schema_of};
use crate::context::{Context, to_json};
use crate::error::ContractError;
use crate::metadata;

type Handler = Arc<dyn Fn(Context, Vec<Vec<u8>>) -> BoxFuture<'static, Result<Vec<u8>, ContractError>> + Send + Sync>;

/// A contract: functions by name. Clients call them as `Name` or `contract:Name`.
pub struct Contract {
    name: String,
    version: String,
    functions: Vec<Function>,
}

pub struct Function {
    pub name: String,
    pub reads_only: bool,
    pub parameters: Parameters,
    /// JSON Schema of the result.
    pub returns: Value,
    handler: Handler,
}

impl Contract {
    pub fn new(name: &str, version: &str) -> Contract {
        Contract {
            name: name.to_owned(),
            version: version.to_owned(),
            functions: Vec::new(),
        }
    }

    /// Adds a function that may write. `handler` is an `async fn(Context, A) -> Result<R, E>`; the fields of the struct
    /// `A` are its arguments.
    ///
    /// # Panics
    /// When the contract has a function of this name already.
    #[must_use]
    pub fn transaction<A, R, E, H, F>(self, name: &str, handler: H) -> Contract
    where
        A: DeserializeOwned + JsonSchema + Send + 'static,
        R: Serialize + JsonSchema + Send + 'static,
        E: Into<ContractError> + 'static,
        H: Fn(Context, A) -> F + Send + Sync + 'static,
        F: Future<Output = Result<R, E>> + Send + 'static,
    {
        self.function(name, false, handler)
    }

    /// Adds a function that only reads: what it tries to write is refused.
    ///
    /// # Panics
    /// When the contract has a function of this name already.
    #[must_use]
    pub fn query<A, R, E, H, F>(self, name: &str, handler: H) -> Contract
    where
        A: DeserializeOwned + JsonSchema + Send + 'static,
        R: Serialize + JsonSchema + Send + 'static,
        E: Into<ContractError> + 'static,
        H: Fn(Context, A) -> F + Send + Sync + 'static,
        F: Future<Output = Result<R, E>> + Send + 'static,
    {
        self.function(name, true, handler)
    }

    fn function<A, R, E, H, F>(mut self, name: &str, reads_only: bool, handler: H) -> Contract
    where
        A: DeserializeOwned + JsonSchema + Send + 'static,
        R: Serialize + JsonSchema + Send + 'static,
        E: Into<ContractError> + 'static,
        H: Fn(Context, A) -> F + Send + Sync + 'static,
        F: Future<Output = Result<R, E>> + Send + 'static,
    {
        assert!(
            self.find(name).is_none(),
            "the contract {} has two functions {name}",
            self.name
        );
        let parameters = Parameters::of::<A>(name);
        let bound = parameters.clone();
        let run: Handler = Arc::new(move |context: Context, arguments: Vec<Vec<u8>>| {
            let function = context.function.clone();
            let running = bound.bind::<A>(&arguments).map(|arguments| handler(context, arguments));
            async move {
                let result = running?.await.map_err(Into::into)?;
                // Nothing to say is said with no bytes.
                let payload = to_json(&function, &result)?;
                Ok(if payload == b"null" { Vec::new() } else { payload })
            }
            .boxed()
        });
        let (name, returns) = (name.to_owned(), schema_of::<R>());
        self.functions.push(Function {
            name,
            reads_only,
            parameters,
            returns,
            handler: run,
        });
        self
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn version(&self) -> &str {
        &self.version
    }

    /// What the contract offers, as `org.hyperledger.fabric:GetMetadata` answers it: the contract API's own format.
    pub fn metadata(&self) -> Value {
        metadata::describe(self)
    }

    pub(crate) fn functions(&self) -> &[Function] {
        &self.functions
    }

    fn find(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.name == name)
    }

    /// Runs the function that the first argument names.
    pub(crate) async fn run(&self, context: Context, arguments: Vec<Vec<u8>>) -> Result<Vec<u8>, ContractError> {
        let mut arguments = arguments.into_iter();
        let called = arguments.next().unwrap_or_default();
        let called = String::from_utf8_lossy(&called);
        if called == metadata::FUNCTION {
            return to_json(metadata::FUNCTION, &self.metadata());
        }
        let name = called
            .strip_prefix(&self.name)
            .and_then(|rest| rest.strip_prefix(':'))
            .unwrap_or(&called);
        let Some(function) = self.find(name) else {
            let known = self
                .functions
                .iter()
                .map(|function| &function.name[..])
                .collect::<Vec<_>>()
                .join(", ");
            return Err(ContractError::UnknownFunction {
                name: called.into_owned(),
                contract: self.name.clone(),
                known,
            });
        };
        let context = context.within(&function.name, function.reads_only);
        (function.handler)(context, arguments.collect()).await
    }
}

impl fmt::Debug for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let functions: Vec<_> = self.functions.iter().map(|function| &function.name).collect();
        f.debug_struct("Contract")
            .field("name", &self.name)
            .field("functions", &functions)
            .finish_non_exhaustive()
    }
}
