package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/progress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/transport"
)

// bubble runs a test by the fake clock.
func bubble(t *testing.T, f func(t *testing.T, w *web)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newWeb(t)) })
}

// fetchAll fetches and expects all files to be there.
func fetchAll(t *testing.T, f *Fetcher, requests []Request, want map[string][]byte) *Report {
	t.Helper()
	sink := newMemory()
	report, err := f.Fetch(t.Context(), requests, sink)
	if err != nil {
		t.Fatal(err)
	}
	if d := different(want, sink.files); d != nil {
		t.Errorf("wrong files: %v", d)
	}
	if report.Fetched != len(want) || len(sink.kept) != 0 || sink.open != 0 {
		t.Errorf("%d fetched of %d, %d parts left, %d open", report.Fetched, len(want), len(sink.kept), sink.open)
	}
	return report
}

func TestFetch(t *testing.T) {
	bubble(t, func(t *testing.T, w *web) {
		files := someFiles(300, 1000)
		files["empty"] = []byte{}
		files["large"] = content(1_000_000, 7)
		tr := newTree(files)
		base := w.serve("a.example.org", tr.serve)
		var tracker progress.Tracker
		stage := tracker.Stage("a", "packages", 302, 0)
		requests := requestsFor(files, base)
		var total int64
		for i := range requests {
			requests[i].Counter = stage
			total += requests[i].File.Size
		}
		report := fetchAll(t, New(Options{Client: w.client(), PerHost: 4}), requests, files)
		if report.Bytes != total || len(report.Failed)+len(report.Absent) != 0 {
			t.Errorf("report %+v of %d bytes", report, total)
		}
		if s := stage.Snapshot(); s.DoneBytes != total || s.DoneFiles != 302 {
			t.Errorf("progress %+v", s)
		}
		if tr.most > 4 {
			t.Errorf("%d requests at once, at most 4 are allowed", tr.most)
		}
		if len(tr.asked) != 302 || !slices.Contains(tr.asked[:4], "large") {
			t.Errorf("%d requests, the first for %v", len(tr.asked), tr.asked[:4])
		}
	})
}

func TestCutAtEveryByte(t *testing.T) {
	want := content(40, 1)
	for at := 1; at < len(want); at++ {
		bubble(t, func(t *testing.T, w *web) {
			begun := time.Now()
			tr := newTree(map[string][]byte{"f": want})
			tr.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
				if n == 1 {
					tr.cutAfter(w, r, at)
				}
				return false
			}
			base := w.serve("a.example.org", tr.serve)
			// No retries: to go on where it was cut needs none.
			report := fetchAll(t, New(Options{Client: w.client()}), requestsFor(tr.files, base), tr.files)
			if report.Bytes != 40 {
				t.Errorf("cut after %d bytes, %d bytes were received for 40", at, report.Bytes)
			}
			if d := cmp.Diff([]string{"f", fmt.Sprintf("f bytes=%d-", at)}, tr.asked); d != "" {
				t.Error(d)
			}
			if took := time.Since(begun); took != 0 {
				t.Errorf("waited %s", took)
			}
		})
	}
}

func TestCutAgainAndAgain(t *testing.T) {
	bubble(t, func(t *testing.T, w *web) {
		tr := newTree(map[string][]byte{"f": content(50, 1)})
		tr.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
			tr.cutAfter(w, r, 1)
			return true
		}
		base := w.serve("a.example.org", tr.serve)
		fetchAll(t, New(Options{Client: w.client()}), requestsFor(tr.files, base), tr.files)
	})
}

// TestAnyFaults lets a server misbehave at random, as long as it ends at some time.
func TestAnyFaults(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(0, 300), 1, 6).Draw(rt, "sizes")
		files := map[string][]byte{}
		for i, n := range sizes {
			files[fmt.Sprintf("f%d", i)] = content(n, byte(i))
		}
		faults := map[string][]int{}
		for path := range files {
			faults[path] = rapid.SliceOfN(rapid.IntRange(0, 9), 0, 4).Draw(rt, path)
		}
		stopAfter := rapid.IntRange(0, 100).Draw(rt, "writes before the first run is killed")
		bubble(t, func(t *testing.T, w *web) {
			tr := newTree(files)
			tr.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
				path := strings.TrimPrefix(r.URL.Path, "/")
				if n > len(faults[path]) {
					return false
				}
				return misbehave(tr, w, r, faults[path][n-1])
			}
			base := w.serve("a.example.org", tr.serve)
			f := New(Options{Client: w.client(), Retries: 5, Stall: time.Second})
			sink := newMemory()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			writes := 0
			sink.onWrite = func() {
				sink.mu.Lock()
				defer sink.mu.Unlock()
				if writes++; writes > stopAfter {
					cancel()
				}
			}
			requests := requestsFor(files, base)
			if _, err := f.Fetch(ctx, requests, sink); err != nil && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			sink.onWrite = nil
			if _, err := f.Fetch(t.Context(), requests, sink); err != nil {
				t.Fatal(err)
			}
			if d := different(files, sink.files); d != nil || len(sink.kept) != 0 || sink.open != 0 {
				t.Errorf("%d parts left, %d open, wrong files: %v", len(sink.kept), sink.open, d)
			}
		})
	})
}

