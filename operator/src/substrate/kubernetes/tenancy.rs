//! A tenant's namespace: what may be used there, what pods get that ask for nothing, who may reach them, and that the
//! platform's API may write there.
//!
//! A namespace that somebody else has made stays theirs: it gets no quota and no security level from us, and its other
//! pods are not closed. Only our own are. Nor is the API let in: or else whoever may name a tenant could have it read the
//! Secrets of any namespace.

use std::collections::BTreeMap;
use std::fmt::Debug;

use entente_api::names::{MANAGER, label};
use entente_api::needs::Needs;
use entente_api::tenant::Quotas;
use entente_api::units;
use k8s_openapi::Resource as _;
use k8s_openapi::api::core::v1::{
    LimitRange, LimitRangeItem, LimitRangeSpec, Namespace, ResourceQuota, ResourceQuotaSpec, ServiceAccount,
};
use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicySpec};
use k8s_openapi::api::rbac::v1::{ClusterRole, RoleBinding, RoleRef, Subject};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use kube::core::NamespaceResourceScope;
use kube::{Client, Error, Resource, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::settings::ApiAccount;
use crate::substrate::SubstrateError;

/// Name of the objects that a namespace is given, one of each kind but the binding.
const NAME: &str = "entente";

/// What a tenant's namespace is given, by the resource names of Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenancy {
    /// Most that the namespace may use in all.
    pub quota: BTreeMap<String, String>,
    /// What a container is taken to need that does not say.
    pub default_requests: BTreeMap<String, String>,
    /// What a container may use that does not say.
    pub default_limits: BTreeMap<String, String>,
}

impl Tenancy {
    /// With what a tenant's quotas say, where they do. Organizations are not among it: chains make some for themselves.
    pub fn within(mut self, quotas: &Quotas) -> Tenancy {
        let chains = quotas.chains.map(|chains| chains.to_string());
        // While a contract's service is exchanged there is one more.
        let cpu = quotas.cpu.as_deref().and_then(|cores| units::cores(cores).ok());
        let cpu = cpu.map(|cpu| format!("{}m", cpu.saturating_add(Needs::IMAGE.cpu)));
        let memory = quotas.memory.as_deref().and_then(|size| units::bytes(size).ok());
        let memory = memory.map(|memory| memory.saturating_add(Needs::IMAGE.memory).to_string());
        let said = [
            ("requests.cpu", cpu),
            ("requests.memory", memory),
            ("requests.storage", quotas.storage.clone()),
            ("count/chains.entente.dev", chains),
        ];
        let said = said
            .into_iter()
            .filter_map(|(name, limit)| Some((name.to_owned(), limit?)));
        self.quota.extend(said);
        self
    }
}

impl Default for Tenancy {
    /// Room for some dozens of chains: what stops an accident, not a customer.
    fn default() -> Tenancy {
        let of = |pairs: &[(&str, &str)]| {
            let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            pairs.iter().map(pair).collect()
        };
        Tenancy {
            quota: of(&[
                ("pods", "500"),
                ("requests.cpu", "64"),
                ("requests.memory", "128Gi"),
                ("persistentvolumeclaims", "500"),
                ("requests.storage", "10Ti"),
                ("services.loadbalancers", "50"),
                ("services.nodeports", "200"),
            ]),
            default_requests: of(&[("cpu", "50m"), ("memory", "64Mi")]),
            default_limits: of(&[("memory", "512Mi")]),
        }
    }
}

/// The objects inside of a namespace.
#[derive(Debug, Clone, PartialEq)]
pub struct Furnishing {
    /// Neither in a namespace of somebody else's.
    pub limits: Option<(ResourceQuota, LimitRange)>,
    pub policy: NetworkPolicy,
    /// What lets the API in.
    pub binding: Option<RoleBinding>,
}

/// What a namespace is given; `is_ours` when we have made it.
pub fn furnishing(namespace: &str, tenancy: &Tenancy, api: Option<&ApiAccount>, is_ours: bool) -> Furnishing {
    let managed = BTreeMap::from([(label::MANAGED_BY.to_owned(), MANAGER.to_owned())]);
    let metadata = ObjectMeta {
        name: Some(NAME.to_owned()),
        namespace: Some(namespace.to_owned()),
        labels: Some(managed.clone()),
        ..ObjectMeta::default()
    };
    let quantities = |given: &BTreeMap<String, String>| {
        let quantity = |(name, value): (&String, &String)| (name.clone(), Quantity(value.clone()));
        Some(given.iter().map(quantity).collect::<BTreeMap<_, _>>())
    };
    let quota = ResourceQuota {
        metadata: metadata.clone(),
        spec: Some(ResourceQuotaSpec {
            hard: quantities(&tenancy.quota),
            ..ResourceQuotaSpec::default()
        }),
        status: None,
    };
    let range = LimitRange {
        metadata: metadata.clone(),
        spec: Some(LimitRangeSpec {
            limits: vec![LimitRangeItem {
                type_: "Container".to_owned(),
                default_request: quantities(&tenancy.default_requests),
                default: quantities(&tenancy.default_limits),
                ..LimitRangeItem::default()
            }],
        }),
    };
    // Of a namespace that is ours nothing can be reached but what another policy opens; elsewhere, of our own pods.
    let closed = LabelSelector {
        match_labels: (!is_ours).then_some(managed),
        match_expressions: None,
    };
    let policy = NetworkPolicy {
        metadata,
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(closed),
            policy_types: Some(vec!["Ingress".to_owned()]),
            ..NetworkPolicySpec::default()
        }),
    };
    Furnishing {
        limits: is_ours.then_some((quota, range)),
        policy,
        binding: api.filter(|_| is_ours).map(|api| binding(namespace, api)),
    }
}

