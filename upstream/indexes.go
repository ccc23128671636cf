package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/progress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// preferredSuffixes are the compressions, the one that is read fastest first. The
// uncompressed form is last: roots list it where servers do not have it.
var preferredSuffixes = []string{".zst", ".gz", ".lz4", ".xz", ".bz2", ".lzma", ".zck", ""}

// InPreference returns the variants that can be read, the best first.
func InPreference(ix repo.Index) []repo.Variant {
	var out []repo.Variant
	for _, suffix := range preferredSuffixes {
		for _, v := range ix.Variants {
			if v.Suffix == suffix {
				out = append(out, v)
			}
		}
	}
	return out
}

// Indexes are some of a repository's.
type Indexes struct {
	Of      *Repository
	Indexes []repo.Index
}

// FetchIndexes brings the indexes into the cache. With every variant it takes all
// that upstream has, else the best one of each. It fails when one that has to be
// there is not.
func (r *Reader) FetchIndexes(ctx context.Context, wanted []Indexes, everyVariant bool) error {
	cache := r.Cache
	absent := map[repo.Digest]bool{}
	for {
		requests := r.indexRequests(wanted, func(ix repo.Index) []repo.Variant { return next(cache, absent, ix, everyVariant) })
		if len(requests) == 0 {
			break
		}
		if r.Offline {
			return fmt.Errorf("%w: %s", ErrOffline, requests[0].File.Path)
		}
		var stage *progress.Stage
		if r.Stage != nil {
			stage = r.Stage(len(requests), totalBytes(requests))
		}
		for i := range requests {
			requests[i].Counter = stage
		}
		report, err := r.Fetcher.Fetch(ctx, requests, sink{cache.Objects})
		stage.Finish()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return &MovedError{err}
		}
		for _, a := range report.Absent {
			absent[a.File.Digest] = true
		}
	}
	return r.rememberIndexes(cache, wanted)
}

// next returns the variants of an index to ask for now.
func next(cache *store.Cache, absent map[repo.Digest]bool, ix repo.Index, every bool) (out []repo.Variant) {
	for _, v := range InPreference(ix) {
		switch {
		case absent[v.Digest]:
		case cache.Has(v.File):
			if !every {
				return nil
			}
		case !every:
			return []repo.Variant{v}
		default:
			out = append(out, v)
		}
	}
	return out
}

// rememberIndexes checks that every index is there in some variant, and notes the
// digests so that the cache keeps them.
func (r *Reader) rememberIndexes(cache *store.Cache, wanted []Indexes) error {
	for _, w := range wanted {
		kept := map[repo.Digest]bool{}
		before := len(w.Of.Cached.Indexes)
		w.Of.Cached.Indexes = slices.DeleteFunc(w.Of.Cached.Indexes, func(d repo.Digest) bool {
			kept[d] = names(w.Of.Root, d)
			return !kept[d]
		})
		changed := len(w.Of.Cached.Indexes) != before
		for _, ix := range w.Indexes {
			there := 0
			for _, v := range ix.Variants {
				if cache.Has(v.File) {
					there++
					if !kept[v.Digest] {
						kept[v.Digest], changed = true, true
						w.Of.Cached.Indexes = append(w.Of.Cached.Indexes, v.Digest)
					}
				}
			}
			if there == 0 && !ix.Optional {
				return &MovedError{fmt.Errorf("%s: upstream lists the index %s and does not have it in any form", w.Of.Repository, ix.Name)}
			}
		}
		if changed {
			if err := cache.SetRoot(w.Of.Repository, w.Of.Cached); err != nil {
				return err
			}
		}
	}
	return nil
}

// names reports whether the root names an index with the digest.
func names(root *repo.Root, d repo.Digest) bool {
	return slices.ContainsFunc(root.Indexes, func(ix repo.Index) bool {
		return slices.ContainsFunc(ix.Variants, func(v repo.Variant) bool { return v.Digest == d })
	})
}

// indexRequests asks for what pick picks of each index. Files of one content, such
// as empty indexes, are asked for once, under all of their names.
func (r *Reader) indexRequests(wanted []Indexes, pick func(repo.Index) []repo.Variant) (requests []fetch.Request) {
	type key struct {
		u      *Repository
		digest repo.Digest
	}
	made := map[key]int{}
	for _, w := range wanted {
		for _, ix := range w.Indexes {
			for _, v := range pick(ix) {
				k := key{w.Of, v.Digest}
				i, ok := made[k]
				if !ok {
					i = len(requests)
					made[k] = i
					requests = append(requests, fetch.Request{File: v.File, Bases: w.Of.Bases, Optional: true, Spare: true})
				}
				if v.UpstreamAlternates && len(v.Alternates) > 0 {
					requests[i].Paths = append(requests[i].Paths, v.Alternates[0])
				}
				requests[i].Paths = append(requests[i].Paths, v.Path)
				// The plain form is listed by many that do not have it; any other one
				// that is there clients may take.
				requests[i].Spare = requests[i].Spare && v.Suffix == "" && len(ix.Variants) > 1
			}
		}
	}
	return requests
}

func totalBytes(requests []fetch.Request) (n int64) {
	for _, q := range requests {
		n += max(q.File.Size, 0)
	}
	return n
}

// MaxIndex bounds an index that the root does not give the plain size of, in bytes.
const MaxIndex = 8 << 30

// Open opens an index from the cache, decompressed.
func (r *Reader) Open(ix repo.Index) (io.ReadCloser, error) {
	cache := r.Cache
	limit := int64(MaxIndex)
	for _, v := range ix.Variants {
		if v.Suffix == "" && v.Size >= 0 {
			limit = v.Size
		}
		if !v.Plain.Digest.IsZero() && v.Plain.Size > 0 {
			limit = v.Plain.Size
		}
	}
	for _, v := range InPreference(ix) {
		f, err := cache.Open(v.File)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		plain, err := compress.Open(f, v.Suffix, limit)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.Path, err)
		}
		return plain, nil
	}
	return nil, fmt.Errorf("index %s: %w", ix.Name, fs.ErrNotExist)
}

// sink stores what is fetched in the cache.
type sink struct{ objects *store.Objects }

// Create implements [fetch.Sink].
func (s sink) Create(f repo.File) (fetch.Partial, error) { return s.objects.Create(f, time.Time{}) }
