//! A node's memory, where the cluster measures it.

use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind};
use serde_json::Value;

use super::state::Sight;
use crate::substrate::NodeId;

/// Bytes that the node's pods hold; `None` without the metrics API, or when it has not measured yet.
pub async fn of(client: &Client, id: &NodeId, pods: &[(String, Sight)]) -> Option<u64> {
    let kind = GroupVersionKind::gvk("metrics.k8s.io", "v1beta1", "PodMetrics");
    let resource = ApiResource::from_gvk_with_plural(&kind, "pods");
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), &id.namespace, &resource);
    let mut total = None;
    for (name, _) in pods {
        let measured = api.get_opt(name).await.ok().flatten()?;
        let containers = measured.data.get("containers").and_then(Value::as_array)?;
        let bytes = containers
            .iter()
            .filter_map(|container| bytes(container.pointer("/usage/memory")?.as_str()?))
            .sum::<u64>();
        total = Some(total.unwrap_or(0) + bytes);
    }
    total
}

/// A quantity of memory as the metrics API writes it.
fn bytes(quantity: &str) -> Option<u64> {
    let digits = quantity.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = quantity.split_at(digits);
    let factor = match unit {
        "" => 1,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "k" => 1000,
        "M" => 1_000_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    #[test]
    fn quantities_are_read_with_their_units() {
        assert_eq!(super::bytes("12345Ki"), Some(12345 << 10));
        assert_eq!(super::bytes("7"), Some(7));
        assert_eq!(super::bytes("2.5Gi"), None);
    }
}
