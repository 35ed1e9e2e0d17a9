//! Resources, as one tenant sees them.

use entente_api::names::annotation;
use entente_api::time::Time;
use entente_api::{Chain, Contract, Organization};
use entente_operator::registry::{Cause, Key, RETRIED, Registry, RegistryError, Scope, Sought, Watch};
use serde_json::Value;

use crate::access::{PlatformScope, TenantScope};
use crate::rest::codes::Code;
use crate::rest::kind::Kind;
use crate::rest::problem::{FieldError, Problem};
use crate::store::records::{Record, RecordState};

/// The registry, reachable only with a [`TenantScope`].
#[derive(Clone)]
pub struct Resources {
    registry: Registry,
}

/// Why a resource could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("there is one of that name already")]
    Exists,
    #[error("it was changed at the same time")]
    Conflict,
    #[error("there is none of that name")]
    NotFound,
    #[error("it is being deleted")]
    BeingDeleted,
    /// Fields that a rule of the cluster refuses.
    #[error("it is refused")]
    Invalid(Vec<Cause>),
    #[error("there is no room for it: {0}")]
    Quota(String),
    /// The tenant's namespace is not there yet, or the platform not let into it.
    #[error("the tenant's namespace is not ready")]
    NoRoom(#[source] RegistryError),
    #[error("the registry does not answer")]
    Silent(#[source] RegistryError),
    #[error("the registry failed")]
    Registry(#[source] RegistryError),
}

impl From<RegistryError> for WriteError {
    fn from(error: RegistryError) -> WriteError {
        match error {
            RegistryError::AlreadyExists { .. } => WriteError::Exists,
            RegistryError::Conflict { .. } => WriteError::Conflict,
            RegistryError::NotFound { .. } => WriteError::NotFound,
            RegistryError::BeingDeleted { .. } => WriteError::BeingDeleted,
            RegistryError::Invalid { causes, .. } => WriteError::Invalid(causes),
            RegistryError::Quota { reason, .. } => WriteError::Quota(reason),
            closed @ (RegistryError::NoSuchNamespace { .. } | RegistryError::Forbidden { .. }) => {
                WriteError::NoRoom(closed)
            }
            silent @ RegistryError::Silent { .. } => WriteError::Silent(silent),
            other => WriteError::Registry(other),
        }
    }
}

impl From<WriteError> for Problem {
    fn from(error: WriteError) -> Problem {
        match error {
            WriteError::Exists => Problem::new(Code::AlreadyExists, "There is one of that name already."),
            WriteError::Conflict => Problem::new(Code::Conflict, "It was changed at the same time."),
            WriteError::NotFound => Problem::new(Code::NotFound, "There is none of that name."),
            WriteError::BeingDeleted => Problem::new(Code::Conflict, "It is being deleted and cannot be changed."),
            WriteError::Invalid(causes) => Problem::invalid(causes.into_iter().map(field_error).collect()),
            WriteError::Quota(reason) => Problem::new(
                Code::QuotaExceeded,
                format!("The tenant's namespace has no room for it: {reason}."),
            ),
            WriteError::NoRoom(source) => Problem::new(Code::NotReady, "The tenant's namespace is not ready yet.")
                .with_hint("Wait until the tenant is ready; if it is, the platform's log says what is in the way.")
                .because(source),
            WriteError::Silent(source) => {
                Problem::new(Code::RegistryUnreachable, "The cluster does not answer.").because(source)
            }
            WriteError::Registry(source) => Problem::internal(source),
        }
    }
}

impl From<RegistryError> for Problem {
    fn from(error: RegistryError) -> Problem {
        WriteError::from(error).into()
    }
}

/// `spec.members[1].organization` is `/spec/members/1/organization`.
fn field_error(cause: Cause) -> FieldError {
    let parts = cause.field.split(['.', '[', ']']).filter(|part| !part.is_empty());
    let pointer: String = parts.map(|part| format!("/{part}")).collect();
    FieldError::invalid(pointer, cause.message)
}

impl Resources {
    pub fn new(registry: Registry) -> Resources {
        Resources { registry }
    }

    pub async fn get<K: Kind>(&self, scope: &TenantScope, name: &str) -> Result<Option<K>, RegistryError> {
        let found: Option<K> = self.registry.get(&within(scope), name).await?;
        Ok(found.filter(|resource| scope.reaches(resource.chain())))
    }

    pub async fn list<K: Kind>(&self, scope: &TenantScope) -> Result<Vec<K>, RegistryError> {
        let mut found: Vec<K> = self.registry.list(&within(scope)).await?;
        found.retain(|resource| scope.reaches(resource.chain()));
        Ok(found)
    }

    /// As [`Resources::list`], and nothing that anybody has been told is written is missing.
    pub async fn list_now<K: Kind>(&self, scope: &TenantScope) -> Result<Vec<K>, RegistryError> {
        let mut found: Vec<K> = self.registry.list_now(&within(scope)).await?;
        found.retain(|resource| scope.reaches(resource.chain()));
        Ok(found)
    }

    /// At most `limit` of those that are sought and wanted, by name, from behind `after`; fewer are the last ones.
    pub async fn part<K: Kind>(
        &self,
        scope: &TenantScope,
        after: Option<&str>,
        limit: usize,
        sought: &Sought,
        wanted: impl Fn(&K) -> bool + Send + Sync,
    ) -> Result<Vec<K>, RegistryError> {
        let reached = |resource: &K| scope.reaches(resource.chain()) && wanted(resource);
        let (registry, namespace) = (&self.registry, scope.namespace());
        registry.part(namespace, after, limit, sought, reached).await
    }

    /// Chains of every tenant, or of one: at most `limit` that are sought, by tenant and name, from behind `after`; fewer are
    /// the last ones.
    pub async fn chains_of_all(
        &self,
        _: &PlatformScope,
        tenant: Option<&str>,
        after: Option<Key>,
        limit: usize,
        sought: &Sought,
    ) -> Result<Vec<Chain>, RegistryError> {
        let scope = tenant.map_or(Scope::All, Scope::namespace);
        self.registry.behind(&scope, after, limit, sought, |_| true).await
    }

    pub async fn create<K: Kind>(&self, scope: &TenantScope, resource: &K) -> Result<K, WriteError> {
        Ok(self.registry.create(&within(scope), resource).await?)
    }

    /// Replaces spec and labels; `resource` carries the resource version that was read.
    pub async fn replace<K: Kind>(&self, scope: &TenantScope, resource: &K) -> Result<K, WriteError> {
        Ok(self.registry.update(&within(scope), resource).await?)
    }

    /// Has the operator try again at once what failed last.
    pub async fn retry<K: Kind>(&self, scope: &TenantScope, name: &str, now: Time) -> Result<(), WriteError> {
        loop {
            let found: Option<K> = self.get(scope, name).await?;
            let mut found = found.ok_or(WriteError::NotFound)?;
            let notes = found.meta_mut().annotations.get_or_insert_default();
            notes.insert(RETRIED.to_owned(), now.to_string());
            match self.registry.update(&within(scope), &found).await {
                Err(RegistryError::Conflict { .. }) => {}
                outcome => return outcome.map(drop).map_err(WriteError::from),
            }
        }
    }

    pub async fn delete<K: Kind>(&self, scope: &TenantScope, name: &str) -> Result<Option<K>, RegistryError> {
        self.registry.delete(&within(scope), name).await
    }

    /// Notes on an organization of any tenant, where the operator sees it, whether its record is approved. One of another
    /// uid, or none, has nothing to be noted on.
    pub async fn note_record(&self, _: &PlatformScope, record: &Record) -> Result<(), WriteError> {
        let scope = Scope::namespace(&record.tenant);
        let note = (record.state == RecordState::Approved).then(|| record.uid.clone());
        loop {
            let found: Option<Organization> = self.registry.get(&scope, &record.organization).await?;
            let Some(mut found) = found.filter(|found| found.metadata.uid.as_ref() == Some(&record.uid)) else {
                return Ok(());
            };
            let notes = found.metadata.annotations.get_or_insert_default();
            let before = match &note {
                Some(uid) => notes.insert(annotation::RECORD_APPROVED.to_owned(), uid.clone()),
                None => notes.remove(annotation::RECORD_APPROVED),
            };
            if before == note {
                return Ok(());
            }
            match self.registry.update(&scope, &found).await {
                Err(RegistryError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
                Ok(_) => return Ok(()),
            }
        }
    }

    /// Contracts of every tenant whose proposal the channel has not committed.
    pub async fn proposed_contracts(&self, _: &PlatformScope) -> Result<Vec<Contract>, RegistryError> {
        let is_proposed = |object: &Value| object.pointer("/status/proposal/committed") == Some(&Value::Bool(false));
        self.registry.select(&Scope::All, is_proposed).await
    }

    /// Every change of every tenant's resources from now on.
    pub fn watch_all(&self, _: &PlatformScope) -> Watch {
        self.registry.watch(&Scope::All)
    }
}

fn within(scope: &TenantScope) -> Scope {
    Scope::namespace(scope.namespace())
}
