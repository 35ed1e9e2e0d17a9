# Configuration files of containerd, the kubelet, the pod network and name resolution. Sourced by `up`; never run.

write_configuration() {
  # Of the node, and of pods that ask for the node's (CoreDNS): there is nobody else to ask.
  : >"$state/resolv.conf"
  # Of programs that are run in the cluster's network.
  cat >"$state/resolv.cluster.conf" <<CONF
nameserver $dns_service
search svc.cluster.local cluster.local
options ndots:5
CONF
  write_kubelet
  write_pod_network
  write_containerd
}

write_kubelet() {
  cat >"$state/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: 0.0.0.0
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: $state/pki/ca.crt}
authorization: {mode: Webhook}
containerRuntimeEndpoint: unix://$state/containerd-run/containerd.sock
clusterDNS: [$dns_service]
clusterDomain: cluster.local
resolvConf: $state/resolv.conf
volumePluginDir: $state/plugins
# There is no systemd to ask, and the node's own groups are not the kubelet's to limit.
cgroupDriver: cgroupfs
enforceNodeAllocatable: [none]
failSwapOn: false
# The disk and the memory are those of a developer's machine: neither evicts pods, nor do images go.
evictionHard: {memory.available: "0%", nodefs.available: "0%", imagefs.available: "0%", nodefs.inodesFree: "0%", imagefs.inodesFree: "0%"}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
# A test waits for each of these.
nodeStatusUpdateFrequency: 5s
kubeAPIQPS: 200
kubeAPIBurst: 400
registryPullQPS: 0
shutdownGracePeriod: 0s
YAML
}

write_pod_network() {
  cat >"$state/cni/10-pods.conflist" <<JSON
{
  "cniVersion": "0.4.0",
  "name": "pods",
  "plugins": [
    {
      "type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true, "ipMasq": false,
      "ipam": {
        "type": "host-local", "dataDir": "$state/cni-state",
        "ranges": [[{"subnet": "$pod_addresses"}]], "routes": [{"dst": "0.0.0.0/0"}]
      }
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
JSON
}

write_containerd() {
  # A virtual machine of a CI service has neither AppArmor nor huge pages, and does not let a process lower its OOM score.
  cat >"$state/containerd.toml" <<TOML
version = 2
root = "$state/containerd"
state = "$state/containerd-run"
oom_score = 0
disabled_plugins = [
  "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
]
[grpc]
  address = "$state/containerd-run/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "cluster.entente.dev/pause:1"
  disable_apparmor = true
  disable_hugetlb_controller = true
  disable_tcp_service = true
  restrict_oom_score_adj = true
  tolerate_missing_hugetlb_controller = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$state/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
TOML
}
