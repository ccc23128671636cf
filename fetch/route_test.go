package fetch

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func never(string) bool { return false }

// way follows a route whose URLs all come to the same end and returns their order.
func way(bases, paths []string, retries int, isLast func(string) bool, outcome func(url string) outcome) (asked []string) {
	r := &route{bases: bases, paths: paths}
	for {
		i, ok := r.next(isLast)
		if !ok {
			if !r.again(retries) {
				return asked
			}
			asked = append(asked, "again")
			continue
		}
		asked = append(asked, r.url(i))
		r.record(i, outcome(r.url(i)), errors.New("failed"))
	}
}

func TestRoute(t *testing.T) {
	bases, paths := []string{"a:", "b:"}, []string{"1", "2"}
	all := []string{"a:/1", "a:/2", "b:/1", "b:/2"}
	for name, c := range map[string]struct {
		outcome outcome
		retries int
		isLast  func(string) bool
		want    []string
	}{
		"nowhere":           {final, 3, never, all},
		"wrong":             {wrong, 3, never, append(append(all[:4:4], "again"), all...)},
		"wrong, no retries": {wrong, 0, never, all},
		"busy":              {refusing, 2, never, []string{"a:/1", "b:/1", "again", "a:/1", "b:/1", "again", "a:/1", "b:/1"}},
		"untrusted":         {hopeless, 2, never, []string{"a:/1", "b:/1"}},
		"the first is bad":  {final, 0, func(b string) bool { return b == "a:" }, []string{"b:/1", "b:/2", "a:/1", "a:/2"}},
		"all are bad":       {final, 0, func(string) bool { return true }, all},
	} {
		t.Run(name, func(t *testing.T) {
			got := way(bases, paths, c.retries, c.isLast, func(string) outcome { return c.outcome })
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestRouteEnds draws outcomes at random: no URL is asked twice in a round, none
// after it was dropped, and the rounds end.
func TestRouteEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"a", "b", "c"}
		bases, paths := names[:rapid.IntRange(0, 3).Draw(t, "bases")], names[:rapid.IntRange(1, 3).Draw(t, "paths")]
		retries := rapid.IntRange(0, 3).Draw(t, "retries")
		bad := rapid.SampledFrom(names).Draw(t, "last")
		dropped := map[string]bool{}
		asked := way(bases, paths, retries, func(b string) bool { return b == bad }, func(url string) outcome {
			if dropped[url] {
				t.Fatalf("%s is asked again although it cannot have the file", url)
			}
			o := rapid.SampledFrom([]outcome{passing, refusing, wrong, final, hopeless}).Draw(t, url)
			dropped[url] = o == final || o == hopeless
			return o
		})
		rounds, seen := 1, map[string]bool{}
		for _, url := range asked {
			if url == "again" {
				rounds++
				clear(seen)
				continue
			}
			if seen[url] {
				t.Fatalf("%s is asked twice in a round: %v", url, asked)
			}
			seen[url] = true
		}
		if rounds > retries+1 {
			t.Fatalf("%d rounds with %d retries", rounds, retries)
		}
	})
}

func TestBasesThatFailAreLastForAWhile(t *testing.T) {
	b := &bases{all: map[string]*failing{}}
	now := time.Unix(0, 0)
	for i := range lastAfter {
		if b.isLast("a", now) {
			t.Fatalf("last after %d failures", i)
		}
		b.failed("a", now)
	}
	if !b.isLast("a", now) || b.isLast("b", now) {
		t.Error("not last, or the other one is")
	}
	now = now.Add(lastFor)
	if b.isLast("a", now) {
		t.Error("last for ever")
	}
	b.trying("a", now)
	if !b.isLast("a", now) {
		t.Error("more than one file finds out")
	}
	b.succeeded("a")
	if b.isLast("a", now) {
		t.Error("last although it works")
	}
}

func TestHostOf(t *testing.T) {
	for url, want := range map[string]string{
		"http://Example.org/a@b":            "http://example.org",
		"https://user:p@ss@example.org:8/a": "https://example.org:8",
		"http://example.org?x":              "http://example.org",
		"file:///srv":                       "file://",
	} {
		if got := hostOf(url); got != want {
			t.Errorf("host of %s is %q, expected %q", url, got, want)
		}
	}
}

func TestBackoff(t *testing.T) {
	b := Backoff{Base: time.Second, Max: 10 * time.Second}
	for retry, most := range map[int]time.Duration{1: 1, 2: 2, 3: 4, 4: 8, 5: 10, 60: 10, 1 << 40: 10} {
		var longest time.Duration
		for range 200 {
			longest = max(longest, b.delay(retry))
		}
		if most *= time.Second; longest > most || longest < most/2 {
			t.Errorf("retry %d waits up to %s, expected nearly %s", retry, longest, most)
		}
	}
}

func FuzzContentRange(f *testing.F) {
	for _, text := range []string{"bytes 0-9/10", "bytes 5-9/*", "bytes */10", "bytes 9-5/10", "bytes 0-10/10", "bytes -1-5/10"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, whole, ok := contentRange(text)
		if ok && (first < 0 || whole >= 0 && first >= whole) {
			t.Errorf("contentRange(%q) = %d, %d", text, first, whole)
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("120")
	f.Add("Wed, 21 Oct 2015 07:28:00 GMT")
	f.Fuzz(func(t *testing.T, text string) {
		b := Backoff{Max: time.Minute}
		if d := b.retryAfter(http.Header{"Retry-After": {text}}, time.Unix(1445412400, 0)); d < 0 || d > b.Max {
			t.Errorf("Retry-After %q is %s", text, d)
		}
	})
}
