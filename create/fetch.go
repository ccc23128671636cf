package create

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// place is where the file can be read on this machine.
func (f *found) place() string {
	if f.url() {
		return f.local
	}
	return f.name
}

// recogniseURL tells whether the file of a URL is known, where its digest says that. Of
// others the server is asked.
func (r *run) recogniseURL(f *found, w *row) bool {
	if w == nil || f.want == nil || w.validator != f.want.Digest.String() || w.inspected == nil && !f.part {
		return false
	}
	f.row, f.state = w, w.state
	return true
}

// fetch fetches the files of URLs, and returns the files that are to be read now. One
// that cannot be had is refused, and one that is known is not fetched.
func (r *run) fetch(ctx context.Context, files []*found) (read []*found, err error) {
	var requests []fetch.Request
	byURL := map[string]*found{}
	for _, f := range files {
		if !f.url() {
			read = append(read, f)
			continue
		}
		q := fetch.Request{File: repo.File{Path: f.name, Size: -1}, Bases: append([]string{f.name}, f.others...), Paths: []string{""}}
		if f.want != nil {
			q.File.Size, q.File.Digest = f.want.Size, f.want.Digest
			f.validator = f.want.Digest.String()
			if r.Store.Objects().Has(q.File) {
				f.local = r.Store.Objects().Path(q.File.Digest)
				read = append(read, f)
				continue
			}
		} else {
			r.askFor(f, &q)
		}
		byURL[f.name] = f
		requests = append(requests, q)
	}
	if len(requests) == 0 {
		return read, nil
	}
	if r.Fetcher == nil {
		return nil, errors.New("nothing is there to fetch URLs with")
	}
	stage := r.Progress.Stage(r.Name, "fetching", len(requests), 0)
	defer stage.Finish()
	for i := range requests {
		requests[i].Counter = stage
	}
	report, err := r.Fetcher.Fetch(ctx, requests, downloads{r.Store.Objects(), r.Store.Downloads()})
	var budget *fetch.BudgetError
	if err != nil && !errors.As(err, &budget) {
		return nil, err
	}
	for _, x := range report.Failed {
		byURL[x.Request.File.Path].err = whyFailed(x.Err)
	}
	for _, q := range requests {
		f := byURL[q.File.Path]
		switch {
		case f.err != nil || f.row != nil:
			continue
		case f.want != nil:
			f.local = r.Store.Objects().Path(q.File.Digest)
		default:
			f.local = r.Store.Downloads().Path(digestOfURL(f.name))
			_, modified, _ := strings.Cut(f.validator, "\n")
			if t, err := http.ParseTime(modified); err == nil {
				_ = os.Chtimes(f.local, t, t)
			}
		}
		f.fetched = true
		if _, err := os.Lstat(f.local); err != nil { // given up when others had failed
			f.err = errors.New("it was not fetched, since others could not be")
			continue
		}
		read = append(read, f)
	}
	return read, nil
}

// askFor asks for a file of which no digest is known: where it still is the one that a
// run before has read, the server only has to say so.
func (r *run) askFor(f *found, q *fetch.Request) {
	q.Unknown = true
	w := r.known.rows[f.name]
	if w != nil && w.inspected != nil && !f.again {
		q.Held.ETag, q.Held.LastModified, _ = strings.Cut(w.validator, "\n")
	}
	q.Answered = func(v fetch.Validators, notModified bool) {
		if notModified {
			f.row, f.state = w, w.state
			return
		}
		f.validator = v.ETag + "\n" + v.LastModified
	}
}

// whyFailed is why a file could not be had. Its URL stands before it anyway.
func whyFailed(err error) error {
	var e *fetch.Error
	if errors.As(err, &e) && len(e.Tries) == 1 {
		return e.Tries[0].Err
	}
	return err
}

// dropLocal drops what was fetched, where it is no object, or one that no repository of
// ours names.
func (r *run) dropLocal(f *found) {
	if f.fetched && (f.want == nil || f.want.Digest.Algorithm() != repo.SHA256) {
		_ = os.Remove(f.local)
	}
}

func digestOfURL(url string) repo.Digest {
	h := repo.SHA256.New()
	h.Write([]byte(url))
	return repo.NewDigest(repo.SHA256, h.Sum(nil))
}

// downloads takes files of known digests as objects, and others as downloads.
type downloads struct{ objects, others *store.Objects }

// Create implements [fetch.Sink].
func (d downloads) Create(f repo.File) (fetch.Partial, error) {
	if f.Digest.IsZero() {
		f.Digest = digestOfURL(f.Path)
		return d.others.Create(f, time.Time{})
	}
	return d.objects.Create(f, time.Time{})
}
