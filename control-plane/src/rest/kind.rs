//! What the API must know of each kind of resource: its words, and the checks that need no look at anything else.

use std::collections::BTreeSet;

use entente_api::chain::{ChainStatus, Recycled};
use entente_api::condition::Progress;
use entente_api::{Chain, Contract, Identity, Member, NodeRelease, Organization, Tenant};
use entente_api::{names, units};
use kube::core::object::{HasSpec, HasStatus};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codes::Code;
use super::problem::{FieldError, Problem};
use super::quota::Estate;
use super::{App, guards};
use crate::access::{Action, TenantScope};
use crate::store::nodes::invited;

/// A kind of resource.
pub trait Kind:
    entente_operator::registry::Kind
    + HasSpec<Spec: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync>
    + HasStatus<Status: Clone + Serialize + DeserializeOwned + Send + Sync>
    + std::fmt::Debug
{
    /// The word in sentences, for example `chain`.
    const NOUN: &'static str;
    /// The word in paths, for example `chains`.
    const PATH: &'static str;

    /// Who may see it, change it, and delete it.
    const READ: Action;
    const WRITE: Action;
    const DELETE: Action;

    /// Name of the chain that it belongs to, or is.
    fn chain(&self) -> Option<&str> {
        None
    }

    /// Where it stands among what takes of its tenant's quotas. `None`: it takes nothing of them.
    fn place(_: &mut Estate) -> Option<&mut Vec<Self>> {
        None
    }

    /// The tenant's own organizations that take part in a chain by it.
    fn participants(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    /// Its name for people, if it has one.
    fn display_name(&self) -> Option<&str> {
        None
    }

    /// Since when it lies in the recycle bin, and until when.
    fn recycled(&self) -> Option<Recycled> {
        None
    }

    /// That nothing stands in the way of its deletion.
    fn may_go(&self, _app: &App, _scope: &TenantScope) -> impl Future<Output = Result<(), Problem>> + Send {
        std::future::ready(Ok(()))
    }

    /// What it refers to that cannot be used. `old` is what it was before.
    fn check_references(
        &self,
        _app: &App,
        _scope: &TenantScope,
        _old: Option<&Self>,
    ) -> impl Future<Output = Result<Vec<FieldError>, Problem>> + Send {
        std::future::ready(Ok(Vec::new()))
    }

    /// Those of other tenants that are shared with this one, by name, each with whose it is.
    fn shared(_app: &App, _scope: &TenantScope) -> impl Future<Output = Result<Vec<(Self, String)>, Problem>> + Send {
        std::future::ready(Ok(Vec::new()))
    }

    /// One of another tenant's that is shared with this one under a name, with whose it is.
    fn shared_as(
        _app: &App,
        _scope: &TenantScope,
        _name: &str,
    ) -> impl Future<Output = Result<Option<(Self, String)>, Problem>> + Send {
        std::future::ready(Ok(None))
    }

    /// What its own tenant sees of its status.
    fn shown(&self) -> Option<Self::Status> {
        self.status().cloned()
    }

    /// Takes over what a body does not mean to change when it leaves it out.
    fn keep(&mut self, _old: &Self) {}

    /// A resource that nobody has seen yet.
    fn create(name: &str, spec: Self::Spec) -> Self;

    fn progress(&self) -> Option<&Progress>;

    /// What is wrong with the spec by itself.
    fn check(&self) -> Vec<FieldError>;

    /// Which fields differ from `old` that cannot change.
    fn immutable_changes(&self, _old: &Self) -> Vec<FieldError> {
        Vec::new()
    }
}

macro_rules! kind {
    ($kind:ident, $noun:literal, $path:literal, $read:ident, $write:ident, $delete:ident, { $($item:item)* }) => {
        impl Kind for $kind {
            const NOUN: &'static str = $noun;
            const PATH: &'static str = $path;
            const READ: Action = Action::$read;
            const WRITE: Action = Action::$write;
            const DELETE: Action = Action::$delete;

            fn create(name: &str, spec: Self::Spec) -> Self {
                $kind::new(name, spec)
            }

            fn progress(&self) -> Option<&Progress> {
                self.status.as_ref().map(|status| &status.progress)
            }

            $($item)*
        }
    };
}

kind!(
    Organization,
    "organization",
    "organizations",
    ReadOrganizations,
    WriteOrganizations,
    WriteOrganizations,
    {
        fn place(estate: &mut Estate) -> Option<&mut Vec<Self>> {
            Some(&mut estate.organizations)
        }

        fn display_name(&self) -> Option<&str> {
            self.spec.display_name.as_deref()
        }

        async fn may_go(&self, app: &App, scope: &TenantScope) -> Result<(), Problem> {
            let name = self.metadata.name.as_deref().unwrap_or_default();
            guards::refuse_while_member(app, scope, name).await
        }

        fn check(&self) -> Vec<FieldError> {
            let id = self.spec.msp_id.as_deref().map(names::check_msp_id);
            id.and_then(Result::err)
                .map(|detail| FieldError::invalid("/spec/mspId", detail))
                .into_iter()
                .collect()
        }

        fn immutable_changes(&self, old: &Self) -> Vec<FieldError> {
            let id = |o: &Organization| {
                let chosen = o.spec.msp_id.clone();
                chosen.unwrap_or_else(|| names::msp_id(o.metadata.name.as_deref().unwrap_or_default()))
            };
            let begins_to_write = (old.spec.regulator && !self.spec.regulator).then(|| {
                let detail = "an organization that supervises cannot begin to write";
                FieldError::new("/spec/regulator", "immutable", detail)
            });
            let id = unchanged("/spec/mspId", &id(old), &id(self));
            id.into_iter().chain(begins_to_write).collect()
        }
    }
);

kind!(Chain, "chain", "chains", ReadChains, WriteChains, DeleteChains, {
    fn chain(&self) -> Option<&str> {
        self.metadata.name.as_deref()
    }

    fn place(estate: &mut Estate) -> Option<&mut Vec<Self>> {
        Some(&mut estate.chains)
    }

    fn participants(&self) -> BTreeSet<String> {
        let own = self.spec.members.iter().filter(|member| member.namespace.is_none());
        own.map(|member| member.organization.clone()).collect()
    }

    async fn shared(app: &App, scope: &TenantScope) -> Result<Vec<(Self, String)>, Problem> {
        let all = app.resources.shared(scope).await?.into_iter();
        Ok(all.filter_map(|seen| Some((seen.chain, seen.owner?))).collect())
    }

    async fn shared_as(app: &App, scope: &TenantScope, name: &str) -> Result<Option<(Self, String)>, Problem> {
        let seen = app.resources.seen(scope, name).await?;
        Ok(seen.and_then(|seen| Some((seen.chain, seen.owner?))))
    }

    /// Other tenants' organizations may take part; their nodes are theirs.
    fn shown(&self) -> Option<ChainStatus> {
        let mut status = self.status.clone()?;
        let invited = invited(self);
        status
            .nodes
            .retain(|node| !invited.contains(node.organization.as_str()));
        Some(status)
    }

    fn display_name(&self) -> Option<&str> {
        self.spec.display_name.as_deref()
    }

    fn recycled(&self) -> Option<Recycled> {
        self.spec.recycled
    }

    async fn may_go(&self, _: &App, _: &TenantScope) -> Result<(), Problem> {
        if !self.spec.deletion_protection {
            return Ok(());
        }
        let name = self.metadata.name.as_deref().unwrap_or_default();
        let detail = format!("The chain \"{name}\" is protected from deletion.");
        Err(Problem::new(Code::DeletionProtected, detail))
    }

    fn check(&self) -> Vec<FieldError> {
        super::chain_check::spec(&self.spec)
    }

    async fn check_references(
        &self,
        app: &App,
        scope: &TenantScope,
        old: Option<&Self>,
    ) -> Result<Vec<FieldError>, Problem> {
        super::references::release(app, scope, old, self).await
    }

    fn immutable_changes(&self, old: &Self) -> Vec<FieldError> {
        let detail = match old.spec.recycled {
            Some(_) => "the chain lies in the recycle bin: bring it back first (:undelete)",
            None => "a chain comes into the recycle bin by its deletion",
        };
        let moved = self.spec.recycled != old.spec.recycled;
        moved
            .then(|| FieldError::new("/spec/recycled", "immutable", detail))
            .into_iter()
            .collect()
    }
});

kind!(Member, "member", "members", ReadChains, WriteChains, DeleteChains, {
    fn chain(&self) -> Option<&str> {
        Some(&self.spec.chain)
    }

    fn place(estate: &mut Estate) -> Option<&mut Vec<Self>> {
        Some(&mut estate.members)
    }

    fn participants(&self) -> BTreeSet<String> {
        BTreeSet::from([self.spec.organization.clone()])
    }

    fn check(&self) -> Vec<FieldError> {
        let mut errors: Vec<FieldError> = [
            ("/spec/chain", &self.spec.chain),
            ("/spec/organization", &self.spec.organization),
        ]
        .into_iter()
        .filter_map(|(pointer, name)| label(pointer, name))
        .collect();
        let namespace = self.spec.chain_namespace.as_ref();
        errors.extend(namespace.and_then(|name| label("/spec/chainNamespace", name)));
        errors.extend(peers("/spec/peers", self.spec.peers));
        errors
    }

    fn keep(&mut self, old: &Self) {
        if self.spec.approvals.is_empty() {
            self.spec.approvals.clone_from(&old.spec.approvals);
        }
    }

    async fn check_references(
        &self,
        _: &App,
        _: &TenantScope,
        old: Option<&Self>,
    ) -> Result<Vec<FieldError>, Problem> {
        // Who may change a membership may not therefore vote.
        let before = old.map_or(&[][..], |old| &old.spec.approvals);
        let detail =
            "is decided with POST /v1/chains/{chain}/channels/{channel}/contracts/{contract}:approve and :reject";
        let decided =
            (self.spec.approvals != before).then(|| FieldError::new("/spec/approvals", "immutable", detail));
        Ok(decided.into_iter().collect())
    }

    fn immutable_changes(&self, old: &Self) -> Vec<FieldError> {
        let namespace = |member: &Self| member.spec.chain_namespace.clone().unwrap_or_default();
        let chain = unchanged("/spec/chain", &old.spec.chain, &self.spec.chain)
            .or_else(|| unchanged("/spec/chainNamespace", &namespace(old), &namespace(self)));
        let organization = unchanged("/spec/organization", &old.spec.organization, &self.spec.organization);
        chain.into_iter().chain(organization).collect()
    }
});

kind!(
    Contract,
    "contract",
    "contracts",
    ReadContracts,
    DeployContracts,
    DeployContracts,
    {
        fn place(estate: &mut Estate) -> Option<&mut Vec<Self>> {
            Some(&mut estate.contracts)
        }

        fn chain(&self) -> Option<&str> {
            Some(&self.spec.chain)
        }

        fn check(&self) -> Vec<FieldError> {
            let mut errors: Vec<FieldError> = label("/spec/chain", &self.spec.chain).into_iter().collect();
            let name = self
                .spec
                .name
                .as_deref()
                .map(names::check_contract)
                .and_then(Result::err);
            errors.extend(name.map(|detail| FieldError::invalid("/spec/name", detail)));
            errors.extend(super::chain_check::definition("/spec", &self.spec.definition));
            errors
        }

        fn immutable_changes(&self, old: &Self) -> Vec<FieldError> {
            let text = |value: &Option<String>| value.clone().unwrap_or_default();
            [
                unchanged("/spec/chain", &old.spec.chain, &self.spec.chain),
                unchanged("/spec/name", &text(&old.spec.name), &text(&self.spec.name)),
                unchanged(
                    "/spec/channel",
                    &text(&old.spec.definition.channel),
                    &text(&self.spec.definition.channel),
                ),
            ]
            .into_iter()
            .flatten()
            .collect()
        }
    }
);

kind!(
    Identity,
    "identity",
    "identities",
    ReadIdentities,
    IssueIdentities,
    IssueIdentities,
    {
        fn check(&self) -> Vec<FieldError> {
            let mut errors: Vec<FieldError> = label("/spec/organization", &self.spec.organization)
                .into_iter()
                .collect();
            if !(1..=3650).contains(&self.spec.validity_days) {
                errors.push(FieldError::invalid("/spec/validityDays", "must be 1 to 3650"));
            }
            errors
        }

        fn immutable_changes(&self, old: &Self) -> Vec<FieldError> {
            unchanged("/spec/organization", &old.spec.organization, &self.spec.organization)
                .into_iter()
                .collect()
        }
    }
);

kind!(
    NodeRelease,
    "node release",
    "node-releases",
    ReadReleases,
    WriteReleases,
    WriteReleases,
    {
        fn check(&self) -> Vec<FieldError> {
            let empty = self.spec.version.trim().is_empty();
            empty
                .then(|| FieldError::invalid("/spec/version", "must not be empty"))
                .into_iter()
                .collect()
        }

        fn immutable_changes(&self, old: &Self) -> Vec<FieldError> {
            let engine = unchanged("/spec/engine", old.spec.engine.as_str(), self.spec.engine.as_str());
            let version = unchanged("/spec/version", &old.spec.version, &self.spec.version);
            engine.into_iter().chain(version).collect()
        }
    }
);

kind!(
    Tenant,
    "tenant",
    "admin/tenants",
    ManageTenants,
    ManageTenants,
    ManageTenants,
    {
        fn display_name(&self) -> Option<&str> {
            self.spec.display_name.as_deref()
        }

        fn check(&self) -> Vec<FieldError> {
            let name = self.metadata.name.as_deref().unwrap_or_default();
            let mut errors = Vec::new();
            if name.contains('.') || name.len() > 63 {
                errors.push(FieldError::invalid(
                    "/name",
                    "is a namespace's: lower-case letters, digits and dashes, at most 63",
                ));
            }
            if self
                .spec
                .audit_retention_days
                .is_some_and(|days| !(1..=36_500).contains(&days))
            {
                errors.push(FieldError::invalid("/spec/auditRetentionDays", "must be 1 to 36500"));
            }
            let quotas = &self.spec.quotas;
            let read = [
                ("cpu", quotas.cpu.as_deref().map(units::cores)),
                ("memory", quotas.memory.as_deref().map(units::bytes)),
                ("storage", quotas.storage.as_deref().map(units::bytes)),
            ];
            for (quota, read) in read {
                if let Some(Err(detail)) = read {
                    errors.push(FieldError::invalid(format!("/spec/quotas/{quota}"), detail));
                }
            }
            errors
        }
    }
);

fn unchanged(pointer: &str, old: &str, new: &str) -> Option<FieldError> {
    let detail = || format!("cannot change from \"{old}\" to \"{new}\"");
    (old != new).then(|| FieldError::new(pointer, "immutable", detail()))
}

/// A reference to another resource by its name.
pub(super) fn label(pointer: &str, name: &str) -> Option<FieldError> {
    names::check_label(name)
        .err()
        .map(|detail| FieldError::invalid(pointer, detail))
}

pub(super) fn peers(pointer: &str, peers: u32) -> Option<FieldError> {
    let detail = || format!("must be 1 to 9, not {peers}");
    (!(1..=9).contains(&peers)).then(|| FieldError::invalid(pointer, detail()))
}