// misbehave answers wrongly; it returns false when it left the answer to others.
func misbehave(tr *tree, w http.ResponseWriter, r *http.Request, how int) bool {
	content := tr.files[strings.TrimPrefix(r.URL.Path, "/")]
	switch how {
	case 0:
		http.Error(w, "busy", http.StatusServiceUnavailable)
	case 1:
		w.Header().Set("Retry-After", "3")
		http.Error(w, "slower", http.StatusTooManyRequests)
	case 2:
		tr.cutAfter(w, r, len(content)/2)
	case 3:
		panic(http.ErrAbortHandler)
	case 4: // ignores ranges, and is cut
		r.Header.Del("Range")
		tr.cutAfter(w, r, len(content)*2/3)
	case 5: // ignores ranges
		w.Write(content)
	case 6: // stalls
		if len(content) == 0 {
			return false // whoever got the header has got it all
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		w.Write(content[:len(content)/3])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	case 7: // chunked, and ends early though it seems whole
		w.Write(content[:len(content)/2])
		w.(http.Flusher).Flush()
	case 8: // other ranges than asked for
		if len(content) > 0 {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", len(content)-1, len(content)))
			w.WriteHeader(http.StatusPartialContent)
			w.Write(content)
			return true
		}
		return false
	case 9:
		http.Error(w, "bad gateway", http.StatusBadGateway)
	}
	return true
}

func TestRetry(t *testing.T) {
	for name, c := range map[string]struct {
		fault   func(w http.ResponseWriter)
		atLeast time.Duration
		atMost  time.Duration
	}{
		"busy":                     {func(w http.ResponseWriter) { w.WriteHeader(503) }, 0, time.Second},
		"broken":                   {func(w http.ResponseWriter) { w.WriteHeader(500) }, 0, time.Second},
		"after seconds":            {func(w http.ResponseWriter) { w.Header().Set("Retry-After", "7"); w.WriteHeader(503) }, 7 * time.Second, 8 * time.Second},
		"after a date":             {func(w http.ResponseWriter) { retryAt(w, 9*time.Second); w.WriteHeader(429) }, 8 * time.Second, 10 * time.Second},
		"after far too many":       {func(w http.ResponseWriter) { w.Header().Set("Retry-After", "86400"); w.WriteHeader(429) }, 30 * time.Second, 31 * time.Second},
		"after nonsense":           {func(w http.ResponseWriter) { w.Header().Set("Retry-After", "soon"); w.WriteHeader(503) }, 0, time.Second},
		"the connection is closed": {func(w http.ResponseWriter) { panic(http.ErrAbortHandler) }, 0, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *web) {
				tr := newTree(map[string][]byte{"f": content(50, 1)})
				tr.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
					if n == 1 {
						c.fault(w)
					}
					return n == 1
				}
				base := w.serve("a.example.org", tr.serve)
				begun := time.Now()
				fetchAll(t, New(Options{Client: w.client(), Retries: 1, Backoff: Backoff{Base: time.Second}}), requestsFor(tr.files, base), tr.files)
				if took := time.Since(begun); took < c.atLeast || took > c.atMost {
					t.Errorf("took %s, expected %s to %s", took, c.atLeast, c.atMost)
				}
			})
		})
	}
}

func retryAt(w http.ResponseWriter, d time.Duration) {
	w.Header().Set("Retry-After", time.Now().Add(d).UTC().Format(http.TimeFormat))
}

func TestRetriesEnd(t *testing.T) {
	bubble(t, func(t *testing.T, w *web) {
		tr := newTree(nil)
		tr.fault = func(w http.ResponseWriter, r *http.Request, n int) bool { w.WriteHeader(502); return true }
		base := w.serve("a.example.org", tr.serve)
		_, err := New(Options{Client: w.client(), Retries: 3}).Fetch(t.Context(), requestsFor(map[string][]byte{"f": {1}}, base), newMemory())
		want := "cannot fetch f: http://a.example.org/f: the server answered 502 Bad Gateway"
		if err == nil || err.Error() != want {
			t.Errorf("got %v, expected %s", err, want)
		}
		if len(tr.asked) != 4 {
			t.Errorf("%d requests, expected 1 and 3 retries", len(tr.asked))
		}
	})
}

