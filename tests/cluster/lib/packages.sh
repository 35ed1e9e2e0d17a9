# The programs of the distribution that a cluster needs. Sourced; never run.

# A program (or file), and the Debian package that brings it.
packages=(
  containerd:containerd ctr:containerd runc:runc /usr/lib/cni/bridge:containernetworking-plugins
  iptables:iptables nft:nftables conntrack:conntrack ipset:ipset modprobe:kmod
  ip:iproute2 openssl:openssl python3:python3-minimal
)

# Prints the packages that are missing.
missing_packages() {
  local entry program
  for entry in "${packages[@]}"; do
    program=${entry%:*}
    PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || echo "${entry##*:}"
  done | sort -u
}

# Installs what is missing with apt-get, or says what to install.
install_packages() {
  local missing
  mapfile -t missing < <(missing_packages)
  [ "${#missing[@]}" = 0 ] && return
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    fail "install these first (their names are Debian's): ${missing[*]}"
  fi
  echo "installing ${missing[*]}" >&2
  apt-get update -q >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}" >&2
}