/// Called like the role: what a binding refers to cannot change, and another installation has a role of another name.
fn binding(namespace: &str, api: &ApiAccount) -> RoleBinding {
    RoleBinding {
        metadata: ObjectMeta {
            name: Some(api.role.clone()),
            namespace: Some(namespace.to_owned()),
            labels: Some(BTreeMap::from([(label::MANAGED_BY.to_owned(), MANAGER.to_owned())])),
            ..ObjectMeta::default()
        },
        role_ref: RoleRef {
            api_group: Some(ClusterRole::GROUP.to_owned()),
            kind: ClusterRole::KIND.to_owned(),
            name: api.role.clone(),
        },
        subjects: Some(vec![Subject {
            kind: ServiceAccount::KIND.to_owned(),
            name: api.service_account.clone(),
            namespace: Some(api.namespace.clone()),
            api_group: None,
        }]),
    }
}

/// Makes the namespace if there is none, and gives it what it should have. Says whether it is ours.
pub async fn prepare(
    client: &Client,
    namespace: &str,
    tenancy: &Tenancy,
    api_account: Option<&ApiAccount>,
) -> Result<bool, SubstrateError> {
    let api: Api<Namespace> = Api::all(client.clone());
    let failed = |error| SubstrateError::cluster(format!("preparing the namespace {namespace}"))(error);
    let is_ours = match api.get_metadata_opt(namespace).await.map_err(failed)? {
        Some(found) => is_managed(found.labels()),
        None => true,
    };
    if is_ours {
        let wanted = ours(namespace);
        let parameters = PatchParams::apply(MANAGER).force();
        api.patch_metadata(namespace, &parameters, &Patch::Apply(&wanted))
            .await
            .map_err(failed)?;
    }
    let Furnishing {
        limits,
        policy,
        binding,
    } = furnishing(namespace, tenancy, api_account, is_ours);
    if let Some((quota, range)) = &limits {
        put(client, namespace, quota).await.map_err(failed)?;
        put(client, namespace, range).await.map_err(failed)?;
    }
    put(client, namespace, &policy).await.map_err(failed)?;
    if let Some(binding) = &binding {
        put(client, namespace, binding).await.map_err(failed)?;
    }
    Ok(is_ours)
}

/// Takes back what [`prepare`] gave to a namespace. The namespace stays, whoever has made it: ledgers and keys that were to
/// be retained are in it, and perhaps programs of its owner's.
pub async fn release(
    client: &Client,
    namespace: &str,
    api_account: Option<&ApiAccount>,
) -> Result<(), SubstrateError> {
    let failed = |error| SubstrateError::cluster(format!("leaving the namespace {namespace}"))(error);
    if let Some(account) = api_account {
        take_back::<RoleBinding>(client, namespace, &account.role)
            .await
            .map_err(failed)?;
    }
    take_back::<NetworkPolicy>(client, namespace, NAME)
        .await
        .map_err(failed)?;
    take_back::<ResourceQuota>(client, namespace, NAME)
        .await
        .map_err(failed)?;
    take_back::<LimitRange>(client, namespace, NAME).await.map_err(failed)
}

fn is_managed(labels: &BTreeMap<String, String>) -> bool {
    labels.get(label::MANAGED_BY).is_some_and(|manager| manager == MANAGER)
}

/// The namespace itself, at the strictest level of Pod Security.
fn ours(name: &str) -> Namespace {
    let levels = ["enforce", "warn", "audit"].map(|mode| {
        let key = format!("pod-security.kubernetes.io/{mode}");
        (key, "restricted".to_owned())
    });
    let mut labels = BTreeMap::from(levels);
    labels.insert(label::MANAGED_BY.to_owned(), MANAGER.to_owned());
    Namespace {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            labels: Some(labels),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    }
}

async fn put<K>(client: &Client, namespace: &str, object: &K) -> Result<(), Error>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + Serialize + DeserializeOwned,
{
    let api: Api<K> = Api::namespaced(client.clone(), namespace);
    let parameters = PatchParams::apply(MANAGER).force();
    api.patch_metadata(&object.name_any(), &parameters, &Patch::Apply(object))
        .await
        .map(drop)
}

async fn take_back<K>(client: &Client, namespace: &str, name: &str) -> Result<(), Error>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
{
    let api: Api<K> = Api::namespaced(client.clone(), namespace);
    match api.delete(name, &DeleteParams::default()).await {
        Err(Error::Api(status)) if status.code == 404 => Ok(()),
        outcome => outcome.map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api() -> ApiAccount {
        ApiAccount {
            namespace: "entente-system".to_owned(),
            service_account: "entente-api".to_owned(),
            role: "entente-system:entente-api:tenant".to_owned(),
        }
    }

    #[test]
    fn a_namespace_of_ours_is_closed_and_bounded() {
        let furnishing = furnishing("hebei", &Tenancy::default(), Some(&api()), true);

        insta::assert_yaml_snapshot!((ours("hebei"), furnishing.limits, furnishing.policy, furnishing.binding));
    }

    #[test]
    fn in_somebody_elses_namespace_only_our_own_pods_are_closed_and_the_api_has_no_rights() {
        let furnishing = furnishing("theirs", &Tenancy::default(), Some(&api()), false);

        let closed = furnishing
            .policy
            .spec
            .and_then(|spec| spec.pod_selector)
            .and_then(|pods| pods.match_labels);
        let ours = BTreeMap::from([(label::MANAGED_BY.to_owned(), MANAGER.to_owned())]);
        assert_eq!(
            (furnishing.limits, furnishing.binding, closed),
            (None, None, Some(ours))
        );
    }
}
