//! The service of a contract: a Deployment of one replica, which keeps nothing.

use std::collections::BTreeMap;

use entente_api::names::annotation;
use entente_api::needs::Needs;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment};
use k8s_openapi::api::core::v1::{Container, EnvVar, Probe, TCPSocketAction};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::pod::{self, Pod};
use super::{Kind, Object, files, metadata, name, role, selector};
use crate::substrate::kubernetes::settings::Settings;
use crate::substrate::{NodePlan, Program, Setting, SubstrateError, Workload};

/// Our program, on the search path of our image.
const NODE: &str = "entente-node";
const GRACE_SECONDS: i64 = 15;

/// The Deployment, and the fingerprint of its pod.
pub fn deployment(plan: &NodePlan, settings: &Settings) -> Result<(Object, String), SubstrateError> {
    let (template, fingerprint) = pod::template(plan, settings, pod(plan, settings)?);
    let rolling = RollingUpdateDeployment {
        max_surge: Some(IntOrString::Int(1)),
        max_unavailable: Some(IntOrString::Int(0)),
    };
    let spec = DeploymentSpec {
        replicas: Some(1),
        revision_history_limit: Some(2),
        // The one that serves stays until its successor does.
        strategy: Some(DeploymentStrategy {
            type_: Some("RollingUpdate".to_owned()),
            rolling_update: Some(rolling),
        }),
        selector: LabelSelector {
            match_labels: Some(selector(&plan.id)),
            match_expressions: None,
        },
        template,
        ..DeploymentSpec::default()
    };
    let mut metadata = metadata(plan, name(&plan.id));
    metadata
        .annotations
        .get_or_insert_default()
        .insert(annotation::PLAN.to_owned(), fingerprint.clone());
    let deployment = Deployment {
        metadata,
        spec,
        status: None,
    };
    Ok((Object::new(Kind::Deployment, &deployment)?, fingerprint))
}

fn pod(plan: &NodePlan, settings: &Settings) -> Result<Pod, SubstrateError> {
    let Workload::Contract {
        program,
        listen,
        environment,
    } = &plan.workload
    else {
        return Err(SubstrateError::Refused(format!("{} is no contract", plan.id)));
    };
    let mut container = match program {
        Program::Template { name, image } => Container {
            command: Some(vec![NODE.to_owned(), "contract".to_owned(), name.clone()]),
            ..pod::container(
                "contract",
                image.as_ref().unwrap_or(&settings.contracts_image),
                Needs::TEMPLATE,
            )
        },
        Program::Image(image) => pod::container("contract", image, Needs::IMAGE),
    };
    container.env = Some(variables(environment, &listen.to_string()));
    container.ports = Some(pod::ports(role(plan)));
    container.volume_mounts = Some(vec![files::mount(), pod::mount("tmp", "/tmp")]);
    container.startup_probe = Some(listens(1, 120));
    container.readiness_probe = Some(listens(10, 3));
    Ok(Pod {
        first: Vec::new(),
        containers: vec![container],
        volumes: vec![files::volume(plan), pod::scratch("tmp", "64Mi")],
        grace_seconds: GRACE_SECONDS,
    })
}

fn variables(environment: &BTreeMap<String, Setting>, listen: &str) -> Vec<EnvVar> {
    let variable = |name: &str, value: String| EnvVar {
        name: name.to_owned(),
        value: Some(value),
        value_from: None,
    };
    let address = variable("CHAINCODE_SERVER_ADDRESS", listen.to_owned());
    let others = environment.iter().map(|(name, setting)| match setting {
        Setting::Text(text) => variable(name, dollars_doubled(text)),
        Setting::File(path) => variable(name, format!("{}/{path}", files::FOLDER)),
    });
    [address].into_iter().chain(others).collect()
}

/// Kubernetes expands `$(NAME)`; a user's text means itself.
fn dollars_doubled(text: &str) -> String {
    text.replace("$(", "$$(")
}

/// A contract has no endpoint for health; that it accepts connections is what can be asked of any image.
fn listens(period_seconds: i32, failures: i32) -> Probe {
    Probe {
        tcp_socket: Some(TCPSocketAction {
            port: IntOrString::String("grpc".to_owned()),
            host: None,
        }),
        period_seconds: Some(period_seconds),
        timeout_seconds: Some(5),
        failure_threshold: Some(failures),
        ..Probe::default()
    }
}
