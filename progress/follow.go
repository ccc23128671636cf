package progress

import (
	"sync"
	"time"
)

// follow calls observe with the tracker's states now, every so often, and a last
// time when the returned function is first called; that one returns when all is
// shown. Calls to observe never overlap.
func follow(t *Tracker, every time.Duration, observe func(states []State, last bool)) (stop func()) {
	if t == nil {
		return func() {}
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			observe(t.Snapshot(), false)
			select {
			case <-ticker.C:
			case <-quit:
				observe(t.Snapshot(), true)
				return
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(quit)
		<-done
	})
}
