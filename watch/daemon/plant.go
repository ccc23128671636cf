package daemon

import (
	"context"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch/history"
)

// plant plants timestamps at one place, until the context ends.
func (d *Daemon) plant(ctx context.Context, p Plant) {
	d.mu.Lock()
	s := d.sources[p.Repository]
	d.mu.Unlock()
	if s == nil {
		return
	}
	ticker := time.NewTicker(p.Every)
	defer ticker.Stop()
	for {
		limit, cancel := context.WithTimeout(ctx, max(p.Every, time.Minute))
		report := p.Planter.Plant(limit, s.repository.Directories, d.Now())
		cancel()
		if ctx.Err() != nil {
			return
		}
		if report.Err != nil {
			d.Log.Warn("timestamps cannot be planted", "to", p.To, "error", report.Err)
		}
		d.mu.Lock()
		for _, o := range report.Directories {
			planted := history.Planted{
				Repository: p.Repository, Directory: o.Directory, To: p.To, At: d.Now(), Stamp: report.Time, Sequence: report.Sequence,
			}
			if o.Err != nil {
				planted.Fault = o.Err.Error()
				if report.Err == nil {
					d.Log.Warn("a timestamp cannot be planted", "to", p.To, "directory", o.Directory, "error", o.Err)
				}
			} else {
				s.planted(o.Directory, report.Time)
			}
			d.History.Planted(planted)
		}
		d.judgeSource(s, d.Now())
		d.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