func TestStall(t *testing.T) {
	bubble(t, func(t *testing.T, w *web) {
		tr := newTree(map[string][]byte{"f": content(90, 1)})
		tr.fault = func(w http.ResponseWriter, r *http.Request, n int) bool { return n == 1 && misbehave(tr, w, r, 6) }
		base := w.serve("a.example.org", tr.serve)
		begun := time.Now()
		report := fetchAll(t, New(Options{Client: w.client(), Stall: 20 * time.Second}), requestsFor(tr.files, base), tr.files)
		if took := time.Since(begun); took != 20*time.Second || report.Bytes != 90 {
			t.Errorf("took %s and %d bytes", took, report.Bytes)
		}
	})
}

func TestWrongContent(t *testing.T) {
	right := content(1000, 1)
	page := []byte("<!DOCTYPE html><html><title>Not here</title>" + strings.Repeat(" ", 2000))
	corrupt := append([]byte{}, right...)
	corrupt[500] ^= 1
	chunked := func(body []byte) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Write(body[:len(body)/2])
			w.(http.Flusher).Flush()
			w.Write(body[len(body)/2:])
		}
	}
	plain := func(body []byte) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			w.Write(body)
		}
	}
	file := fileOf("f", right)
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter)
		want   string
	}{
		"corrupt":       {plain(corrupt), "wrong content: expected " + file.Digest.String() + ", got " + fileOf("f", corrupt).Digest.String() + " (1000 bytes)"},
		"short":         {plain(right[:900]), "wrong size: expected 1000 bytes, the server offers 900"},
		"long":          {plain(page), "wrong size: expected 1000 bytes, the server offers 2044; it looks like a web page"},
		"long, chunked": {chunked(append(right, 0)), "wrong size: expected 1000 bytes, the server sends more"},
		"page, chunked": {chunked(page[:1000]), "wrong content: expected " + file.Digest.String() + ", got " + fileOf("f", page[:1000]).Digest.String() + " (1000 bytes); it looks like a web page"},
		"empty":         {plain(nil), "wrong size: expected 1000 bytes, the server offers 0"},
		"no content":    {func(w http.ResponseWriter) { w.WriteHeader(204) }, "the server answered 204 No Content"},
		"unauthorized":  {func(w http.ResponseWriter) { w.WriteHeader(401) }, "the server answered 401 Unauthorized"},
		"not found":     {func(w http.ResponseWriter) { w.WriteHeader(404) }, "the server answered 404 Not Found"},
		"range unasked": {func(w http.ResponseWriter) { w.WriteHeader(416) }, "the server sent another part of the file than the one asked for"},
		"not the start": {func(w http.ResponseWriter) { w.Header().Set("Content-Range", "bytes 5-6/1000"); w.WriteHeader(206) }, "the server sent another part of the file than the one asked for"},
		"odd range":     {func(w http.ResponseWriter) { w.Header().Set("Content-Range", "lines"); w.WriteHeader(206) }, "the server sent another part of the file than the one asked for"},
		"cut at once": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "1000")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, "cut after 0 bytes: unexpected EOF"},
		"redirect, lost": {func(w http.ResponseWriter) { w.WriteHeader(302) }, "the server answered 302 Found"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *web) {
				tr := newTree(nil)
				tr.fault = func(w http.ResponseWriter, r *http.Request, n int) bool { c.answer(w); return true }
				good := newTree(map[string][]byte{"f": right})
				bad := w.serve("bad.example.org", tr.serve)
				sink := newMemory()
				report, err := New(Options{Client: w.client(), IgnoreErrors: 1}).Fetch(t.Context(), requestsFor(good.files, bad), sink)
				if err != nil || len(report.Failed) != 1 {
					t.Fatalf("failed files %v, %v", report.Failed, err)
				}
				want := "cannot fetch f: http://bad.example.org/f: " + c.want
				if got := report.Failed[0].Err.Error(); got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
				if len(sink.files)+len(sink.kept)+sink.open != 0 {
					t.Errorf("the sink holds %d files, %d parts, %d are open", len(sink.files), len(sink.kept), sink.open)
				}

				fetchAll(t, New(Options{Client: w.client()}), requestsFor(good.files, bad, w.serve("good.example.org", good.serve)), good.files)
			})
		})
	}
}

