# Control groups. Sourced by `up`; never run.

# Makes a group for the cluster in each cgroup v1 hierarchy, below the one that this shell is in, so that nothing of the
# cluster is outside. The folders are listed in $state/cgroups, for the process to enter and for `down` to remove.
make_cgroups() {
  local controllers name path folder
  : >"$state/cgroups"
  while IFS=: read -r _ controllers path; do
    [ -n "$controllers" ] || continue
    name=${controllers#name=}
    folder=$(realpath -m "/sys/fs/cgroup/$name/$path/entente-cluster-$$")
    mkdir -p "$folder"
    echo "$folder" >>"$state/cgroups"
    # A new cpuset has neither CPUs nor memory, and takes no process before it has both.
    if [ "$name" = cpuset ]; then
      cat "${folder%/*}/cpuset.cpus" >"$folder/cpuset.cpus"
      cat "${folder%/*}/cpuset.mems" >"$folder/cpuset.mems"
    fi
  done </proc/self/cgroup
}
