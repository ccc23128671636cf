package fetch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/progress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/transport"
)

// Options say how a [Fetcher] works.
type Options struct {
	// Client sends the requests; nil is http.DefaultClient.
	Client *http.Client
	// Connections is the most requests at once, PerHost the most to one host; 0
	// stands for 16 and 8.
	Connections, PerHost int
	// Retries is how often all URLs of a file are tried again after a failure that
	// may pass. An answer that the file is not there is final.
	Retries int
	// Backoff is how long a retry waits.
	Backoff Backoff
	// IgnoreErrors is how many files may fail before [Fetcher.Fetch] gives up.
	IgnoreErrors int
	// Stall ends a transfer in which no byte came for so long; 0 leaves that to the
	// Client, as is how long the header of an answer may take.
	Stall time.Duration
	// Log gets a line at level debug for each failed try; nil is no log.
	Log *slog.Logger
}

// Fetcher fetches files. It remembers how the hosts behave, so one Fetcher should
// serve all sources of a run. Its methods may be called by several goroutines at
// once.
type Fetcher struct {
	options Options
	client  *http.Client
	log     *slog.Logger
	hosts   *hosts
	bases   *bases
}

const (
	defaultConnections = 16
	defaultPerHost     = 8
)

// New returns a Fetcher.
func New(o Options) *Fetcher {
	if o.Connections <= 0 {
		o.Connections = defaultConnections
	}
	if o.PerHost <= 0 {
		o.PerHost = defaultPerHost
	}
	o.Backoff = o.Backoff.withDefaults()
	client := *http.DefaultClient
	if o.Client != nil {
		client = *o.Client
	}
	if o.Stall > 0 {
		if client.Transport == nil {
			client.Transport = http.DefaultTransport
		}
		client.Transport = transport.Stalling(client.Transport, o.Stall)
	}
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Fetcher{
		options: o, client: &client, log: log,
		hosts: newHosts(o.Connections, o.PerHost, o.Backoff),
		bases: &bases{all: map[string]*failing{}},
	}
}

// Request asks for one file.
type Request struct {
	// File is what is wanted. Its Digest must be set unless Unknown is, its Size is -1
	// when unknown.
	File repo.File
	// Unknown asks for whatever is there: the file has no digest to check it with. What
	// was cut is then taken up only where the server vouches that it is the same file.
	Unknown bool
	// Held are the validators of an Unknown file that somebody has: where it still is
	// that one, nothing is fetched.
	Held Validators
	// Answered is told, once there is an answer, the validators of an Unknown file, and
	// whether it is the one of Held. It may be nil.
	Answered func(v Validators, notModified bool)
	// Bases are URLs of the same content, in order of preference.
	Bases []string
	// Paths are names of the file below each base, in the order in which they are
	// tried: the one by digest first, then the plain one. None stands for File.Path.
	Paths []string
	// Optional files may be missing: where every URL says so, the file is absent
	// and has not failed.
	Optional bool
	// Spare files are optional ones that others can stand in for, such as the plain
	// form of an index: whatever keeps one from being had, it is absent. It is not
	// tried again once a URL has said that it is not there.
	Spare bool
	// Counter counts the bytes as they come, and the file; nil counts nothing.
	Counter *progress.Stage
}

// Report is the outcome of a [Fetcher.Fetch].
type Report struct {
	// Fetched is the number of files that are now in the sink.
	Fetched int
	// Bytes were received, those of failed tries too.
	Bytes int64
	// Absent are the optional files that upstream does not have.
	Absent []Request
	// Failed are the files that could not be had, in the order in which they failed.
	Failed []Failure
}

// Failure is a file that could not be had.
type Failure struct {
	Request Request
	Err     error // an *[Error]
}

// Fetch brings the files into the sink, large ones first. It returns when all are
// there or have failed. The error is not nil when the context ended, when the sink
// failed, or, as a *[BudgetError], when more than [Options.IgnoreErrors] files
// failed; the rest is then given up, and what came so far is kept for a resume.
// The report is never nil.
func (f *Fetcher) Fetch(ctx context.Context, requests []Request, sink Sink) (*Report, error) {
	r := &run{
		f: f, sink: sink, results: make(chan result, f.options.Connections),
		ready: map[string]*taskHeap{}, twins: map[repo.Digest][]*task{},
	}
	for i := range requests {
		if requests[i].File.Digest.IsZero() && !requests[i].Unknown {
			return &Report{}, fmt.Errorf("cannot fetch %s: no digest is known to check it with", requests[i].File.Path)
		}
	}
	err := r.work(ctx, tasks(requests))
	return r.report(), err
}

// isLast tells which bases to ask after the others: those that fail, and those whose
// host has a pause.
func (f *Fetcher) isLast(now time.Time) func(base string) bool {
	return func(base string) bool {
		return f.bases.isLast(base, now) || !f.hosts.pause(hostOf(base), now).IsZero()
	}
}

// failed takes up that a URL has failed.
func (f *Fetcher) failed(ctx context.Context, r *route, url int, o outcome, err error, q *Request) {
	if f.log.Enabled(ctx, slog.LevelDebug) {
		f.log.DebugContext(ctx, "a try to fetch failed", "file", q.File.Path, "url", transport.Redacted(r.url(url)), "error", err)
	}
	r.record(url, o, err)
	if r.failsBase(url, o, q.Optional) {
		f.bases.failed(r.base(url), time.Now())
	}
}

// retryAfter is how long the server of a failed try asks to be left alone.
func retryAfter(err error) time.Duration {
	var status *StatusError
	if errors.As(err, &status) {
		return status.RetryAfter
	}
	return 0
}
