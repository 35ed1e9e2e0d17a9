package netpol

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	netv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// World is what decides which packets pass.
type World struct {
	Pods       []*corev1.Pod
	Namespaces []*corev1.Namespace
	Policies   []*netv1.NetworkPolicy
}

// direction is one of the two ways that a pod can be isolated.
type direction struct {
	policy netv1.PolicyType
	// own and other name the packet's fields that hold the address of the isolated pod, and of whom it talks to.
	own, other string
}

var directions = []direction{
	{policy: netv1.PolicyTypeIngress, own: "daddr", other: "saddr"},
	{policy: netv1.PolicyTypeEgress, own: "saddr", other: "daddr"},
}

// Table renders the nftables script: for each isolated pod and direction a chain that returns what a policy allows, and
// drops the rest. It sees packets after kube-proxy has put a pod's address in the place of a Service's.
func (w World) Table() string {
	byUID := func(a, b metav1.Object) int { return strings.Compare(string(a.GetUID()), string(b.GetUID())) }
	pods := slices.Clone(w.reachable())
	slices.SortFunc(pods, func(a, b *corev1.Pod) int { return byUID(a, b) })
	policies := slices.Clone(w.Policies)
	slices.SortFunc(policies, func(a, b *netv1.NetworkPolicy) int { return byUID(a, b) })
	view := view{pods: pods, namespaces: map[string]labels.Set{}}
	for _, namespace := range w.Namespaces {
		view.namespaces[namespace.Name] = namespace.Labels
	}

	var chains, jumps strings.Builder
	for number, pod := range pods {
		for _, direction := range directions {
			rules, isolated := view.rules(pod, direction, policies)
			if !isolated {
				continue
			}
			chain := fmt.Sprintf("%s%d", strings.ToLower(string(direction.policy)), number)
			fmt.Fprintf(&chains, "  chain %s {\n", chain)
			for _, rule := range rules {
				fmt.Fprintf(&chains, "    %s return\n", rule)
			}
			fmt.Fprint(&chains, "    counter drop\n  }\n")
			fmt.Fprintf(&jumps, "    ip %s %s jump %s comment \"%s\"\n", direction.own, pod.Status.PodIP, chain, comment(pod))
		}
	}
	// Adding before deleting makes the deletion succeed the first time too.
	return "add table ip netpol\ndelete table ip netpol\ntable ip netpol {\n" + chains.String() +
		"  chain forward {\n    type filter hook forward priority -5; policy accept;\n" +
		"    ct state established,related accept\n" + jumps.String() + "  }\n}\n"
}

// reachable gives the pods that have an address of their own.
func (w World) reachable() []*corev1.Pod {
	var found []*corev1.Pod
	for _, pod := range w.Pods {
		ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
		if pod.Status.PodIP != "" && !pod.Spec.HostNetwork && !ended {
			found = append(found, pod)
		}
	}
	return found
}

// comment names the pod; nftables takes at most 128 bytes.
func comment(pod *corev1.Pod) string {
	text := pod.Namespace + "/" + pod.Name
	return text[:min(len(text), 120)]
}

// view answers what selectors select.
type view struct {
	pods       []*corev1.Pod
	namespaces map[string]labels.Set
}

// rules gives the matches of what is allowed to or from the pod, and whether any policy isolates it in that direction.
func (v view) rules(pod *corev1.Pod, d direction, policies []*netv1.NetworkPolicy) (rules []string, isolated bool) {
	for _, policy := range policies {
		applies := policy.Namespace == pod.Namespace && selects(&policy.Spec.PodSelector, pod.Labels)
		if !applies || !slices.Contains(policy.Spec.PolicyTypes, d.policy) {
			continue
		}
		isolated = true
		if d.policy == netv1.PolicyTypeIngress {
			for _, rule := range policy.Spec.Ingress {
				rules = append(rules, v.matches(policy.Namespace, rule.From, rule.Ports, d, []*corev1.Pod{pod})...)
			}
		} else {
			for _, rule := range policy.Spec.Egress {
				rules = append(rules, v.matches(policy.Namespace, rule.To, rule.Ports, d, v.pods)...)
			}
		}
	}
	return rules, isolated
}

// matches crosses a rule's peers with its ports. Named ports are those of the pods that the traffic goes to.
func (v view) matches(
	namespace string, peers []netv1.NetworkPolicyPeer, ports []netv1.NetworkPolicyPort, d direction, to []*corev1.Pod,
) []string {
	var found []string
	for _, peer := range v.peers(namespace, peers, d) {
		for _, port := range portMatches(ports, to) {
			found = append(found, strings.TrimSpace(peer+" "+port))
		}
	}
	return found
}

// peers gives one match for each peer, and the match of everybody where a rule names none.
func (v view) peers(namespace string, peers []netv1.NetworkPolicyPeer, d direction) []string {
	if len(peers) == 0 {
		return []string{""}
	}
	var found []string
	for _, peer := range peers {
		if block := peer.IPBlock; block != nil {
			match := fmt.Sprintf("ip %s %s", d.other, block.CIDR)
			if len(block.Except) > 0 {
				match += fmt.Sprintf(" ip %s != { %s }", d.other, strings.Join(block.Except, ", "))
			}
			found = append(found, match)
			continue
		}
		if addresses := v.addresses(namespace, peer); len(addresses) > 0 {
			found = append(found, fmt.Sprintf("ip %s { %s }", d.other, strings.Join(addresses, ", ")))
		}
	}
	return found
}

// addresses gives those of the pods that a peer selects. Without a namespace selector it speaks of the policy's own.
func (v view) addresses(namespace string, peer netv1.NetworkPolicyPeer) []string {
	var found []string
	for _, pod := range v.pods {
		near := pod.Namespace == namespace
		if peer.NamespaceSelector != nil {
			near = selects(peer.NamespaceSelector, v.namespaces[pod.Namespace])
		}
		if near && (peer.PodSelector == nil || selects(peer.PodSelector, pod.Labels)) {
			found = append(found, pod.Status.PodIP)
		}
	}
	return found
}

// portMatches gives one match for each port, and the match of all where a rule names none.
func portMatches(ports []netv1.NetworkPolicyPort, to []*corev1.Pod) []string {
	if len(ports) == 0 {
		return []string{""}
	}
	var found []string
	for _, port := range ports {
		protocol := "tcp"
		if port.Protocol != nil {
			protocol = strings.ToLower(string(*port.Protocol))
		}
		switch {
		case port.Port == nil:
			found = append(found, "meta l4proto "+protocol)
		case port.Port.Type == intstr.String:
			found = append(found, named(port.Port.StrVal, protocol, to)...)
		case port.EndPort != nil:
			found = append(found, fmt.Sprintf("%s dport %d-%d", protocol, port.Port.IntVal, *port.EndPort))
		default:
			found = append(found, fmt.Sprintf("%s dport %d", protocol, port.Port.IntVal))
		}
	}
	return found
}

// named gives the matches of a port by name: which number it is differs from pod to pod.
func named(name, protocol string, to []*corev1.Pod) []string {
	var found []string
	for _, pod := range to {
		for _, container := range pod.Spec.Containers {
			for _, port := range container.Ports {
				if port.Name == name && strings.EqualFold(string(port.Protocol), protocol) {
					found = append(found, fmt.Sprintf("ip daddr %s %s dport %d", pod.Status.PodIP, protocol, port.ContainerPort))
				}
			}
		}
	}
	return found
}

// selects says whether a selector matches labels. One that cannot be understood matches nothing: the API server refuses it.
func selects(selector *metav1.LabelSelector, set map[string]string) bool {
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && parsed.Matches(labels.Set(set))
}
