package fetch

import (
	"net/http"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// unknownRequests asks for files of which nothing is known.
func unknownRequests(files map[string][]byte, base string) []Request {
	all := requestsFor(files, base)
	for i := range all {
		all[i].File = repo.File{Path: all[i].File.Path, Size: -1}
		all[i].Unknown = true
	}
	return all
}

func TestUnknown(t *testing.T) {
	bubble(t, func(t *testing.T, w *web) {
		files := someFiles(20, 1000)
		tr := newTree(files)
		requests := unknownRequests(files, w.serve("a.example.org", tr.serve))
		fetchAll(t, New(Options{Client: w.client()}), requests, files)
		if _, err := New(Options{Client: w.client()}).Fetch(t.Context(), []Request{{File: requests[0].File, Bases: requests[0].Bases}}, newMemory()); err == nil {
			t.Error("a file without a digest is fetched unasked")
		}
	})
}

// What was cut is taken up where the server's validator proves that it is the same file,
// else the file is fetched anew.
func TestUnknownCut(t *testing.T) {
	for name, c := range map[string]struct {
		etags  []string // of the answers
		change bool     // after the first one
		asked  []string
	}{
		"same":           {[]string{`"a"`, `"a"`}, false, []string{"f", "f bytes=300-"}},
		"changed":        {[]string{`"a"`, `"b"`}, true, []string{"f", "f bytes=300-"}},
		"weak validator": {[]string{`W/"a"`, `W/"a"`}, false, []string{"f", "f"}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *web) {
				tr := newTree(map[string][]byte{"f": content(1000, 1)})
				tr.etags = map[string]string{"f": c.etags[0]}
				tr.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
					if n == 1 {
						w.Header().Set("Etag", c.etags[0])
						defer func() {
							tr.mu.Lock()
							defer tr.mu.Unlock()
							tr.etags["f"] = c.etags[1]
							if c.change {
								tr.files["f"] = content(1200, 2)
							}
						}()
						tr.cutAfter(w, r, 300)
					}
					return false
				}
				sink := newMemory()
				requests := unknownRequests(tr.files, w.serve("a.example.org", tr.serve))
				if _, err := New(Options{Client: w.client()}).Fetch(t.Context(), requests, sink); err != nil {
					t.Fatal(err)
				}
				if d := different(tr.files, sink.files); d != nil {
					t.Error(d)
				}
				if d := cmp.Diff(c.asked, tr.asked); d != "" {
					t.Error(d)
				}
			})
		})
	}
}

func TestUnknownNotModified(t *testing.T) {
	bubble(t, func(t *testing.T, w *web) {
		tr := newTree(map[string][]byte{"f": content(1000, 1)})
		request := unknownRequests(tr.files, w.serve("a.example.org", tr.serve))[0]
		var mu sync.Mutex
		var seen []Validators
		var same []bool
		request.Answered = func(v Validators, notModified bool) {
			mu.Lock()
			defer mu.Unlock()
			seen, same = append(seen, v), append(same, notModified)
		}
		f := New(Options{Client: w.client()})
		fetchAll(t, f, []Request{request}, tr.files)
		request.Held = seen[0]
		sink := newMemory()
		if report, err := f.Fetch(t.Context(), []Request{request}, sink); err != nil || report.Bytes != 0 || len(sink.files) != 0 {
			t.Errorf("fetched again: %+v, %v", report, err)
		}
		tr.files["f"] = content(900, 2)
		fetchAll(t, f, []Request{request}, tr.files)
		if d := cmp.Diff([]bool{false, true, false}, same); d != "" || seen[0] != seen[1] || seen[0] == seen[2] {
			t.Errorf("answers %v, %v", seen, same)
		}
	})
}
