// Package volumes gives each claim of the cluster's StorageClass a directory of the node, and takes it away with the claim.
//
// The volumes are of type "local", which, unlike "hostPath", honours a pod's fsGroup. Sizes are recorded and not enforced.
package volumes

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"entente.dev/tests/cluster/internal/changes"
)

// Provisioner is the name by which the StorageClass asks for these volumes.
const Provisioner = "cluster.entente.dev/directory"

type provisioner struct {
	client kubernetes.Interface
	// folder holds a directory a volume; node is where it is.
	folder, node string
}

// Run serves the claims of the cluster that the kubeconfig names. It returns only when it cannot begin.
func Run(kubeconfig, folder, node string) error {
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
	claims, volumes := factory.Core().V1().PersistentVolumeClaims(), factory.Core().V1().PersistentVolumes()
	classes := factory.Storage().V1().StorageClasses()
	changed, err := changes.Of(claims.Informer(), volumes.Informer(), classes.Informer())
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())

	p := provisioner{client: client, folder: folder, node: node}
	for range changed {
		var failed []error
		// Listing a synchronized cache does not fail.
		all, _ := claims.Lister().List(labels.Everything())
		for _, claim := range all {
			if claim.Spec.StorageClassName == nil {
				continue
			}
			class, err := classes.Lister().Get(*claim.Spec.StorageClassName)
			if err != nil || class.Provisioner != Provisioner {
				continue
			}
			volume, _ := volumes.Lister().Get(volumeName(claim))
			if wanted(claim, class, volume) {
				failed = append(failed, p.create(ctx, claim, class))
			}
			if grown(claim, volume) {
				failed = append(failed, p.grow(ctx, claim, volume))
			}
		}
		left, _ := volumes.Lister().List(labels.Everything())
		for _, volume := range left {
			if abandoned(volume) {
				failed = append(failed, p.remove(ctx, volume))
			}
		}
		if err := errors.Join(failed...); err != nil {
			// Mostly a cache that is behind: the next pass sees what this one made.
			fmt.Println(err)
			time.AfterFunc(time.Second, changed.Set)
		}
	}
	return nil
}

func (p provisioner) create(ctx context.Context, claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass) error {
	volume := p.volume(claim, class)
	folder := volume.Spec.Local.Path
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	// Whatever the umask: a container without fsGroup writes here too.
	if err := os.Chmod(folder, 0o777); err != nil {
		return err
	}
	_, err := p.client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{})
	fmt.Println("created", folder, "for", claim.Namespace+"/"+claim.Name)
	return err
}

// grow does what a storage driver's resizer does: first the volume, then what the claim reports.
func (p provisioner) grow(ctx context.Context, claim *corev1.PersistentVolumeClaim, volume *corev1.PersistentVolume) error {
	size := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	larger := volume.DeepCopy()
	larger.Spec.Capacity[corev1.ResourceStorage] = size
	if !equality.Semantic.DeepEqual(larger.Spec, volume.Spec) {
		if _, err := p.client.CoreV1().PersistentVolumes().Update(ctx, larger, metav1.UpdateOptions{}); err != nil {
			return err
		}
	}
	reported := claim.DeepCopy()
	reported.Status.Capacity[corev1.ResourceStorage] = size
	_, err := p.client.CoreV1().PersistentVolumeClaims(claim.Namespace).UpdateStatus(ctx, reported, metav1.UpdateOptions{})
	fmt.Println("grew", volume.Name, "to", size.String())
	return err
}

func (p provisioner) remove(ctx context.Context, volume *corev1.PersistentVolume) error {
	if err := os.RemoveAll(volume.Spec.Local.Path); err != nil {
		return err
	}
	fmt.Println("removed", volume.Spec.Local.Path)
	return p.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{})
}
