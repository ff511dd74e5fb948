// One program for the Kubernetes servers and kubeadm: it acts by the name it is called by.
//
// Seven separate programs hold the same packages seven times over (562 MB); this one takes 156 MB.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	_ "time/tzdata"

	"github.com/spf13/cobra"
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubeadm "k8s.io/kubernetes/cmd/kubeadm/app"
	kubeadmerrors "k8s.io/kubernetes/cmd/kubeadm/app/util/errors"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// server wraps a constructor, so that only the chosen command is ever constructed.
func server(construct func() *cobra.Command) func() {
	return func() { os.Exit(cli.Run(construct())) }
}

func main() {
	programs := map[string]func(){
		"kube-apiserver":          server(apiserver.NewAPIServerCommand),
		"kube-controller-manager": server(controllermanager.NewControllerManagerCommand),
		"kube-scheduler":          server(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
		"kube-proxy":              server(proxy.NewProxyCommand),
		"kubelet":                 server(func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) }),
		"kubeadm":                 func() { kubeadmerrors.HandleError(kubeadm.Run()) },
	}
	name := filepath.Base(os.Args[0])
	program, known := programs[name]
	if !known {
		names := []string{}
		for each := range programs {
			names = append(names, each)
		}
		slices.Sort(names)
		fmt.Fprintf(os.Stderr, "%s: call this program by one of the names %s\n", name, strings.Join(names, ", "))
		os.Exit(2)
	}
	program()
}