func TestWrongContentIsAskedTwiceAndFresh(t *testing.T) {
	bubble(t, func(t *testing.T, w *web) {
		right := content(100, 1)
		var cacheControl []string
		tr := newTree(nil)
		tr.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
			cacheControl = append(cacheControl, r.Header.Get("Cache-Control"))
			w.Write(make([]byte, 100))
			return true
		}
		base := w.serve("a.example.org", tr.serve)
		_, err := New(Options{Client: w.client(), Retries: 9}).Fetch(t.Context(), requestsFor(map[string][]byte{"f": right}, base), newMemory())
		var mismatch *MismatchError
		if !errors.As(err, &mismatch) || mismatch.Expected != fileOf("f", right) || mismatch.Digest != fileOf("f", make([]byte, 100)).Digest {
			t.Errorf("got %v", err)
		}
		if d := cmp.Diff([]string{"", "no-cache"}, cacheControl); d != "" {
			t.Error(d)
		}
	})
}

func TestByDigestFirstThenPlain(t *testing.T) {
	bubble(t, func(t *testing.T, w *web) {
		tr := newTree(map[string][]byte{"dists/x/Packages": content(10, 1), "by-hash/2": content(20, 2)})
		base := w.serve("a.example.org", tr.serve)
		requests := []Request{
			{File: fileOf("one", content(10, 1)), Bases: []string{base}, Paths: []string{"by-hash/1", "dists/x/Packages"}},
			{File: fileOf("two", content(20, 2)), Bases: []string{base}, Paths: []string{"by-hash/2", "dists/x/Packages"}},
		}
		fetchAll(t, New(Options{Client: w.client(), Connections: 1}), requests, map[string][]byte{"one": content(10, 1), "two": content(20, 2)})
		if d := cmp.Diff([]string{"by-hash/2", "by-hash/1", "dists/x/Packages"}, tr.asked); d != "" {
			t.Error(d)
		}
	})
}

func TestSpare(t *testing.T) {
	bubble(t, func(t *testing.T, w *web) {
		asked := 0
		broken := w.serve("a.example.org", func(w http.ResponseWriter, r *http.Request) {
			asked++
			w.WriteHeader(http.StatusServiceUnavailable)
		})
		page := w.serve("b.example.org", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "<html>sorry</html>") })
		none := w.serve("c.example.org", http.NotFound)
		for _, bases := range [][]string{{broken, none}, {page}, {broken}} {
			report, err := New(Options{Client: w.client(), Retries: 2}).Fetch(t.Context(), []Request{
				{File: fileOf("a", []byte{1}), Bases: bases, Spare: true},
			}, newMemory())
			if err != nil || len(report.Absent) != 1 {
				t.Errorf("%v: absent %v, %v", bases, report, err)
			}
		}
		if asked != 1+3 {
			t.Errorf("the broken server was asked %d times, expected once beside the one that has no such file, and three times alone", asked)
		}
	})
}

func TestAbsent(t *testing.T) {
	bubble(t, func(t *testing.T, w *web) {
		status := map[string]int{"a": 404, "b": 410, "c": 403, "d": 500}
		serve := func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status[strings.TrimPrefix(r.URL.Path, "/")])
		}
		first, second := w.serve("a.example.org", serve), w.serve("b.example.org", serve)
		var requests []Request
		for _, path := range []string{"a", "b", "c", "d"} {
			requests = append(requests, Request{File: fileOf(path, []byte{1}), Bases: []string{first, second}, Optional: true})
		}
		requests = append(requests, Request{File: fileOf("a", []byte{1}), Bases: []string{first, second}})
		report, err := New(Options{Client: w.client(), IgnoreErrors: 9}).Fetch(t.Context(), requests, newMemory())
		if err != nil {
			t.Fatal(err)
		}
		var absent []string
		for _, r := range report.Absent {
			absent = append(absent, r.File.Path)
		}
		if d := cmp.Diff([]string{"a", "b", "c"}, absent); d != "" {
			t.Error(d)
		}
		if len(report.Failed) != 2 {
			t.Fatalf("failed: %v", report.Failed)
		}
		for _, f := range report.Failed {
			if missing := errors.Is(f.Err, ErrNotFound); missing != (f.Request.File.Path == "a") {
				t.Errorf("%v: not found is %v", f.Err, missing)
			}
		}
	})
}

func TestFailOver(t *testing.T) {
	bubble(t, func(t *testing.T, w *web) {
		files := someFiles(40, 100)
		half := map[string][]byte{}
		for path, c := range files {
			if strings.HasSuffix(path, "0.deb") {
				half[path] = c
			}
		}
		stale, good := newTree(half), newTree(files)
		bases := []string{"http://down.example.org", w.serve("stale.example.org", stale.serve), w.serve("good.example.org", good.serve)}
		begun := time.Now()
		fetchAll(t, New(Options{Client: w.client(), Connections: 1}), requestsFor(files, bases...), files)
		if time.Since(begun) != 0 {
			t.Error("waited although another base was there")
		}
		if n := w.conns["down.example.org"]; n > lastAfter {
			t.Errorf("a host that is down was asked %d times, expected %d at most", n, lastAfter)
		}
		if len(stale.asked) > 20 {
			t.Errorf("a stale host was asked %d times", len(stale.asked))
		}
	})
}

