package probe

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/netip"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// Options say how a [Prober] works.
type Options struct {
	// UserAgent says who asks; "" stands for "mirrorkeeper".
	UserAgent string
	// RootCAs are those that certificates are checked with; nil is the system's.
	RootCAs *x509.CertPool
	// Allowed are networks that are connected to although they are not public: private,
	// loopback and link-local addresses are refused else, whatever name or redirect leads
	// to them.
	Allowed []netip.Prefix
	// PerHost is how many requests one host gets at once, of all looks. Default 2.
	PerHost int
	// Rate is how many files a second are looked at in one visit. Default 20; less than 0
	// is no limit.
	Rate float64
	// Timeout is how long a server may take to answer, and for a small answer to come
	// whole. Default 30 s.
	Timeout time.Duration
	// Slowest is how many bytes a second larger bodies have to come with. Default 16 KiB.
	Slowest int64
	// MaxRequests and MaxBytes are what one visit may cost, bytes in both directions.
	// Defaults 100,000 and 1 GiB.
	MaxRequests int
	MaxBytes    int64
	// MaxDigest is how many bytes of large indexes are read whole in one look, to compare
	// their digests; of the others the size is looked at. Default 32 MiB.
	MaxDigest int64
	// MaxBad is how many bad files a check lists. Default 20.
	MaxBad int
	// Rsync is the program that lists files of rsync servers. Default "rsync".
	Rsync string
	// Vantage names the place that is looked from, for observations.
	Vantage string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Prober looks at sites. It remembers how many requests hosts have under way and which
// of them want to be left alone, so one Prober should serve all looks. It is safe for
// concurrent use.
type Prober struct {
	Options
	hosts *hosts
}

// New returns a Prober.
func New(o Options) *Prober {
	set(&o.UserAgent, "mirrorkeeper")
	set(&o.PerHost, 2)
	set(&o.Rate, 20)
	set(&o.Timeout, 30*time.Second)
	set(&o.Slowest, 16<<10)
	set(&o.MaxRequests, 100_000)
	set(&o.MaxBytes, 1<<30)
	set(&o.MaxDigest, 32<<20)
	set(&o.MaxBad, 20)
	set(&o.Rsync, "rsync")
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Prober{o, newHosts(o.PerHost)}
}

// set gives an option its default.
func set[T comparable](option *T, standard T) {
	var zero T
	if *option == zero {
		*option = standard
	}
}

// Target is where to look: at one endpoint of a site, for one watched repository.
type Target struct {
	Site       watch.Site
	Endpoint   watch.Endpoint
	Repository *watch.Repository
	// Sources are those of the repository's roots, of which the ledgers tell what a
	// generation holds. They may be in any order.
	Sources []*Source
	// Client sends the requests in the place of connections of the visit's own, to whatever
	// address: for sources, which are named by the administrator, and may be reached by a
	// proxy, with credentials, or be files of this machine. It is nil for sites.
	Client *http.Client
}

// Look carries out tasks in a visit of their own, see [Visit.Look].
func (p *Prober) Look(ctx context.Context, t Target, tasks []watch.Task, known watch.Known) watch.Observation {
	v := p.Visit(t)
	defer v.Close()
	return v.Look(ctx, tasks, known)
}
