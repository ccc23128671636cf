package probe

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/transport"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// maxStamp is how much of a timestamp's file is read, in bytes.
const maxStamp = 256

// stamps reads the timestamps of the repository's directories, and reports whether the
// endpoint is there at all.
func (l *look) stamps(ctx context.Context, o *watch.Observation) bool {
	r := l.target.Repository
	o.Stamps = make([]watch.StampSeen, len(r.Directories))
	nowhere := false
	first := answer{}
	_, _ = l.parallel(ctx, len(r.Directories), func(i int) (bool, string) {
		seen, a := l.stamp(ctx, r.Directories[i], r.Stamp)
		if i == 0 {
			first = a
		}
		o.Stamps[i] = seen
		return !a.stopped, a.detail
	})
	if len(o.Roots) == 0 && len(r.Directories) > 0 {
		o.FirstByte, o.Skew = first.firstByte, skew(first)
		nowhere = true
		for _, s := range o.Stamps {
			nowhere = nowhere && s.Fault == watch.FaultUnreachable
		}
		nowhere = nowhere && first.nowhere
	}
	if nowhere {
		o.Fault, o.Detail, o.Stamps = first.fault, first.detail, nil
	}
	return !nowhere
}

// stamp reads the timestamp of one directory.
func (l *look) stamp(ctx context.Context, directory, name string) (watch.StampSeen, answer) {
	seen := watch.StampSeen{Directory: directory}
	a := l.client.ask(ctx, request{method: http.MethodGet, url: transport.URL(transport.URL(l.base, directory), name), most: maxStamp, cut: true})
	seen.Fault, seen.Detail = a.fault, a.detail
	if a.fault != watch.FaultNone {
		return seen, a
	}
	if isPage(a.body) {
		seen.Fault, seen.Detail = watch.FaultMissing, a.status+" with a page of HTML in the place of the timestamp"
		return seen, a
	}
	at, ok := parseStamp(a.body)
	if !ok {
		seen.Fault, seen.Detail = watch.FaultDigest, a.status+" with no time in seconds since 1970: "+strconv.Quote(cut(string(a.body), 40))
	}
	seen.Stamp = at
	return seen, a
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