func TestFailOverInTheMiddle(t *testing.T) {
	bubble(t, func(t *testing.T, w *web) {
		files := map[string][]byte{"f": content(1000, 1)}
		dies, good := newTree(files), newTree(files)
		good.etags = map[string]string{"f": `"another"`}
		dies.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
			if n == 1 {
				dies.cutAfter(w, r, 400)
			}
			w.WriteHeader(500)
			return true
		}
		report := fetchAll(t, New(Options{Client: w.client()}), requestsFor(files, w.serve("a.example.org", dies.serve), w.serve("b.example.org", good.serve)), files)
		if report.Bytes != 1000 {
			t.Errorf("%d bytes received for 1000", report.Bytes)
		}
	})
}

func TestResumeAcrossRuns(t *testing.T) {
	for name, c := range map[string]struct {
		kept  func(right []byte, url string) *kept
		asked []string
		bytes int64
	}{
		"with its validator":   {func(b []byte, u string) *kept { return &kept{b[:600], u + ` "3e8"`} }, []string{"f bytes=600-"}, 400},
		"without validator":    {func(b []byte, u string) *kept { return &kept{b[:600], ""} }, []string{"f bytes=600-"}, 400},
		"changed since":        {func(b []byte, u string) *kept { return &kept{b[1:601], u + ` "old"`} }, []string{"f bytes=600-"}, 1000},
		"changed, unnoticed":   {func(b []byte, u string) *kept { return &kept{b[1:601], ""} }, []string{"f bytes=600-", "f"}, 1400},
		"of another URL":       {func(b []byte, u string) *kept { return &kept{b[:600], `http://b.example.org/f "old"`} }, []string{"f bytes=600-"}, 400},
		"complete":             {func(b []byte, u string) *kept { return &kept{b, ""} }, nil, 0},
		"complete, but wrong":  {func(b []byte, u string) *kept { return &kept{make([]byte, 1000), ""} }, []string{"f"}, 1000},
		"too long":             {func(b []byte, u string) *kept { return &kept{make([]byte, 1001), ""} }, []string{"f"}, 1000},
		"all but the last one": {func(b []byte, u string) *kept { return &kept{b[:999], ""} }, []string{"f bytes=999-"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *web) {
				tr := newTree(map[string][]byte{"f": content(1000, 1)})
				base := w.serve("a.example.org", tr.serve)
				sink := newMemory()
				k := c.kept(append([]byte{}, tr.files["f"]...), base+"/f")
				sink.kept["f"] = k
				var tracker progress.Tracker
				requests := requestsFor(tr.files, base)
				requests[0].Counter = tracker.Stage("a", "packages", 1, 1000)
				report, err := New(Options{Client: w.client()}).Fetch(t.Context(), requests, sink)
				if err != nil {
					t.Fatal(err)
				}
				if d := different(tr.files, sink.files); d != nil {
					t.Error(d)
				}
				if d := cmp.Diff(c.asked, tr.asked); d != "" || report.Bytes != c.bytes {
					t.Errorf("%d bytes received, expected %d; requests\n%s", report.Bytes, c.bytes, d)
				}
				if s := requests[0].Counter.Snapshot(); s.DoneBytes != 1000 || s.DoneFiles != 1 {
					t.Errorf("progress %+v", s)
				}
			})
		})
	}
}

func TestChangedBetweenPieces(t *testing.T) {
	for _, tagged := range []bool{true, false} {
		bubble(t, func(t *testing.T, w *web) {
			old, now := content(1000, 1), content(1000, 2)
			tr := newTree(map[string][]byte{"f": old})
			tr.etags = map[string]string{"f": `"old"`}
			tr.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
				if !tagged {
					w.Header().Set("Etag", `W/"weak"`)
				}
				if n == 1 {
					if tagged {
						w.Header().Set("Etag", `"old"`)
					}
					defer func() {
						tr.mu.Lock()
						defer tr.mu.Unlock()
						tr.files["f"], tr.etags["f"] = now, `"new"`
					}()
					tr.cutAfter(w, r, 300)
				}
				return false
			}
			base := w.serve("a.example.org", tr.serve)
			fetchAll(t, New(Options{Client: w.client()}), requestsFor(map[string][]byte{"f": now}, base), map[string][]byte{"f": now})
		})
	}
}

