package probe_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/plant"
	"github.com/mirrorkeeper/mirrorkeeper/watch/probe"
)

// TestStamps: what directories show for their timestamp is told for what it is.
func TestStamps(t *testing.T) {
	t.Parallel()
	now := time.Now().Truncate(time.Second)
	dir := t.TempDir()
	names := plant.NamesOf(".timestamp")
	put := func(directory, name, content string) { write(t, filepath.Join(dir, directory, name), []byte(content)) }
	put("good", names.Stamp, fmt.Sprintf("%d\n", now.Unix()))
	put("marked", names.Stamp, fmt.Sprintf("%d\n", now.Unix()))
	put("marked", names.Begin, fmt.Sprintf("%d 8\n", now.Unix()))
	put("marked", names.End, fmt.Sprintf("%d 7\n", now.Unix()))
	put("future", names.Stamp, fmt.Sprint(now.Add(48*time.Hour).Unix()))
	put("words", names.Stamp, "yesterday\n")
	put("empty", names.Stamp, "")
	put("page", names.Stamp, "<!DOCTYPE html>\n<html>404</html>")
	put("long", names.Stamp, fmt.Sprintf("%d %01000d", now.Unix(), 0))
	put("absent/but", "for", "this")
	s := repotest.Serve(t, dir)
	r := &watch.Repository{Name: "pub", Stamp: ".timestamp", Directories: []string{"good", "marked", "future", "words", "empty", "page", "long", "absent", "no such", "cached"}}
	put("cached", names.Stamp, fmt.Sprint(now.Unix()))
	s.Strike("cached", repotest.Answer(200, fmt.Sprint(now.Add(-time.Hour).Unix()), "Age", "3600", "X-Cache", "HIT"))
	p := probe.New(probe.Options{Allowed: loopback, Rate: -1})
	o := p.Look(t.Context(), probe.Target{Site: watch.Site{URL: s.URL}, Repository: r}, []watch.Task{{Level: watch.LevelStamp}}, watch.Known{})
	want := map[string]watch.StampSeen{
		"good":    {Stamp: now},
		"marked":  {Stamp: now, Begin: 8, End: 7},
		"future":  {Stamp: now.Add(48 * time.Hour)},
		"words":   {Fault: watch.FaultDigest},
		"empty":   {Fault: watch.FaultDigest},
		"page":    {Fault: watch.FaultMissing},
		"long":    {Stamp: now},
		"absent":  {Fault: watch.FaultMissing},
		"no such": {Fault: watch.FaultMissing},
		"cached":  {Stamp: now.Add(-time.Hour)},
	}
	if len(o.Stamps) != len(want) || o.Fault != "" {
		t.Fatalf("%+v", o)
	}
	for _, seen := range o.Stamps {
		w := want[seen.Directory]
		if !seen.Stamp.Equal(w.Stamp) || seen.Fault != w.Fault || seen.Begin != w.Begin || seen.End != w.End || seen.Detail == "" && w.Fault != "" {
			t.Errorf("%+v, expected %+v", seen, w)
		}
	}
	if n := len(s.Requests(".")); n != o.Requests {
		t.Errorf("%d requests are told, the server saw %d", o.Requests, n)
	}
}

// TestStampsOfNobody: a site that is not there has no timestamps.
func TestStampsOfNobody(t *testing.T) {
	t.Parallel()
	r := &watch.Repository{Name: "pub", Stamp: ".timestamp", Directories: []string{"a", "b"}}
	p := probe.New(probe.Options{Allowed: loopback, Rate: -1})
	o := p.Look(t.Context(), probe.Target{Site: watch.Site{URL: "http://127.0.0.1:9"}, Repository: r}, []watch.Task{{Level: watch.LevelStamp}}, watch.Known{})
	if o.Fault != watch.FaultUnreachable || len(o.Stamps) != 0 || o.Detail == "" {
		t.Errorf("%+v", o)
	}
	for _, url := range []string{"", "mirror.example.org", "http://", "::"} {
		if o := p.Look(t.Context(), probe.Target{Site: watch.Site{URL: url}, Repository: r}, []watch.Task{{Level: watch.LevelStamp}}, watch.Known{}); o.Fault != watch.FaultUnreachable {
			t.Errorf("%q: %+v", url, o)
		}
	}
}
