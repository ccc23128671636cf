package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// archweb is a check such as archlinux.org makes of its mirrors: each half an hour the
// timestamp of each, the whole file as a number. A mirror is bad whose file cannot be had,
// or whose timestamp is older than three days.
type archweb struct {
	f      *fleet
	client *http.Client
}

const outOfSync = 3 * 24 * time.Hour

func newArchweb(f *fleet) *archweb {
	return &archweb{f, &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}}
}

func (a *archweb) name() string         { return "lastsync alone" }
func (a *archweb) every() time.Duration { return 30 * time.Minute }

func (a *archweb) check(ctx context.Context) (bad []*site, err error) {
	for _, s := range a.f.sites {
		at, err := a.lastSync(ctx, s)
		if err != nil || a.f.clock.now().Sub(at) > outOfSync {
			bad = append(bad, s)
		}
	}
	return bad, ctx.Err()
}

func (a *archweb) lastSync(ctx context.Context, s *site) (time.Time, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/"+stampFile, nil)
	if err != nil {
		return time.Time{}, err
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return time.Time{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil {
		return time.Time{}, err
	}
	if resp.StatusCode != http.StatusOK {
		return time.Time{}, fmt.Errorf("status %s", resp.Status)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(body)), 10, 64)
	return time.Unix(n, 0), err
}