func TestSizeUnknown(t *testing.T) {
	for name, fault := range map[string]func(tr *tree, w http.ResponseWriter, r *http.Request) bool{
		"plain":   func(*tree, http.ResponseWriter, *http.Request) bool { return false },
		"cut":     func(tr *tree, w http.ResponseWriter, r *http.Request) bool { tr.cutAfter(w, r, 500); return true },
		"chunked": func(tr *tree, w http.ResponseWriter, r *http.Request) bool { return misbehave(tr, w, r, 5) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *web) {
				tr := newTree(map[string][]byte{"f": content(1000, 1), "done": content(700, 2)})
				tr.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
					return n == 1 && r.URL.Path == "/f" && fault(tr, w, r)
				}
				requests := requestsFor(tr.files, w.serve("a.example.org", tr.serve))
				for i := range requests {
					requests[i].File.Size = -1
				}
				sink := newMemory()
				sink.kept["done"] = &kept{content(700, 2), ""} // all there, which only the server knows
				if _, err := New(Options{Client: w.client()}).Fetch(t.Context(), requests, sink); err != nil {
					t.Fatal(err)
				}
				if d := different(tr.files, sink.files); d != nil {
					t.Error(d)
				}
			})
		})
	}
}

func TestFilesOfOneContent(t *testing.T) {
	bubble(t, func(t *testing.T, w *web) {
		files := map[string][]byte{}
		for i := range 20 {
			files[fmt.Sprintf("f%d", i)] = content(100, byte(i%3))
		}
		tr := newTree(files)
		tr.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
			if n == 1 {
				w.WriteHeader(500)
			}
			return n == 1
		}
		base := w.serve("a.example.org", tr.serve)
		sink := newMemory()
		if _, err := New(Options{Client: w.client(), Retries: 1}).Fetch(t.Context(), requestsFor(files, base), sink); err != nil {
			t.Fatal(err)
		}
		if d := different(files, sink.files); d != nil || sink.clashes > 0 {
			t.Errorf("%d times files of one digest were under way at once; wrong files: %v", sink.clashes, d)
		}
	})
}

func TestErrorBudget(t *testing.T) {
	bubble(t, func(t *testing.T, w *web) {
		files := someFiles(50, 100)
		tr := newTree(files)
		tr.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
			if strings.HasSuffix(r.URL.Path, "5.deb") {
				http.NotFound(w, r)
				return true
			}
			return false
		}
		base := w.serve("a.example.org", tr.serve)
		sink := newMemory()
		report, err := New(Options{Client: w.client(), IgnoreErrors: 5}).Fetch(t.Context(), requestsFor(files, base), sink)
		if err != nil || report.Fetched != 45 || len(report.Failed) != 5 || len(sink.files) != 45 {
			t.Errorf("within the budget: %v, %d fetched, %d failed", err, report.Fetched, len(report.Failed))
		}

		sink = newMemory()
		report, err = New(Options{Client: w.client(), IgnoreErrors: 2, Connections: 1}).Fetch(t.Context(), requestsFor(files, base), sink)
		var budget *BudgetError
		if !errors.As(err, &budget) || budget.Allowed != 2 || len(budget.Failed) != 3 || !errors.Is(err, ErrNotFound) {
			t.Fatalf("beyond the budget: %v", err)
		}
		want := `3 files failed, at most 2 may
  cannot fetch pool/0045.deb: http://a.example.org/pool/0045.deb: the server answered 404 Not Found
  cannot fetch pool/0035.deb: http://a.example.org/pool/0035.deb: the server answered 404 Not Found
  cannot fetch pool/0025.deb: http://a.example.org/pool/0025.deb: the server answered 404 Not Found`
		if err.Error() != want {
			t.Errorf("got  %s\nwant %s", err, want)
		}
		if report.Fetched != len(sink.files) || sink.open != 0 {
			t.Errorf("%d fetched by the report, %d in the sink, %d open", report.Fetched, len(sink.files), sink.open)
		}
	})
}

func TestCancel(t *testing.T) {
	bubble(t, func(t *testing.T, w *web) {
		files := someFiles(20, 1000)
		tr := newTree(files)
		tr.fault = func(w http.ResponseWriter, r *http.Request, n int) bool { return misbehave(tr, w, r, 6) }
		base := w.serve("a.example.org", tr.serve)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		sink := newMemory()
		_, err := New(Options{Client: w.client(), PerHost: 4}).Fetch(ctx, requestsFor(files, base), sink)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if sink.open != 0 || len(sink.kept) != 4 {
			t.Errorf("%d files are open, %d parts are kept, expected none and 4", sink.open, len(sink.kept))
		}
		for path, k := range sink.kept {
			if want := len(files[path]) / 3; len(k.content) != want {
				t.Errorf("%s: %d bytes kept, expected %d", path, len(k.content), want)
			}
		}
	})
}

