# The components of the node, with their flags. Sourced by `init`; never run.

# Name of each running component, by process number.
declare -A components

# start NAME COMMAND…: in the background, with a log of its own.
start() {
  local name=$1
  shift
  "$@" >"$state/log/$name.log" 2>&1 &
  components[$!]=$name
}

start_containerd() {
  start containerd containerd --config "$state/containerd.toml" --log-level warn
}

start_etcd() {
  # Without fsync: a cluster that loses power is not missed.
  start etcd k8s etcd --data-dir "$state/etcd" --unsafe-no-fsync --log-level warn \
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
    --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
    --initial-cluster default=http://127.0.0.1:2380
}

start_api_server() {
  local pki=$state/pki
  start kube-apiserver k8s kube-apiserver --etcd-servers http://127.0.0.1:2379 \
    --advertise-address "$node_address" --bind-address 0.0.0.0 --secure-port 6443 \
    --service-cluster-ip-range "$service_addresses" \
    --tls-cert-file "$pki/apiserver.crt" --tls-private-key-file "$pki/apiserver.key" \
    --client-ca-file "$pki/ca.crt" --token-auth-file "$pki/tokens.csv" \
    --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction --allow-privileged \
    --service-account-issuer https://kubernetes.default.svc.cluster.local \
    --service-account-key-file "$pki/service-accounts.pub" --service-account-signing-key-file "$pki/service-accounts.key" \
    --kubelet-client-certificate "$pki/kubelet-client.crt" --kubelet-client-key "$pki/kubelet-client.key" \
    --kubelet-preferred-address-types InternalIP \
    --proxy-client-cert-file "$pki/front-proxy.crt" --proxy-client-key-file "$pki/front-proxy.key" \
    --requestheader-client-ca-file "$pki/ca.crt" --requestheader-allowed-names front-proxy \
    --requestheader-username-headers X-Remote-User --requestheader-group-headers X-Remote-Group \
    --requestheader-extra-headers-prefix X-Remote-Extra-
}

start_controllers() {
  local config=$state/pki/controllers.kubeconfig pki=$state/pki
  start kube-controller-manager k8s kube-controller-manager --kubeconfig "$config" \
    --authentication-kubeconfig "$config" --authorization-kubeconfig "$config" --bind-address 127.0.0.1 \
    --leader-elect=false --use-service-account-credentials --service-account-private-key-file "$pki/service-accounts.key" \
    --root-ca-file "$pki/ca.crt" --cluster-signing-cert-file "$pki/ca.crt" --cluster-signing-key-file "$pki/ca.key" \
    --allocate-node-cidrs=false --endpointslice-updates-batch-period 0s --kube-api-qps 200 --kube-api-burst 400
}

start_scheduler() {
  local config=$state/pki/scheduler.kubeconfig
  start kube-scheduler k8s kube-scheduler --kubeconfig "$config" --authentication-kubeconfig "$config" \
    --authorization-kubeconfig "$config" --bind-address 127.0.0.1 --leader-elect=false
}

start_kubelet() {
  start kubelet k8s kubelet --config "$state/kubelet.yaml" --kubeconfig "$state/pki/kubelet.kubeconfig" \
    --root-dir /var/lib/kubelet --hostname-override "$node" --node-ip "$node_address" --register-node
}

start_proxy() {
  # Limits of connection tracking are the machine's, not the namespace's.
  start kube-proxy k8s kube-proxy --kubeconfig "$state/pki/proxy.kubeconfig" --hostname-override "$node" \
    --bind-address "$node_address" --cluster-cidr "${pod_addresses%.0/24}.0/16" --proxy-mode iptables \
    --iptables-min-sync-period 100ms --conntrack-max-per-core 0 --nodeport-addresses primary
}

start_network_policies() {
  start network-policies k8s network-policies "$state/pki/network-policies.kubeconfig"
}

start_volumes() {
  start volumes k8s volumes "$state/pki/volumes.kubeconfig" "$state/volumes" "$node"
}
