package daemon

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/history"
)

// Daemon watches.
type Daemon struct {
	Options
	started time.Time
	wake    chan struct{} // something became due, or a slot free

	snapshot atomic.Pointer[watch.Snapshot]

	// mu guards what follows. Nothing waits for a network or a disk while it is held.
	mu      sync.Mutex
	setup   *Setup
	edits   []history.Edit
	sites   []watch.Site // of the setup, with the edits
	pairs   map[watch.Key]*pair
	sources map[string]*source
	queue   *queue
	known   map[watch.Key][]watch.Known  // of before the start, until an endpoint takes it up
	verdict map[watch.Key]*watch.Verdict // likewise
	blind   watch.Blindness
	dirty   bool // the snapshot is older than what is known
	random  *rand.Rand
	looking sync.WaitGroup
	slots   chan struct{}
	replace chan struct{} // another setup is there
}

// New returns a daemon that knows what the history does. Nothing runs until [Daemon.Run].
func New(ctx context.Context, setup *Setup, o Options) (*Daemon, error) {
	o.Looks, o.PerSite = cmp.Or(o.Looks, 128), cmp.Or(o.PerSite, 2)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	d := &Daemon{
		Options: o, started: o.Now(), wake: make(chan struct{}, 1), replace: make(chan struct{}, 1),
		setup: setup, pairs: map[watch.Key]*pair{}, sources: map[string]*source{}, queue: newQueue(o.PerSite),
		verdict: map[watch.Key]*watch.Verdict{}, slots: make(chan struct{}, o.Looks),
		random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())),
	}
	var err error
	if d.known, err = o.History.Known(ctx); err != nil {
		return nil, err
	}
	verdicts, err := o.History.Verdicts(ctx, history.Selection{})
	if err != nil {
		return nil, err
	}
	for _, v := range verdicts {
		d.verdict[watch.Key{Site: v.Site, Repository: v.Repository}] = v
	}
	if d.edits, err = o.History.Edits(ctx); err != nil {
		return nil, err
	}
	sites, err := edited(setup, d.edits)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.apply(ctx, sites)
	d.publish()
	return d, nil
}

// Run watches until the context ends, and returns when all that it began has ended.
func (d *Daemon) Run(ctx context.Context) error {
	var group sync.WaitGroup
	historyContext, endHistory := context.WithCancel(context.WithoutCancel(ctx))
	var historyErr error
	group.Go(func() { historyErr = d.History.Run(historyContext) })
	var running sync.WaitGroup
	running.Go(func() { d.publishing(ctx) })
	running.Go(func() { d.dispatch(ctx) })
	for ctx.Err() == nil {
		d.runSetup(ctx)
	}
	running.Wait()
	d.looking.Wait()
	d.mu.Lock()
	d.publish()
	d.mu.Unlock()
	endHistory() // what the last looks told is written
	group.Wait()
	return historyErr
}

// runSetup runs what belongs to one setup, until there is another.
func (d *Daemon) runSetup(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d.mu.Lock()
	setup := d.setup
	sources := make([]*source, 0, len(d.sources))
	for _, s := range d.sources {
		sources = append(sources, s)
	}
	d.mu.Unlock()
	var group sync.WaitGroup
	for _, s := range sources {
		group.Go(func() { d.readSource(ctx, setup, s) })
	}
	for _, p := range setup.Plants {
		group.Go(func() { d.plant(ctx, p) })
	}
	group.Go(func() { d.resolving(ctx) })
	select {
	case <-ctx.Done():
	case <-d.replace:
	}
	cancel()
	group.Wait()
	for _, p := range setup.Plants {
		p.Planter.Close()
	}
}

// Replace has the daemon watch by another setup, or by the one of before where it returns
// an error. What is known of endpoints that both have stays, and looks that are under way
// end.
func (d *Daemon) Replace(ctx context.Context, setup *Setup) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	sites, err := edited(setup, d.edits)
	if err != nil {
		return err
	}
	d.setup = setup
	d.apply(ctx, sites)
	signal(d.replace)
	return nil
}

// Snapshot is what is known at the moment.
func (d *Daemon) Snapshot() *watch.Snapshot { return d.snapshot.Load() }

// Alive reports whether the daemon goes on: it waits for nothing that does not end.
func (d *Daemon) Alive() bool {
	free := make(chan struct{})
	go func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		close(free)
	}()
	select {
	case <-free:
		return true
	case <-time.After(10 * time.Second):
		return false
	}
}

// signal wakes whoever waits for the channel; it does not block.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