func TestCancelWhileWaiting(t *testing.T) {
	bubble(t, func(t *testing.T, w *web) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		f := New(Options{Client: w.client(), Retries: 100, Backoff: Backoff{Base: time.Hour, Max: time.Hour}})
		if _, err := f.Fetch(ctx, requestsFor(someFiles(3, 1), "http://down.example.org"), newMemory()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("fetch: %v", err)
		}
		if _, err := f.Get(ctx, []string{"http://down.example.org"}, "x", Validators{}, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("get: %v", err)
		}
	})
}

func TestStoreFailureEndsAll(t *testing.T) {
	full := errors.New("no space left")
	for name, broken := range map[string]*memory{
		"create": {createErr: full}, "write": {writeErr: full}, "commit": {commitErr: full},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *web) {
				files := someFiles(100, 10)
				tr := newTree(files)
				base := w.serve("a.example.org", tr.serve)
				broken.files, broken.kept, broken.digests = map[string][]byte{}, map[string]*kept{}, map[repo.Digest]int{}
				_, err := New(Options{Client: w.client(), Retries: 5, IgnoreErrors: 100, PerHost: 1}).Fetch(t.Context(), requestsFor(files, base), broken)
				if !errors.Is(err, full) || !strings.HasPrefix(err.Error(), "cannot store pool/0099.deb: ") {
					t.Errorf("got %v", err)
				}
				if len(tr.asked) > 2 || broken.open != 0 {
					t.Errorf("%d requests, %d files open", len(tr.asked), broken.open)
				}
			})
		})
	}
}

func TestRefusedRequests(t *testing.T) {
	bubble(t, func(t *testing.T, w *web) {
		f := New(Options{Client: w.client()})
		if _, err := f.Fetch(t.Context(), []Request{{File: repo.File{Path: "f"}, Bases: []string{"http://a.example.org"}}}, newMemory()); err == nil {
			t.Error("a file without digest was asked for")
		}
		_, err := f.Fetch(t.Context(), []Request{{File: fileOf("f", nil)}}, newMemory())
		if err == nil || err.Error() != "cannot fetch f: no URL to fetch it from" {
			t.Errorf("without URLs: %v", err)
		}
		_, err = f.Fetch(t.Context(), []Request{{File: fileOf("f", nil), Bases: []string{"http://user:sec%zzret@a"}}}, newMemory())
		if err == nil || strings.Contains(err.Error(), "sec") {
			t.Errorf("with a wrong URL: %v", err)
		}
		if report, err := f.Fetch(t.Context(), nil, newMemory()); err != nil || report.Fetched != 0 {
			t.Errorf("nothing to do: %v, %v", report, err)
		}
	})
}

func TestErrorsHoldNoCredentials(t *testing.T) {
	bubble(t, func(t *testing.T, w *web) {
		w.serve("a.example.org", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "ftp://x.example.org/", http.StatusFound)
		})
		for _, base := range []string{"http://user:secret@a.example.org", "http://user:secret@down.example.org", "gopher://user:secret@a.example.org"} {
			router := transport.NewRouter(w.client())
			router.Add(transport.Route{Prefix: base, Client: w.client()})
			for _, client := range []*http.Client{w.client(), router.Client()} {
				_, err := New(Options{Client: client}).Fetch(t.Context(), requestsFor(map[string][]byte{"f": {1}}, base+"?token=secret"), newMemory())
				if err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "user") {
					t.Errorf("%s: %v", base, err)
				}
			}
		}
	})
}

func TestTotalAndPerHostLimits(t *testing.T) {
	bubble(t, func(t *testing.T, w *web) {
		files := someFiles(60, 500)
		var mu sync.Mutex
		active, most := map[string]int{}, map[string]int{}
		slow := func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			for _, k := range []string{r.Host, "all"} {
				active[k]++
				most[k] = max(most[k], active[k])
			}
			mu.Unlock()
			time.Sleep(30 * time.Millisecond)
			mu.Lock()
			active[r.Host]--
			active["all"]--
			mu.Unlock()
			w.Write(files[strings.TrimPrefix(r.URL.Path, "/")])
		}
		f := New(Options{Client: w.client(), Connections: 10, PerHost: 4})
		var wg sync.WaitGroup
		begun := time.Now()
		for _, host := range []string{"a", "b", "c"} {
			base := w.serve(host+".example.org", slow)
			wg.Go(func() { fetchAll(t, f, requestsFor(files, base), files) })
		}
		wg.Wait()
		want := map[string]int{"a.example.org": 4, "b.example.org": 4, "c.example.org": 4, "all": 10}
		if d := cmp.Diff(want, most); d != "" {
			t.Errorf("most requests at once: %s", d)
		}
		// 180 files, 10 at once, and 30 ms for each.
		if took := time.Since(begun); took < 540*time.Millisecond || took > time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestConnectionsAreReused(t *testing.T) {
	files := someFiles(200, 1000)
	tr := newTree(files)
	tr.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
		if n == 1 { // to be asked for again, over the same connection
			http.Error(w, strings.Repeat("no ", 1000), http.StatusServiceUnavailable)
		}
		return n == 1
	}
	var conns atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(tr.serve))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	client, err := transport.New(transport.Options{Proxy: "none"})
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	f := New(Options{Client: client, PerHost: 4, Retries: 20, Backoff: Backoff{Base: time.Microsecond}})
	fetchAll(t, f, requestsFor(files, server.URL), files)
	if len(tr.asked) != 400 || conns.Load() > 4 {
		t.Errorf("%d connections for %d requests, at most 4 are allowed for 400", conns.Load(), len(tr.asked))
	}
}

