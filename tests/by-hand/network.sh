#!/usr/bin/env bash
# A consortium set up by hand: one step after the other with the stock tools, as an operator without a platform would.
# Three Raft orderers, two organizations with one peer each, one channel, one contract as a service. Each node runs the
# engine that is asked for; with stock nodes alone it is the comparison of `make bench`, with others a test of how the
# engines and the stock tools get along.
#
#   BIN=folder of peer, orderer, cryptogen, configtxgen, osnadmin
#   CONTRACT=shell command that ends in `exec` of a contract service; gets CHAINCODE_SERVER_ADDRESS and CHAINCODE_ID
#   NAME=the contract's name      FIRST={"Args":[…]} of the first transaction
#   WORK=empty folder             PORTS=first of 40 free ports
#   ORDERERS, PEERS=engines, "stock stock stock" and "stock stock" by default; "native" needs
#   ENTENTE_NODE=the entente-node executable
#
# Prints `step<TAB>seconds since start` lines, then `pids<TAB>…`, writes $WORK/connection-N.json for the clients of
# tests/clients at the peer of organization N, and keeps the network running until its standard input closes.
set -euo pipefail
: "${BIN:?}" "${CONTRACT:?}" "${NAME:?}" "${FIRST:?}" "${WORK:?}" "${PORTS:=17000}"
read -ra orderers <<<"${ORDERERS:-stock stock stock}"
read -ra peers <<<"${PEERS:-stock stock}"
mkdir -p "$WORK" && cd "$WORK"
export PATH="$BIN:$PATH"
began=$(date +%s.%N)
step() { printf '%s\t%.2f\n' "$1" "$(echo "$(date +%s.%N) - $began" | bc)"; }
pids=()
finish() { # ends what runs; after a failure, tells what each command and node said last
  local status=$?
  [ "$status" = 0 ] || tail -n 6 ./*.log >&2 || true
  kill "${pids[@]}" 2>/dev/null || true
  wait || true
}
trap finish EXIT
until_true() { # waits for a command to succeed, at most 60 s
  local tries=0
  until "$@" >>"$WORK/wait.log" 2>&1; do
    tries=$((tries + 1)); [ "$tries" -lt 1200 ] || { echo "gave up on: $*" >&2; exit 1; }
    sleep 0.05
  done
}
orderer_port() { echo $((PORTS + $1)); }
admin_port() { echo $((PORTS + 5 + $1)); }
peer_port() { echo $((PORTS + 10 + $1)); }

cat >crypto.yaml <<'YAML'
OrdererOrgs:
  - {Name: Orderer, Domain: orderer.test, EnableNodeOUs: true,
     Specs: [{Hostname: o1, SANS: [127.0.0.1]}, {Hostname: o2, SANS: [127.0.0.1]}, {Hostname: o3, SANS: [127.0.0.1]}]}
PeerOrgs:
  - {Name: Org1, Domain: org1.test, EnableNodeOUs: true, Template: {Count: 1, SANS: [127.0.0.1]}, Users: {Count: 1}}
  - {Name: Org2, Domain: org2.test, EnableNodeOUs: true, Template: {Count: 1, SANS: [127.0.0.1]}, Users: {Count: 1}}
YAML
cryptogen generate --config crypto.yaml --output crypto >/dev/null

org_policies() { # MSP id
  cat <<YAML
    Policies:
      Readers: {Type: Signature, Rule: "OR('$1.member')"}
      Writers: {Type: Signature, Rule: "OR('$1.member')"}
      Admins: {Type: Signature, Rule: "OR('$1.admin')"}
      Endorsement: {Type: Signature, Rule: "OR('$1.peer')"}
YAML
}
{
  echo "Organizations:"
  echo "  - &Orderer"; echo "    Name: Orderer"; echo "    ID: OrdererMSP"
  echo "    MSPDir: $WORK/crypto/ordererOrganizations/orderer.test/msp"; org_policies OrdererMSP
  echo "    OrdererEndpoints: [127.0.0.1:$(orderer_port 1), 127.0.0.1:$(orderer_port 2), 127.0.0.1:$(orderer_port 3)]"
  for n in 1 2; do
    echo "  - &Org$n"; echo "    Name: Org$n"; echo "    ID: Org${n}MSP"
    echo "    MSPDir: $WORK/crypto/peerOrganizations/org$n.test/msp"; org_policies "Org${n}MSP"
    echo "    AnchorPeers: [{Host: 127.0.0.1, Port: $(peer_port $n)}]"
  done
  cat <<YAML
Channel:
  Policies: &Meta
    Readers: {Type: ImplicitMeta, Rule: ANY Readers}
    Writers: {Type: ImplicitMeta, Rule: ANY Writers}
    Admins: {Type: ImplicitMeta, Rule: MAJORITY Admins}
Profiles:
  Demo:
    Capabilities: {V3_0: true}
    Policies:
      <<: *Meta
    Orderer:
      OrdererType: etcdraft
      Capabilities: {V2_0: true}
      BatchTimeout: 250ms
      BatchSize: {MaxMessageCount: 500, AbsoluteMaxBytes: 10 MB, PreferredMaxBytes: 2 MB}
      Organizations: [*Orderer]
      Policies:
        <<: *Meta
        BlockValidation: {Type: ImplicitMeta, Rule: ANY Writers}
      EtcdRaft:
        Consenters:
YAML
  for n in 1 2 3; do
    tls=$WORK/crypto/ordererOrganizations/orderer.test/orderers/o$n.orderer.test/tls/server.crt
    echo "          - {Host: 127.0.0.1, Port: $(orderer_port $n), ClientTLSCert: $tls, ServerTLSCert: $tls}"
  done
  cat <<YAML
    Application:
      Capabilities: {V2_5: true}
      Organizations: [*Org1, *Org2]
      Policies:
        <<: *Meta
        LifecycleEndorsement: {Type: ImplicitMeta, Rule: MAJORITY Endorsement}
        Endorsement: {Type: ImplicitMeta, Rule: MAJORITY Endorsement}
YAML
} >configtx.yaml
configtxgen -configPath "$WORK" -profile Demo -channelID main -outputBlock genesis.pb >configtxgen.log 2>&1 \
  || { cat configtxgen.log >&2; exit 1; }
step "crypto and genesis"

mkdir -p builder/bin cfg
printf '#!/bin/sh\ngrep -q ccaas "$2/metadata.json"\n' >builder/bin/detect
printf '#!/bin/sh\ncp "$1/connection.json" "$3/"\n' >builder/bin/build
printf '#!/bin/sh\nmkdir -p "$2/chaincode/server" && cp "$1/connection.json" "$2/chaincode/server/"\n' >builder/bin/release
chmod +x builder/bin/*

start_stock_orderer() { # number, home
  local n=$1 home=$2
  mkdir -p cfg/o$n
  cat >cfg/o$n/orderer.yaml <<YAML
General:
  ListenAddress: 127.0.0.1
  ListenPort: $(orderer_port $n)
  TLS: {Enabled: true, PrivateKey: $home/tls/server.key, Certificate: $home/tls/server.crt, RootCAs: [$home/tls/ca.crt]}
  Cluster: {SendBufferSize: 100, ClientCertificate: $home/tls/server.crt, ClientPrivateKey: $home/tls/server.key}
  BootstrapMethod: none
  LocalMSPDir: $home/msp
  LocalMSPID: OrdererMSP
  BCCSP: {Default: SW, SW: {Hash: SHA2, Security: 256}}
FileLedger: {Location: $WORK/data/o$n}
Consensus: {WALDir: $WORK/data/o$n/wal, SnapDir: $WORK/data/o$n/snap}
Operations: {ListenAddress: "127.0.0.1:0"}
Admin:
  ListenAddress: 127.0.0.1:$(admin_port $n)
  TLS: {Enabled: true, PrivateKey: $home/tls/server.key, Certificate: $home/tls/server.crt, ClientAuthRequired: true, ClientRootCAs: [$home/tls/ca.crt]}
ChannelParticipation: {Enabled: true, MaxRequestBodySize: 1048576}
YAML
  FABRIC_CFG_PATH=$WORK/cfg/o$n orderer >o$n.log 2>&1 &
  pids+=($!)
}
configure_stock_peer() { # number, home: the peer command line needs this too
  local n=$1 home=$2
  mkdir -p cfg/p$n
  cat >cfg/p$n/core.yaml <<YAML
peer:
  id: peer0.org$n.test
  networkId: demo
  listenAddress: 127.0.0.1:$(peer_port $n)
  chaincodeListenAddress: 127.0.0.1:$((PORTS + 15 + n))
  address: 127.0.0.1:$(peer_port $n)
  gateway: {enabled: true, endorsementTimeout: 30s, broadcastTimeout: 30s, dialTimeout: 2m}
  gossip:
    bootstrap: 127.0.0.1:$(peer_port $n)
    externalEndpoint: 127.0.0.1:$(peer_port $n)
    endpoint: 127.0.0.1:$(peer_port $n)
    useLeaderElection: false
    orgLeader: true
    reconnectInterval: 2s
  tls: {enabled: true, clientAuthRequired: false, cert: {file: $home/tls/server.crt}, key: {file: $home/tls/server.key}, rootcert: {file: $home/tls/ca.crt}}
  fileSystemPath: $WORK/data/p$n
  BCCSP: {Default: SW, SW: {Hash: SHA2, Security: 256}}
  mspConfigPath: $home/msp
  localMspId: Org${n}MSP
  handlers: {authFilters: [{name: DefaultAuth}], decorators: [{name: DefaultDecorator}], endorsers: {escc: {name: DefaultEndorsement}}, validators: {vscc: {name: DefaultValidation}}}
  discovery: {enabled: true}
  limits: {concurrency: {endorserService: 2500, deliverService: 2500, gatewayService: 500}}
vm: {endpoint: ""}
chaincode:
  externalBuilders: [{name: ccaas, path: $WORK/builder}]
  installTimeout: 300s
  startuptimeout: 300s
  executetimeout: 30s
  mode: net
  system: {_lifecycle: enable, cscc: enable, lscc: enable, qscc: enable}
ledger: {state: {stateDatabase: goleveldb, totalQueryLimit: 100000}, history: {enableHistoryDatabase: true}, snapshots: {rootDir: $WORK/data/p$n/snapshots}, pvtdataStore: {}}
operations: {listenAddress: "127.0.0.1:0"}
metrics: {provider: disabled}
YAML
}
start_stock_peer() {
  FABRIC_CFG_PATH=$WORK/cfg/p$1 peer node start >"p$1.log" 2>&1 &
  pids+=($!)
}
start_native() { # role, name, MSP id, home, listen port, then the role's own settings
  local role=$1 name=$2 msp=$3 home=$4 port=$5 own=$6
  cat >"$name.json" <<JSON
{"name": "$name", "role": "$role", "mspId": "$msp", "mspDir": "$home/msp", "dataDir": "$WORK/data/$name",
 "listen": "127.0.0.1:$port", "externalEndpoint": "127.0.0.1:$port", "operations": {"listen": "127.0.0.1:$((port + 25))"},
 "tls": {"certificate": "$home/tls/server.crt", "key": "$home/tls/server.key", "rootCertificates": ["$home/tls/ca.crt"]}, $own}
JSON
  "$ENTENTE_NODE" "$role" --config "$name.json" >"$name.log" 2>&1 &
  pids+=($!)
}

for n in 1 2 3; do
  home=$WORK/crypto/ordererOrganizations/orderer.test/orderers/o$n.orderer.test
  if [ "${orderers[n - 1]}" = native ]; then
    start_native orderer o$n OrdererMSP "$home" "$(orderer_port $n)" "\"admin\": {\"listen\": \"127.0.0.1:$(admin_port $n)\",
      \"tls\": {\"certificate\": \"$home/tls/server.crt\", \"key\": \"$home/tls/server.key\", \"clientRootCertificates\": [\"$home/tls/ca.crt\"]}}"
  else
    start_stock_orderer $n "$home"
  fi
done
for n in 1 2; do
  home=$WORK/crypto/peerOrganizations/org$n.test/peers/peer0.org$n.test
  configure_stock_peer $n "$home"
  if [ "${peers[n - 1]}" = native ]; then
    start_native peer p$n Org${n}MSP "$home" "$(peer_port $n)" "\"chaincodeListen\": \"127.0.0.1:$((PORTS + 15 + n))\""
  else
    start_stock_peer $n
  fi
done
step "processes started"

as_org() { # org number, then a peer command
  local n=$1; shift
  local org=$WORK/crypto/peerOrganizations/org$n.test
  FABRIC_CFG_PATH=$WORK/cfg/p$n CORE_PEER_LOCALMSPID=Org${n}MSP CORE_PEER_ADDRESS=127.0.0.1:$(peer_port "$n") \
    CORE_PEER_MSPCONFIGPATH=$org/users/Admin@org$n.test/msp \
    CORE_PEER_TLS_ROOTCERT_FILE=$org/peers/peer0.org$n.test/tls/ca.crt FABRIC_LOGGING_SPEC=error peer "$@"
}
tls=$WORK/crypto/ordererOrganizations/orderer.test/orderers/o1.orderer.test/tls
for n in 1 2 3; do
  until_true osnadmin channel join --channelID main --config-block genesis.pb -o "127.0.0.1:$(admin_port $n)" \
    --ca-file "$tls/ca.crt" --client-cert "$tls/server.crt" --client-key "$tls/server.key"
done
step "orderers joined"
for n in 1 2; do until_true as_org $n channel join -b genesis.pb; done
step "peers joined"

contract_port=$((PORTS + 20))
mkdir -p package
printf '{"address":"127.0.0.1:%s","dial_timeout":"10s","tls_required":false}' "$contract_port" >package/connection.json
printf '{"type":"ccaas","label":"%s"}' "$NAME" >package/metadata.json
tar -C package -czf package/code.tar.gz connection.json
tar -C package -czf contract.tar.gz metadata.json code.tar.gz
id=$(as_org 1 lifecycle chaincode calculatepackageid contract.tar.gz)
CHAINCODE_SERVER_ADDRESS=127.0.0.1:$contract_port CHAINCODE_ID=$id sh -c "$CONTRACT" >contract.log 2>&1 &
pids+=($!)
orderer_flags=(-o "127.0.0.1:$(orderer_port 1)" --tls --cafile "$tls/ca.crt")
definition=(--channelID main --name "$NAME" --version 1 --sequence 1)
for n in 1 2; do
  as_org $n lifecycle chaincode install contract.tar.gz >>peer.log 2>&1
  until_true as_org $n lifecycle chaincode approveformyorg "${orderer_flags[@]}" "${definition[@]}" --package-id "$id"
done
step "contract installed and approved"
both=()
for n in 1 2; do
  both+=(--peerAddresses "127.0.0.1:$(peer_port $n)"
    --tlsRootCertFiles "$WORK/crypto/peerOrganizations/org$n.test/peers/peer0.org$n.test/tls/ca.crt")
done
as_org 1 lifecycle chaincode commit "${orderer_flags[@]}" "${definition[@]}" "${both[@]}" >>peer.log 2>&1
step "contract committed"
# A stock peer dials a contract when it is first called, and does not try again.
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1"); }
until_true listens "$contract_port"
as_org 1 chaincode invoke "${orderer_flags[@]}" -C main -n "$NAME" "${both[@]}" --waitForEvent -c "$FIRST" >>peer.log 2>&1
step "first transaction committed"

for n in 1 2; do
  org=crypto/peerOrganizations/org$n.test
  user=$org/users/User1@org$n.test/msp
  cat >connection-$n.json <<JSON
{"endpoint": "127.0.0.1:$(peer_port $n)", "tlsRootCertificate": "$org/peers/peer0.org$n.test/tls/ca.crt",
 "mspId": "Org${n}MSP", "certificate": "$(ls $user/signcerts/*)", "privateKey": "$(ls $user/keystore/*)",
 "channel": "main", "contract": "$NAME"}
JSON
done
printf 'pids\t%s\n' "${pids[*]}"
cat >/dev/null
