package daemon

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/history"
	"github.com/mirrorkeeper/mirrorkeeper/watch/plant"
	"github.com/mirrorkeeper/mirrorkeeper/watch/probe"
)

// Setup is what is watched. It is not changed once it is given; another one may take its
// place while the daemon runs ([Daemon.Replace]).
type Setup struct {
	Repositories []Repository
	Sites        []watch.Site
	Plants       []Plant
	Prober       *probe.Prober // that looks at sites
	Settings     watch.Settings
	Budget       watch.Budget
	// SourcePeriod is the time between two looks at a source's roots. Default: the
	// budget's period.
	SourcePeriod time.Duration
}

// Repository is a watched repository with what tells of its source.
type Repository struct {
	watch.Repository
	// Sources are those of its roots, in their order.
	Sources []*probe.Source
	// Origin is where the source serves the repository: it is judged by the same test as
	// every site. Its URL is "" where nothing does. Client is what asks there; nil asks as
	// sites are asked.
	Origin watch.Site
	Client *http.Client
}

// Plant is a place where timestamps of a watched repository are planted.
type Plant struct {
	Repository string
	Planter    *plant.Planter
	To         string // the address, without secrets
	Every      time.Duration
}

// Options are what a daemon works with.
type Options struct {
	History *history.Store
	Log     *slog.Logger
	// Looked is told each look, for metrics; it may be nil. It is called by several
	// goroutines.
	Looked func(*watch.Observation)
	// Looks is how many looks may be under way at once, PerSite how many at one site.
	// Defaults 128 and 2.
	Looks, PerSite int
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}
