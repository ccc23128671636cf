// Latency stands in front of a server and makes it look farther away: each
// request takes one round trip more, and the first one of a connection two, as
// opening the connection takes one.
//
//	go run ./bench/latency -origin http://127.0.0.1:8080 [-rtt 30ms] [-listen 127.0.0.1:0]
//
// Its own URL is the one line it prints. It adds nothing to the time that the
// bytes of an answer take, and answers one request after another on a connection.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"sync"
	"time"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("latency: ")
	origin := flag.String("origin", "", "`URL` of the server")
	rtt := flag.Duration("rtt", 30*time.Millisecond, "round-trip `time`")
	listen := flag.String("listen", "127.0.0.1:0", "`address` to listen on")
	flag.Parse()
	to, err := url.Parse(*origin)
	if err != nil || to.Host == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s\n", l.Addr())
	log.Fatal(newServer(to, func() { time.Sleep(*rtt) }).Serve(l))
}

// firstRequest is the key of a connection's context value: what to do before its
// first request is answered.
type firstRequest struct{}

// newServer is a reverse proxy to the origin that waits as a far server would.
func newServer(origin *url.URL, roundTrip func()) *http.Server {
	proxy := &httputil.ReverseProxy{
		// Requests in the form for proxies reach the origin too, whatever host they name.
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = origin.Scheme, origin.Host
		},
		Transport:  &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true},
		BufferPool: &buffers{sync.Pool{New: func() any { return new(buffer) }}},
		ErrorLog:   log.New(io.Discard, "", 0), // clients that went away
	}
	return &http.Server{
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			return context.WithValue(ctx, firstRequest{}, sync.OnceFunc(roundTrip))
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Context().Value(firstRequest{}).(func())()
			roundTrip()
			proxy.ServeHTTP(w, r)
		}),
	}
}

// buffers are for the bodies of answers.
type (
	buffers struct{ pool sync.Pool }
	buffer  [64 << 10]byte
)

func (b *buffers) Get() []byte     { return b.pool.Get().(*buffer)[:] }
func (b *buffers) Put(used []byte) { b.pool.Put((*buffer)(used)) }
