package repotest

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Fault stands before what a server would answer.
type Fault func(next http.Handler) http.Handler

// Times lets the fault hit each path n times, and then no more.
func Times(n int, fault Fault) Fault {
	var mu sync.Mutex
	hits := map[string]int{}
	return func(next http.Handler) http.Handler {
		struck := fault(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			hits[r.URL.Path]++
			hit := hits[r.URL.Path] <= n
			mu.Unlock()
			if hit {
				struck.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// Before calls f before the request is answered: f may change what is served.
func Before(f func(*http.Request)) Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			f(r)
			next.ServeHTTP(w, r)
		})
	}
}

// Slow waits before it answers.
func Slow(d time.Duration) Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(d):
				next.ServeHTTP(w, r)
			case <-r.Context().Done():
			}
		})
	}
}

// Answer answers with the status, header lines ("Retry-After", "1") and body.
func Answer(status int, body string, header ...string) Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
			w.Write([]byte(body))
		})
	}
}

// NotFound answers 404.
func NotFound() Fault { return Answer(http.StatusNotFound, "404 not found\n") }

// Unavailable answers 503; retryAfter is the header's value, "" for none.
func Unavailable(retryAfter string) Fault {
	if retryAfter == "" {
		return Answer(http.StatusServiceUnavailable, "503 try later\n")
	}
	return Answer(http.StatusServiceUnavailable, "503 try later\n", "Retry-After", retryAfter)
}

// HTML answers 200 with a page, as captive portals and careless servers do.
func HTML() Fault {
	return Answer(http.StatusOK, "<!DOCTYPE html><html><body>Sign in to the network</body></html>\n", "Content-Type", "text/html")
}

// Redirect answers 302 to the same path at another URL.
func Redirect(to string) Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, to+r.URL.EscapedPath(), http.StatusFound)
		})
	}
}

// From serves another directory instead: an older state, for example.
func From(dir string) Fault {
	return func(http.Handler) http.Handler { return files(dir) }
}

// NoRanges answers as a server that knows no ranges.
func NoRanges() Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r = r.Clone(r.Context())
			r.Header.Del("Range")
			r.Header.Del("If-Range")
			next.ServeHTTP(&rangeless{ResponseWriter: w}, r)
		})
	}
}

type rangeless struct{ http.ResponseWriter }

func (w *rangeless) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *rangeless) WriteHeader(status int) {
	w.Header().Del("Accept-Ranges")
	w.ResponseWriter.WriteHeader(status)
}

// BasicAuth wants a user and password.
func BasicAuth(user, password string) Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if u, p, ok := r.BasicAuth(); !ok || u != user || p != password {
				w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
				http.Error(w, "401 who are you", http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// Cut closes the connection in the middle of the body.
func Cut() Fault { return halfway(func(*http.Request) { panic(http.ErrAbortHandler) }) }

// Stall says nothing more from the middle of the body on, until the client goes.
func Stall() Fault {
	return halfway(func(r *http.Request) {
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	})
}

// halfway sends half of the body, and then does something else.
func halfway(then func(*http.Request)) Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&body{ResponseWriter: w, write: func(w http.ResponseWriter, p []byte, sent, size int64) {
				if sent+int64(len(p)) <= size/2 {
					w.Write(p)
					return
				}
				w.Write(p[:max(0, size/2-sent)])
				http.NewResponseController(w).Flush()
				then(r)
			}}, r)
		})
	}
}

// Corrupt flips the bits of the byte in the middle of the body.
func Corrupt() Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&body{ResponseWriter: w, write: func(w http.ResponseWriter, p []byte, sent, size int64) {
				if at := size/2 - sent; at >= 0 && at < int64(len(p)) {
					p = append([]byte(nil), p...)
					p[at] ^= 0xff
				}
				w.Write(p)
			}}, r)
		})
	}
}

// body hands the parts of a body to a function; answers of no body, and those
// that are no success, pass as they are.
type body struct {
	http.ResponseWriter
	write   func(w http.ResponseWriter, p []byte, sent, size int64)
	sent    int64
	failure bool
}

func (b *body) Unwrap() http.ResponseWriter { return b.ResponseWriter }

func (b *body) WriteHeader(status int) {
	b.failure = status >= 300
	b.ResponseWriter.WriteHeader(status)
}

func (b *body) Write(p []byte) (int, error) {
	size, err := strconv.ParseInt(b.Header().Get("Content-Length"), 10, 64)
	if err != nil || b.failure {
		return b.ResponseWriter.Write(p)
	}
	b.write(b.ResponseWriter, p, b.sent, size)
	b.sent += int64(len(p))
	return len(p), nil
}
