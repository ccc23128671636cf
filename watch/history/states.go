package history

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// Interval is a time in which a site was in one state, for one reason.
type Interval struct {
	State  watch.State
	Reason watch.Reason
	// Frozen is set where the state is UNKNOWN as the watcher could not tell.
	Frozen bool
	Since  time.Time
	Until  time.Time // zero for now
	// Generation is that of the verdict when the state began, Evidence its first facts.
	Generation repo.Digest
	Evidence   []watch.Evidence
}

// mostEvidence is how many facts of a change of state are kept.
const mostEvidence = 3

// writeState begins another state where the verdict is of another one.
func (s *Store) writeState(t *transaction, row *verdictRow, v *watch.Verdict) error {
	state, reason := watch.State(text(string(v.State), mostText)), watch.Reason(text(string(v.Reason), mostText))
	if row.state == state && row.reason == reason && row.frozen == v.Frozen {
		return nil
	}
	since := v.At.UnixMilli()
	if row.state != state {
		since = v.Since.UnixMilli()
	}
	since = max(since, row.since+1) // whatever clocks and late insight say: one after the other
	if row.state != "" {
		if err := t.often(`UPDATE states SET until = ? WHERE verdict = ? AND since = ?`, since, row.id, row.since); err != nil {
			return err
		}
	}
	if err := t.often(`INSERT INTO states (verdict, since, state, reason, frozen, generation, evidence) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		row.id, since, string(state), string(reason), toBool(v.Frozen), v.Generation.String(), firstEvidence(v)); err != nil {
		return err
	}
	row.state, row.reason, row.frozen, row.since = state, reason, v.Frozen, since
	return nil
}

// firstEvidence is the JSON of the first facts, their texts cut; "" for none.
func firstEvidence(v *watch.Verdict) string {
	if len(v.Evidence) == 0 {
		return ""
	}
	few := make([]watch.Evidence, min(len(v.Evidence), mostEvidence))
	for i := range few {
		e := v.Evidence[i]
		for _, s := range []*string{&e.Root, &e.Path, &e.Expected, &e.Seen, &e.Detail, &e.Text} {
			*s = text(*s, mostText)
		}
		e.At = clampYear(e.At)
		few[i] = e
	}
	b, _ := json.Marshal(few) // plain strings, and moments that have a year
	return string(b)
}

// States are the states that a site was in during a time, oldest first; the first one
// may have begun before. They are kept for [Retention].Hours, [Store.Availability] knows
// more.
func (s *Store) States(ctx context.Context, key watch.Key, from, to time.Time) ([]Interval, error) {
	return ask(ctx, s, func(scan scanner) (i Interval, err error) {
		var since int64
		var until sql.NullInt64
		var generation, evidence string
		if err := scan(&i.State, &i.Reason, &i.Frozen, &since, &until, &generation, &evidence); err != nil {
			return i, err
		}
		i.Since, i.Until = time.UnixMilli(since).UTC(), moment(until)
		if evidence != "" {
			if err := json.Unmarshal([]byte(evidence), &i.Evidence); err != nil {
				return i, err
			}
		}
		return i, i.Generation.UnmarshalText([]byte(generation))
	}, `SELECT i.state, i.reason, i.frozen, i.since, i.until, i.generation, i.evidence
			FROM states i JOIN verdicts v ON v.id = i.verdict JOIN sites s ON s.id = v.site JOIN repositories r ON r.id = v.repository
			WHERE v.vantage = ? AND s.url = ? AND r.name = ? AND i.since < ? AND (i.until IS NULL OR i.until > ?) ORDER BY i.since`,
		s.vantage, text(key.Site, mostKey), text(key.Repository, mostKey), to.UnixMilli(), from.UnixMilli())
}