func TestOverloadedHostGetsFewerRequests(t *testing.T) {
	bubble(t, func(t *testing.T, w *web) {
		files := someFiles(400, 10)
		var mu sync.Mutex
		active, refused, most := 0, 0, 0
		base := w.serve("a.example.org", func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			active++
			busy := active > 3
			if busy {
				refused++
			} else {
				most = max(most, active)
			}
			mu.Unlock()
			time.Sleep(10 * time.Millisecond)
			mu.Lock()
			active--
			mu.Unlock()
			if busy {
				w.WriteHeader(503)
				return
			}
			w.Write(files[strings.TrimPrefix(r.URL.Path, "/")])
		})
		fetchAll(t, New(Options{Client: w.client(), PerHost: 16, Retries: 20}), requestsFor(files, base), files)
		if refused > 200 || most < 3 {
			t.Errorf("%d requests were refused for 400 files, %d served at once; the limit was to settle around 3", refused, most)
		}
	})
}

func TestGet(t *testing.T) {
	bubble(t, func(t *testing.T, w *web) {
		tr := newTree(map[string][]byte{"InRelease": []byte("root")})
		tr.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
			switch {
			case r.URL.Path == "/forbidden":
				w.WriteHeader(403)
			case r.URL.Path == "/broken":
				w.WriteHeader(500)
			case r.URL.Path == "/endless":
				for range 100 {
					w.Write(make([]byte, 100))
				}
			case r.URL.Path == "/busy" && n < 3:
				w.WriteHeader(503)
			case r.URL.Path == "/busy":
				io.WriteString(w, "at last")
			case r.URL.Path == "/cut" && n == 1:
				w.Header().Set("Content-Length", "10")
				io.WriteString(w, "half")
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			case r.URL.Path == "/cut":
				io.WriteString(w, "whole")
			default:
				return false
			}
			return true
		}
		base := strings.Replace(w.serve("a.example.org", tr.serve), "http://", "http://user:secret@", 1)
		f := New(Options{Client: w.client(), Retries: 2})
		bases := []string{"http://down.example.org", base}
		first, err := f.Get(t.Context(), bases, "InRelease", Validators{}, 4)
		if err != nil {
			t.Fatal(err)
		}
		want := &Response{Body: []byte("root"), Validators: Validators{ETag: `"4"`}, URL: "http://a.example.org/InRelease"}
		if d := cmp.Diff(want, first); d != "" {
			t.Error(d)
		}
		again, err := f.Get(t.Context(), bases, "InRelease", first.Validators, 4)
		if err != nil || !again.NotModified || len(again.Body) != 0 || again.Validators != first.Validators {
			t.Errorf("unchanged: %+v, %v", again, err)
		}
		for path, body := range map[string]string{"busy": "at last", "cut": "whole"} {
			if r, err := f.Get(t.Context(), []string{base}, path, Validators{}, 100); err != nil || string(r.Body) != body {
				t.Errorf("%s: %v, %v", path, r, err)
			}
		}
		for path, want := range map[string]string{
			"missing":   "the server answered 404 Not Found",
			"forbidden": "the server answered 403 Forbidden",
			"broken":    "the server answered 500 Internal Server Error",
			"endless":   "too long: the server sends more than the 3 bytes that are expected at most",
			"InRelease": "too long: the server offers 4 bytes, at most 3 are expected",
		} {
			_, err := f.Get(t.Context(), []string{base}, path, Validators{}, 3)
			want = "cannot fetch " + path + ": http://a.example.org/" + path + ": " + want
			if err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			if errors.Is(err, ErrNotFound) != (path == "missing" || path == "forbidden") {
				t.Errorf("%v: not found is %v", err, errors.Is(err, ErrNotFound))
			}
		}
		if _, err := f.Get(t.Context(), bases, "missing", Validators{}, 3); errors.Is(err, ErrNotFound) {
			t.Error("not found, although one base was not reached")
		}
	})
}
