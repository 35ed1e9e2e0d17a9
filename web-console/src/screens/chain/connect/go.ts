import { type Guide, literals, type Target } from './target';

export const go = (target: Target): Guide => ({
  files: [
    {
      name: 'main.go',
      text: `package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-gateway/pkg/hash"
	"github.com/hyperledger/fabric-gateway/pkg/identity"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

func main() {
	var here struct{ Endpoint, MspID, TLSRootCertificate, Certificate, PrivateKey, Channel, Contract string }
	must(struct{}{}, json.Unmarshal(file("connection.json"), &here))

	tls := must(credentials.NewClientTLSFromFile("my-app/"+here.TLSRootCertificate, ""))
	connection := must(grpc.NewClient(here.Endpoint, grpc.WithTransportCredentials(tls)))
	defer connection.Close()

	certificate := must(identity.CertificateFromPEM(file(here.Certificate)))
	key := must(identity.PrivateKeyFromPEM(file(here.PrivateKey)))
	gateway := must(client.Connect(
		must(identity.NewX509Identity(here.MspID, certificate)),
		client.WithSign(must(identity.NewPrivateKeySign(key))),
		client.WithHash(hash.SHA256),
		client.WithClientConnection(connection),
	))
	defer gateway.Close()

	contract := gateway.GetNetwork(here.Channel).GetContract(here.Contract)
	answer := must(contract.${target.isSubmit ? 'Submit' : 'Evaluate'}Transaction(${literals(target)}))
	fmt.Println(string(answer))
}

func file(name string) []byte { return must(os.ReadFile("my-app/" + name)) }

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
`,
    },
  ],
  run: `go mod init app
go get github.com/hyperledger/fabric-gateway@v1.10.1
go mod tidy
go run .`,
});
