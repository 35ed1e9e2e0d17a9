// Command k8s is every program of the test cluster in one: `k8s COMPONENT [FLAGS]`, or a link with a component's name.
//
// The programs are Kubernetes' own, with etcd's and two of this module's. They share most of their code: linked one by
// one they would take three times the space, and five times the minutes.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	"entente.dev/tests/cluster/internal/netpol"
	"entente.dev/tests/cluster/internal/volumes"
)

// components maps a name to what runs it, with os.Args as the program of that name would see them. Each answers with the
// process's exit code.
var components = map[string]func() int{
	"etcd":                    func() int { etcdmain.Main(os.Args); return 0 },
	"kubectl":                 command(kubectl.NewDefaultKubectlCommand),
	"kube-apiserver":          command(apiserver.NewAPIServerCommand),
	"kube-controller-manager": command(controllers.NewControllerManagerCommand),
	"kube-scheduler":          command(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	"kubelet":                 command(func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) }),
	"kube-proxy":              command(proxy.NewProxyCommand),
	"network-policies":        own("KUBECONFIG", func(args []string) error { return netpol.Run(args[0]) }),
	"volumes": own("KUBECONFIG FOLDER NODE", func(args []string) error {
		return volumes.Run(args[0], args[1], args[2])
	}),
}

func main() {
	name := filepath.Base(os.Args[0])
	if _, known := components[name]; !known && len(os.Args) > 1 {
		os.Args = os.Args[1:]
		name = os.Args[0]
	}
	run, known := components[name]
	if !known {
		names := make([]string, 0, len(components))
		for name := range components {
			names = append(names, name)
		}
		slices.Sort(names)
		fmt.Fprintf(os.Stderr, "usage: k8s COMPONENT [FLAGS], with one of %s\n", strings.Join(names, ", "))
		os.Exit(2)
	}
	os.Exit(run())
}

// command runs a component that is made of a cobra command.
func command(make func() *cobra.Command) func() int {
	return func() int { return cli.Run(make()) }
}

// own runs a component of this module, which takes positional arguments and ends only when it fails.
func own(usage string, run func(args []string) error) func() int {
	return func() int {
		args := os.Args[1:]
		if len(args) != len(strings.Fields(usage)) {
			fmt.Fprintf(os.Stderr, "usage: %s %s\n", os.Args[0], usage)
			return 2
		}
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[0], run(args))
		return 1
	}
}
