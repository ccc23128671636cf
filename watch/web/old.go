package web

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// Old is what mirrorchecker served for one backend, under the same paths and, but for its
// defects, byte for byte:
//
//	PREFIX               ages of all mirrors
//	PREFIX/HOST_PATH     the age of one; every slash of its address is written _
//	PREFIX/YUM_REQUEST   the list for yum, with {words} that the response repeats
//	METRICS              a gauge for Prometheus, with all other metrics
//
// Mirrors stand in the order of the configuration, and the list is not empty while any
// mirror or the source can be named.
type Old struct {
	// Repository is the watched one that the backend became.
	Repository              string
	Prefix                  string
	YumRequest, YumResponse string // "" for no list
	YumThreshold            time.Duration
	Metrics                 string // "" for none
}

// age is how old the timestamp of a mirror is, in whole seconds; -1 where none was ever
// seen. Of the directories that it ever served the oldest one counts, or as mirrorchecker
// had it the newest.
func age(s *watch.Snapshot, site, repository string, now time.Time) int64 {
	newest := false
	for i := range s.Repositories {
		newest = newest || s.Repositories[i].Name == repository && s.Repositories[i].NewestStamp
	}
	var stamp time.Time
	for _, k := range s.Known[watch.Key{Site: site, Repository: repository}] {
		for _, seen := range k.Stamps {
			if !seen.Stamp.IsZero() && (stamp.IsZero() || seen.Stamp.After(stamp) == newest) {
				stamp = seen.Stamp
			}
		}
	}
	if stamp.IsZero() {
		return -1
	}
	return max(0, int64(now.Sub(stamp)/time.Second))
}

// oldServer answers for all backends.
type oldServer struct {
	*Server
	backends []Old
	requests []*regexp.Regexp // of the lists, nil where there is none
}

func newOldServer(s *Server, backends []Old) (*oldServer, error) {
	o := &oldServer{Server: s, backends: backends}
	for _, b := range backends {
		if b.YumRequest == "" {
			o.requests = append(o.requests, nil)
			continue
		}
		pattern, err := requestPattern(b.Prefix + "/" + b.YumRequest)
		if err != nil {
			return nil, fmt.Errorf("yum_request of %s: %w", b.Repository, err)
		}
		o.requests = append(o.requests, pattern)
	}
	return o, nil
}

var word = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// requestPattern makes an expression of a path with {words}, each of which stands for some
// text without a slash.
func requestPattern(path string) (*regexp.Regexp, error) {
	var b strings.Builder
	b.WriteString("^")
	at := 0
	seen := map[string]bool{}
	for _, m := range word.FindAllStringSubmatchIndex(path, -1) {
		name := path[m[2]:m[3]]
		if seen[name] {
			return nil, fmt.Errorf("has {%s} twice", name)
		}
		seen[name] = true
		b.WriteString(regexp.QuoteMeta(path[at:m[0]]) + "(?P<" + name + ">[^{}/]+)")
		at = m[1]
	}
	b.WriteString(regexp.QuoteMeta(path[at:]) + "$")
	return regexp.Compile(b.String())
}

// serve answers the request if it is one of theirs, and reports whether it was.
func (o *oldServer) serve(w http.ResponseWriter, r *http.Request) bool {
	path := strings.TrimRight(r.URL.Path, "/")
	s, now := o.Snapshot(), o.now()
	for i, pattern := range o.requests {
		if pattern == nil {
			continue
		}
		if m := pattern.FindStringSubmatch(path); m != nil {
			o.yum(w, s, &o.backends[i], pattern, m, now)
			return true
		}
	}
	var under []*Old
	for i := range o.backends {
		b := &o.backends[i]
		if b.Metrics != "" && path == b.Metrics {
			o.metrics.handler.ServeHTTP(w, r)
			return true
		}
		if path == b.Prefix || strings.HasPrefix(path, b.Prefix+"/") {
			under = append(under, b)
		}
	}
	for _, b := range under {
		if path == b.Prefix {
			o.all(w, s, path, now)
			return true
		}
	}
	for _, b := range under {
		name := strings.TrimPrefix(path, b.Prefix+"/")
		for _, site := range s.Sites {
			if oldName(site.URL) == name && serves(site, b.Repository) {
				writeJSONText(w, "{"+quote(site.URL)+": "+strconv.FormatInt(age(s, site.URL, b.Repository, now), 10)+"}")
				return true
			}
		}
	}
	return false
}

