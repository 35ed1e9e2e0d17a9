// Package netpol enforces networking.k8s.io/v1 NetworkPolicy on a cluster of one node.
//
// No published engine can be built from the module proxy alone. This one renders all policies to one nftables table, and
// swaps the table when it changes. It is our reading of the policies; a test that rests on it should see the allowed path
// open before and after it sees the denied one closed.
//
// What it leaves out: IPv6, SCTP, and traffic between the node itself and its pods, which is always allowed. Connections
// that are established when a policy comes stay.
package netpol

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"entente.dev/tests/cluster/internal/changes"
)

// settle is how long changes are collected: a Deployment's pods come one by one, and each would be a table.
const settle = 20 * time.Millisecond

// Run enforces the policies of the cluster that the kubeconfig names. It returns only when it cannot begin.
func Run(kubeconfig string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx := context.Background()
	factory := informers.NewSharedInformerFactory(client, 0)
	pods, namespaces := factory.Core().V1().Pods(), factory.Core().V1().Namespaces()
	policies := factory.Networking().V1().NetworkPolicies()
	changed, err := changes.Of(pods.Informer(), namespaces.Informer(), policies.Informer())
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())

	everything := labels.Everything()
	applied := ""
	for range changed {
		time.Sleep(settle)
		var world World
		// Listing a synchronized cache does not fail.
		world.Pods, _ = pods.Lister().List(everything)
		world.Namespaces, _ = namespaces.Lister().List(everything)
		world.Policies, _ = policies.Lister().List(everything)
		table := world.Table()
		if table == applied {
			continue
		}
		if err := load(table); err != nil {
			fmt.Println(err)
			time.Sleep(time.Second)
			changed.Set()
			continue
		}
		applied = table
		fmt.Println(time.Now().Format(time.RFC3339Nano), "applied", len(world.Policies), "policies")
	}
	return nil
}

// load puts the table in the place of the one before, in one transaction of the kernel.
func load(table string) error {
	nft := exec.Command("nft", "-f", "-")
	nft.Stdin = strings.NewReader(table)
	if output, err := nft.CombinedOutput(); err != nil {
		return fmt.Errorf("nft: %w: %s\n%s", err, output, table)
	}
	return nil
}
