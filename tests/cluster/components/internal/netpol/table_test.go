package netpol

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	netv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func pod(namespace, name, address string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name, UID: types.UID(address), Labels: map[string]string{"app": name},
		},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolTCP}},
		}}},
		Status: corev1.PodStatus{PodIP: address, Phase: corev1.PodRunning},
	}
}

func app(name string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}
}

func world(spec netv1.NetworkPolicySpec) World {
	return World{
		Pods: []*corev1.Pod{pod("a", "web", "10.0.0.1"), pod("a", "client", "10.0.0.2"), pod("b", "client", "10.0.0.3")},
		Namespaces: []*corev1.Namespace{
			{ObjectMeta: metav1.ObjectMeta{Name: "a", Labels: map[string]string{"tenant": "a"}}},
			{ObjectMeta: metav1.ObjectMeta{Name: "b", Labels: map[string]string{"tenant": "b"}}},
		},
		Policies: []*netv1.NetworkPolicy{{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "p"}, Spec: spec}},
	}
}

// script is the whole table around the given chains and jumps.
func script(chains, jumps string) string {
	return "add table ip netpol\ndelete table ip netpol\ntable ip netpol {\n" + chains +
		"  chain forward {\n    type filter hook forward priority -5; policy accept;\n" +
		"    ct state established,related accept\n" + jumps + "  }\n}\n"
}

func TestAPolicyWithoutRulesClosesThePodsThatItSelects(t *testing.T) {
	got := world(netv1.NetworkPolicySpec{
		PodSelector: *app("web"), PolicyTypes: []netv1.PolicyType{netv1.PolicyTypeIngress},
	}).Table()

	want := script("  chain ingress0 {\n    counter drop\n  }\n", "    ip daddr 10.0.0.1 jump ingress0 comment \"a/web\"\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestRulesSayWhoMayComeToWhichPort(t *testing.T) {
	http, https, last := intstr.FromString("http"), intstr.FromInt32(8443), int32(8450)
	tcp := corev1.ProtocolTCP

	got := world(netv1.NetworkPolicySpec{
		PodSelector: *app("web"), PolicyTypes: []netv1.PolicyType{netv1.PolicyTypeIngress},
		Ingress: []netv1.NetworkPolicyIngressRule{
			{From: []netv1.NetworkPolicyPeer{{PodSelector: app("client")}}, Ports: []netv1.NetworkPolicyPort{{Port: &http}}},
			{
				From: []netv1.NetworkPolicyPeer{
					{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"tenant": "b"}}},
					{IPBlock: &netv1.IPBlock{CIDR: "192.0.2.0/24", Except: []string{"192.0.2.7/32"}}},
				},
				Ports: []netv1.NetworkPolicyPort{{Port: &https, EndPort: &last}, {Protocol: &tcp}},
			},
		},
	}).Table()

	want := script(`  chain ingress0 {
    ip saddr { 10.0.0.2 } ip daddr 10.0.0.1 tcp dport 8080 return
    ip saddr { 10.0.0.3 } tcp dport 8443-8450 return
    ip saddr { 10.0.0.3 } meta l4proto tcp return
    ip saddr 192.0.2.0/24 ip saddr != { 192.0.2.7/32 } tcp dport 8443-8450 return
    ip saddr 192.0.2.0/24 ip saddr != { 192.0.2.7/32 } meta l4proto tcp return
    counter drop
  }
`, "    ip daddr 10.0.0.1 jump ingress0 comment \"a/web\"\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWhatIsAllowedOutsideIsSaidOfTheOtherSide(t *testing.T) {
	got := world(netv1.NetworkPolicySpec{
		PodSelector: metav1.LabelSelector{}, PolicyTypes: []netv1.PolicyType{netv1.PolicyTypeEgress},
		Egress: []netv1.NetworkPolicyEgressRule{{To: []netv1.NetworkPolicyPeer{{PodSelector: app("web")}}}},
	}).Table()

	chain := "    ip daddr { 10.0.0.1 } return\n    counter drop\n  }\n"
	want := script(
		"  chain egress0 {\n"+chain+"  chain egress1 {\n"+chain,
		"    ip saddr 10.0.0.1 jump egress0 comment \"a/web\"\n    ip saddr 10.0.0.2 jump egress1 comment \"a/client\"\n",
	)
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestPodsWithoutAnAddressOfTheirOwnAreLeftOut(t *testing.T) {
	w := world(netv1.NetworkPolicySpec{PolicyTypes: []netv1.PolicyType{netv1.PolicyTypeIngress}})
	w.Pods[0].Spec.HostNetwork = true
	w.Pods[1].Status.Phase = corev1.PodSucceeded

	if got := w.Table(); strings.Contains(got, "10.0.0.") {
		t.Errorf("got\n%s", got)
	}
}
