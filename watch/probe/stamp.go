package probe

import (
	"context"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/transport"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/plant"
)

// maxStamp is how much of a timestamp's file is read, in bytes.
const maxStamp = 256

// stamps reads the timestamps of the repository's directories, and reports whether the
// endpoint is there at all.
func (l *look) stamps(ctx context.Context, o *watch.Observation) bool {
	r := l.target.Repository
	o.Stamps = make([]watch.StampSeen, len(r.Directories))
	first := answer{}
	n, _ := l.parallel(ctx, len(r.Directories), func(i int) (bool, string) {
		seen, a := l.stamp(ctx, r.Directories[i], r.Stamp)
		if i == 0 {
			first = a
		}
		o.Stamps[i] = seen
		return !a.stopped, a.detail
	})
	o.Stamps = o.Stamps[:n]
	if len(o.Roots) > 0 || len(r.Directories) == 0 {
		return true
	}
	o.FirstByte, o.Skew = first.firstByte, skew(first)
	answered := slices.ContainsFunc(o.Stamps, func(s watch.StampSeen) bool { return s.Fault != watch.FaultUnreachable })
	if answered || !first.nowhere {
		return true
	}
	o.Fault, o.Detail, o.Stamps = first.fault, first.detail, nil
	return false
}

// stamp reads the timestamp of one directory, and the marks that are planted before and
// behind all else: the begin first, so that a copy that goes on meanwhile is no fault.
func (l *look) stamp(ctx context.Context, directory, name string) (watch.StampSeen, answer) {
	seen, names := watch.StampSeen{Directory: directory}, plant.NamesOf(name)
	begin, _ := l.mark(ctx, path.Join(directory, names.Begin))
	a := l.small(ctx, path.Join(directory, names.Stamp))
	seen.Fault, seen.Detail = a.fault, a.detail
	if a.fault != watch.FaultNone {
		return seen, a
	}
	if isPage(a.body) {
		seen.Fault, seen.Detail = watch.FaultMissing, a.status+" with a page of HTML in the place of the timestamp"
		return seen, a
	}
	stamp, ok := parseStamp(a.body)
	if seen.Stamp = stamp; !ok {
		seen.Fault, seen.Detail = watch.FaultDigest, a.status+" with no time in seconds since 1970: "+strconv.Quote(cut(string(a.body), 40))
		return seen, a
	}
	if begin > 0 {
		seen.Begin = begin
		seen.End, _ = l.mark(ctx, path.Join(directory, names.End))
	}
	return seen, a
}

// mark reads the sequence number of a mark, false where there is none.
func (l *look) mark(ctx context.Context, name string) (sequence int64, ok bool) {
	a := l.small(ctx, name)
	if a.fault != watch.FaultNone {
		return 0, false
	}
	m, err := plant.ParseMark(a.body)
	return m.Sequence, err == nil
}

// small reads the beginning of a small file of the site.
func (l *look) small(ctx context.Context, name string) answer {
	if l.rsync != nil {
		return l.rsync.get(ctx, name, maxStamp)
	}
	return l.client.ask(ctx, request{method: http.MethodGet, url: transport.URL(l.base, name), most: maxStamp, cut: true})
}

// parseStamp reads a timestamp: the first word of the file is the time in seconds since
// 1970, in decimal digits, perhaps with a fraction, which is dropped.
func parseStamp(body []byte) (time.Time, bool) {
	words := strings.Fields(string(body))
	if len(words) == 0 {
		return time.Time{}, false
	}
	whole, _, _ := strings.Cut(words[0], ".")
	seconds, err := strconv.ParseUint(whole, 10, 63)
	if err != nil || seconds == 0 || seconds > 1<<36 {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0).UTC(), true
}