// oldName is what the old interface calls a site: its address without the scheme, with _
// for every slash.
func oldName(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	return strings.ReplaceAll(strings.Trim(rest, "/"), "/", "_")
}

func serves(site watch.Site, repository string) bool {
	for _, name := range site.Repositories {
		if name == repository {
			return true
		}
	}
	return false
}

// all answers with the ages of all mirrors of the backends that have the prefix.
func (o *oldServer) all(w http.ResponseWriter, s *watch.Snapshot, prefix string, now time.Time) {
	var b strings.Builder
	b.WriteString(`{"mirrors": {`)
	first := true
	for _, site := range s.Sites {
		for i := range o.backends {
			if o.backends[i].Prefix != prefix || !serves(site, o.backends[i].Repository) {
				continue
			}
			if !first {
				b.WriteString(", ")
			}
			first = false
			b.WriteString(quote(site.URL) + ": ")
			seconds := age(s, site.URL, o.backends[i].Repository, now)
			if seconds < 0 {
				b.WriteString("-1")
			} else {
				fmt.Fprintf(&b, `{"in_seconds": %d, "in_minutes": %s, "in_hours": %s}`, seconds, rounded(seconds, 60), rounded(seconds, 3600))
			}
			break // one mirror has one key
		}
	}
	b.WriteString("}}")
	writeJSONText(w, b.String())
}

// rounded is a number of seconds in greater units, to two decimals, in Python's form:
// 0.0, 1.5, 12.25.
func rounded(seconds, unit int64) string {
	f, _ := strconv.ParseFloat(strconv.FormatFloat(float64(seconds)/float64(unit), 'f', 2, 64), 64)
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// yum answers with the mirrors that are whitelisted or fresh enough.
func (o *oldServer) yum(w http.ResponseWriter, s *watch.Snapshot, b *Old, pattern *regexp.Regexp, match []string, now time.Time) {
	response := word.ReplaceAllStringFunc(b.YumResponse, func(text string) string {
		if i := pattern.SubexpIndex(text[1 : len(text)-1]); i > 0 {
			return match[i]
		}
		return text
	})
	var candidates []watch.Candidate
	for _, site := range s.Sites {
		if v := s.Verdicts[watch.Key{Site: site.URL, Repository: b.Repository}]; v != nil && serves(site, b.Repository) {
			candidates = append(candidates, watch.Candidate{Site: site, Verdict: *v})
		}
	}
	policy := watch.Policy{MaxLag: b.YumThreshold, Source: originOf(s, b.Repository)}
	list := watch.Listed(candidates, policy, watch.Client{}, now)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	for _, e := range list.Entries {
		fmt.Fprintf(w, "%s/%s\n", e.URL, response)
	}
}

// originOf is the address of the source of a watched repository, "" where nothing serves it.
func originOf(s *watch.Snapshot, repository string) string {
	for i, r := range s.Repositories {
		if r.Name == repository && i < len(s.Origins) {
			return s.Origins[i].URL
		}
	}
	return ""
}

// quote is a text as Python's json writes it: in ASCII.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c >= ' ' && c < 0x7f:
			b.WriteRune(c)
		case c > 0xffff:
			c -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+c>>10, 0xdc00+c&0x3ff)
		default:
			fmt.Fprintf(&b, `\u%04x`, c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func writeJSONText(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	fmt.Fprint(w, text)
}
