# Control groups. Sourced by `check` and `up`; never run.

# Prints the folder of the cluster's group in each cgroup v1 hierarchy: below the one that this shell is in, so that nothing
# of the cluster is outside.
cgroup_folders() {
  local controllers path
  while IFS=: read -r _ controllers path; do
    [ -n "$controllers" ] || continue
    realpath -m "/sys/fs/cgroup/${controllers#name=}/$path/entente-cluster-$$"
  done </proc/self/cgroup
}

# Makes the groups. Their folders are listed in $state/cgroups, for the process to enter and for `down` to remove.
make_cgroups() {
  local folder
  cgroup_folders >"$state/cgroups"
  while read -r folder; do
    mkdir -p "$folder"
    # A new cpuset has neither CPUs nor memory, and takes no process before it has both.
    if [ -e "$folder/cpuset.cpus" ]; then
      cat "${folder%/*}/cpuset.cpus" >"$folder/cpuset.cpus"
      cat "${folder%/*}/cpuset.mems" >"$folder/cpuset.mems"
    fi
  done <"$state/cgroups"
}
