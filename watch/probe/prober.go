package probe

import (
	"crypto/x509"
	"net/netip"
	"time"
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
	// Rate is how many files a second are looked at in one look. Default 20; less than 0
	// is no limit.
	Rate float64
	// Timeout is how long a server may take to answer, and for a small answer to come
	// whole. Default 30 s.
	Timeout time.Duration
	// MaxRequests and MaxBytes are what one look may cost, bytes in both directions.
	// Defaults 100,000 and 1 GiB.
	MaxRequests int
	MaxBytes    int64
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
	set(&o.MaxRequests, 100_000)
	set(&o.MaxBytes, 1<<30)
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
