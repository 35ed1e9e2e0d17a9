# Keys, certificates and kubeconfigs. Sourced by `up`; never run.

# One authority, three certificates, and a bearer token for each component: what has to be authenticated, and no more.
make_certificates() (
  cd "$1"
  umask 077
  make_key ca
  openssl req -x509 -new -key ca.key -subj /CN=entente-test-cluster -days 30 -out ca.crt
  issue apiserver /CN=kube-apiserver "extendedKeyUsage=serverAuth
subjectAltName=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:127.0.0.1,IP:$api_service,IP:$node_address"
  issue kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client extendedKeyUsage=clientAuth
  issue front-proxy /CN=front-proxy extendedKeyUsage=clientAuth
  # Signs ServiceAccount tokens.
  make_key service-accounts
  openssl ec -in service-accounts.key -pubout -out service-accounts.pub 2>/dev/null

  make_kubeconfig admin admin system:masters
  make_kubeconfig controllers system:kube-controller-manager ''
  make_kubeconfig scheduler system:kube-scheduler ''
  make_kubeconfig kubelet "system:node:$node" system:nodes
  make_kubeconfig proxy system:kube-proxy ''
  make_kubeconfig network-policies entente:network-policies system:masters
  make_kubeconfig volumes entente:volumes system:masters
)

make_key() {
  openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
}

# issue NAME SUBJECT EXTENSIONS
issue() {
  make_key "$1"
  openssl req -new -key "$1.key" -subj "$2" |
    openssl x509 -req -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out "$1.crt" -extfile <(echo "$3") 2>/dev/null
}

# make_kubeconfig FILE USER GROUP
make_kubeconfig() {
  local token
  token=$(openssl rand -hex 16)
  echo "$token,$2,$2,\"$3\"" >>tokens.csv
  cat >"$1.kubeconfig" <<YAML
apiVersion: v1
kind: Config
current-context: cluster
clusters:
  - name: cluster
    cluster: {server: "https://127.0.0.1:6443", certificate-authority-data: $(base64 -w0 ca.crt)}
users:
  - name: user
    user: {token: $token}
contexts:
  - name: cluster
    context: {cluster: cluster, user: user}
YAML
}
