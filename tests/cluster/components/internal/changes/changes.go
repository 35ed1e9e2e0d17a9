// Package changes tells a level-triggered loop that something it watches has changed.
package changes

import "k8s.io/client-go/tools/cache"

// Signal is set by any number of changes and taken once: what happens while the loop works is one more pass.
type Signal chan struct{}

// Of gives a signal that every change seen by the informers sets.
func Of(informers ...cache.SharedIndexInformer) (Signal, error) {
	signal := make(Signal, 1)
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { signal.Set() },
		UpdateFunc: func(_, _ any) { signal.Set() },
		DeleteFunc: func(any) { signal.Set() },
	}
	for _, informer := range informers {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return nil, err
		}
	}
	return signal, nil
}

// Set asks for a pass.
func (s Signal) Set() {
	select {
	case s <- struct{}{}:
	default:
	}
}
