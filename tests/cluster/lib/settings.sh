# Where everything is. Sourced by the scripts of this folder; never run.
#
#   STATE                  folder of one running cluster, made by `up` and removed by `down`. Another folder, another
#                          cluster: any number can run side by side
#   ENTENTE_CLUSTER_CACHE  folder of what is built once for all clusters

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
root=$(cd "$here/../.." && pwd)
cache=${ENTENTE_CLUSTER_CACHE:-$HOME/.cache/entente/cluster}
state=${STATE:-$cache/state}
# What a cluster is made of: what `build` has made last, or what the cluster of $state was started from.
build=$cache/current
[ ! -e "$state/build" ] || build=$(cat "$state/build")
bin=$build/bin
images=$build/images

# The version that components/go.mod pins, as the API server reports it.
kubernetes=v1.34.4

# The node's name and addresses. Each cluster has network namespaces of its own, so all of them can use the same.
node=node1
node_address=10.123.0.1
pod_addresses=10.244.0.0/24
service_addresses=10.96.0.0/16
api_service=10.96.0.1
dns_service=10.96.0.10

fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# Whether the cluster of $state runs: its outermost process is there, and is not another one that got the same number.
running() {
  local pid
  pid=$(cat "$state/pid" 2>/dev/null) || return 1
  tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$state"
}

# Process number, as seen from outside, of the first process of the cluster's namespaces.
first_process() {
  local pid children
  pid=$(cat "$state/pid")
  children=$(cat "/proc/$pid/task/$pid/children")
  echo "${children%% *}"
}
