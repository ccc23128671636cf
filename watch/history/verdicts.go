package history

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// Selection says which sites and watched repositories are asked for; "" stands for all.
type Selection struct {
	Site, Repository string
	// Vantage is the watcher whose word it is; "" for that of the store.
	Vantage string
	// Brief leaves out what takes long to read: roots, endpoints, evidence, and the state
	// before one that is frozen.
	Brief bool
}

// where adds to a statement which verdicts v are selected.
func (s Selection) where() (string, []any) {
	var b strings.Builder
	var values []any
	if s.Site != "" {
		b.WriteString(" AND v.site = (SELECT id FROM sites WHERE url = ?)")
		values = append(values, text(s.Site, mostKey))
	}
	if s.Repository != "" {
		b.WriteString(" AND v.repository = (SELECT id FROM repositories WHERE name = ?)")
		values = append(values, text(s.Repository, mostKey))
	}
	return b.String(), values
}

func (s *Store) writeVerdicts(t *transaction, all []*watch.Verdict) error {
	changed, bodies := map[int64][]any{}, map[int64][]any{} // the last of each
	for _, v := range all {
		row, err := s.verdict(t, watch.Key{Site: v.Site, Repository: v.Repository})
		if err != nil {
			return err
		}
		if err := s.writeState(t, row, v); err != nil {
			return err
		}
		if err := s.writeHoldings(t, row, v); err != nil {
			return err
		}
		values, err := s.verdictValues(t, row.id, v)
		if err != nil {
			return err
		}
		body, err := s.verdictBody(t, v)
		if err != nil {
			return err
		}
		if body == nil {
			s.drop(1)
			continue
		}
		// One that is but newer is not written: its moment is that of the last look.
		if sum := sha256.Sum256(fmt.Append(body, values...)); sum != row.written {
			row.written = sum
			changed[row.id], bodies[row.id] = append(values, v.At.UnixMilli()), []any{row.id, string(body)}
		}
	}
	if err := t.insert("verdict_bodies", "verdict, body", "ON CONFLICT (verdict) DO UPDATE SET body = excluded.body", slices.Collect(maps.Values(bodies))); err != nil {
		return err
	}
	return t.insert("verdicts", "id, vantage, site, repository, state, reason, frozen, since, stale, generation, complete, stamp, at",
		`ON CONFLICT (id) DO UPDATE SET state = excluded.state, reason = excluded.reason, frozen = excluded.frozen,
		since = excluded.since, stale = excluded.stale, generation = excluded.generation, complete = excluded.complete,
		stamp = excluded.stamp, at = excluded.at, ended = NULL`, slices.Collect(maps.Values(changed)))
}

// verdict gives the row of a site and watched repository, and enters it where it is new.
func (s *Store) verdict(t *transaction, key watch.Key) (*verdictRow, error) {
	if row := s.memory.verdicts[key]; row != nil {
		return row, nil
	}
	site, repository, err := s.memory.pair(t, key)
	if err != nil {
		return nil, err
	}
	row := &verdictRow{held: map[int64]held{}}
	err = t.oneOften(&row.id, `INSERT INTO verdicts (vantage, site, repository, state, reason, frozen, since, at, generation, complete)
		VALUES (?, ?, ?, '', '', 0, 0, 0, '', 0)
		ON CONFLICT (vantage, site, repository) DO UPDATE SET site = excluded.site RETURNING id`, s.vantage, site, repository)
	s.memory.verdicts[key] = row
	return row, err
}

// verdictValues are the values of a row but for the moment of judging.
func (s *Store) verdictValues(t *transaction, id int64, v *watch.Verdict) ([]any, error) {
	site, repository, err := s.memory.pair(t, watch.Key{Site: v.Site, Repository: v.Repository})
	if err != nil {
		return nil, err
	}
	var stale any // NULL for unknown
	switch {
	case v.Lag == 0:
		stale = int64(0)
	case v.Lag > 0:
		stale = v.At.Add(-v.Lag).UnixMilli()
	}
	return []any{
		id, s.vantage, site, repository, text(string(v.State), mostText), text(string(v.Reason), mostText), toBool(v.Frozen),
		v.Since.UnixMilli(), stale, v.Generation.String(), knownShare(v.Complete), millis(v.Stamp),
	}, nil
}

// verdictBody is the JSON of a verdict, nil where it cannot be written down: that must not
// keep other verdicts back.
func (s *Store) verdictBody(t *transaction, v *watch.Verdict) ([]byte, error) {
	var words []word
	for _, e := range v.Endpoints {
		row, err := s.endpoint(t, endpointKey{watch.Key{Site: v.Site, Repository: v.Repository}, e.Endpoint})
		if err != nil {
			return nil, err
		}
		words = append(words, word{row.id, e.At})
	}
	body, err := encode(stored(v), append(words, word{lastLook, v.At})...)
	if err != nil {
		return nil, nil
	}
	return body, nil
}

// stored is a verdict as it is written: without its moment, and with the moments at which
// sites became stale, in milliseconds, in the place of the lags, which grow.
func stored(v *watch.Verdict) *watch.Verdict {
	w := *v
	w.At, w.Lag, w.Stamp = time.Time{}, 0, clampYear(v.Stamp)
	w.Complete = knownShare(v.Complete)
	stale := v.At.Add(-v.Lag)
	mapLags(&w, func(lag int64) int64 {
		at := v.At.Add(-time.Duration(lag) * time.Second)
		if d := at.Sub(stale); v.Lag > 0 && d >= 0 && d < time.Second { // the same lag, in whole seconds
			at = stale
		}
		return at.UnixMilli()
	})
	return &w
}

// Verdicts are those of now, on all that is watched, by site and watched repository. Their
// moment is that of the last look. Moments are kept to the millisecond.
func (s *Store) Verdicts(ctx context.Context, selection Selection) ([]*watch.Verdict, error) {
	var all []*watch.Verdict
	err := s.look(ctx, func(t *transaction) error {
		vantage, err := s.vantageOf(t, selection)
		if err != nil {
			return err
		}
		// There are thousands of rows: names are looked up here, and not by the database
		// for each of them.
		r := verdictReader{brief: selection.Brief, looks: map[int64]time.Time{}, last: map[[2]int64]time.Time{}}
		where, values := "", []any{vantage}
		for _, n := range []struct {
			into                *map[int64]string
			table, column, name string
		}{{&r.sites, "sites", "site", selection.Site}, {&r.repositories, "repositories", "repository", selection.Repository}} {
			if *n.into, err = readNames(t, n.table, n.name); err != nil {
				return err
			}
			if n.name != "" {
				where += " AND " + n.column + " = (SELECT id FROM " + n.table + " WHERE " + named[n.table] + " = ?)"
				values = append(values, text(n.name, mostKey))
			}
		}
		if err := t.each(r.look, `SELECT id, site, repository, last FROM endpoints WHERE vantage = ?`+where, values...); err != nil {
			return err
		}
		body, join := "b.body", " LEFT JOIN verdict_bodies b ON b.verdict = id"
		if selection.Brief {
			body, join = "NULL", ""
		}
		all, err = list(t, r.verdict, `SELECT site, repository, state, reason, frozen, since, at, stale, generation, complete, stamp, `+body+`
			FROM verdicts`+join+` WHERE ended IS NULL AND state <> '' AND vantage = ?`+where, values...)
		return err
	})
	slices.SortFunc(all, func(a, b *watch.Verdict) int {
		return cmp.Or(cmp.Compare(a.Site, b.Site), cmp.Compare(a.Repository, b.Repository))
	})
	return all, err
}

// readNames reads what a table names, or one name of it.
func readNames(t *transaction, table, name string) (map[int64]string, error) {
	where, values := "", []any(nil)
	if name != "" {
		where, values = " WHERE "+named[table]+" = ?", []any{text(name, mostKey)}
	}
	names := map[int64]string{}
	return names, t.each(func(scan scanner) error {
		var id int64
		var name string
		err := scan(&id, &name)
		names[id] = name
		return err
	}, `SELECT id, `+named[table]+` FROM `+table+where, values...)
}

// verdictReader reads verdicts as they are after the last looks.
type verdictReader struct {
	brief               bool
	sites, repositories map[int64]string
	looks               map[int64]time.Time    // by endpoint
	last                map[[2]int64]time.Time // by site and repository
}

func (r *verdictReader) look(scan scanner) error {
	var id int64
	var pair [2]int64
	var at sql.NullInt64
	if err := scan(&id, &pair[0], &pair[1], &at); err != nil {
		return err
	}
	m := moment(at)
	r.last[pair] = later(r.last[pair], m)
	if !r.brief {
		r.looks[id] = m
	}
	return nil
}

func (r *verdictReader) verdict(scan scanner) (*watch.Verdict, error) {
	v := &watch.Verdict{}
	var pair [2]int64
	var since, at int64
	var stale, stamp sql.NullInt64
	var generation string
	var body []byte
	if err := scan(&pair[0], &pair[1], &v.State, &v.Reason, &v.Frozen, &since, &at, &stale, &generation, &v.Complete, &stamp, &body); err != nil {
		return v, err
	}
	v.Site, v.Repository = r.sites[pair[0]], r.repositories[pair[1]]
	v.Since, v.Stamp = time.UnixMilli(since).UTC(), moment(stamp)
	v.At = later(time.UnixMilli(at).UTC(), r.last[pair])
	switch {
	case !stale.Valid:
		v.Lag = -1
	case stale.Int64 != 0:
		v.Lag = v.At.Sub(time.UnixMilli(stale.Int64))
	}
	if err := v.Generation.UnmarshalText([]byte(generation)); err != nil {
		return v, err
	}
	if len(body) > 0 {
		w := *v
		if err := decode(body, func(number int64) time.Time {
			if at, ok := r.looks[number]; ok {
				return at
			}
			return v.At
		}, &w); err != nil {
			return v, fmt.Errorf("verdict on %s: %w", v.Site, err)
		}
		w.At, w.Lag, w.Since, w.Stamp = v.At, v.Lag, v.Since, v.Stamp
		mapLags(&w, func(stale int64) int64 { return max(0, v.At.UnixMilli()-stale) / 1000 })
		return &w, nil
	}
	return v, nil
}

// mapLags changes the lags of all roots that are behind.
func mapLags(v *watch.Verdict, f func(int64) int64) {
	roots := func(all []watch.RootVerdict) []watch.RootVerdict {
		all = slices.Clone(all)
		for i := range all {
			if all[i].LagSeconds > 0 {
				all[i].LagSeconds = f(all[i].LagSeconds)
			}
		}
		return all
	}
	v.Roots, v.Endpoints = roots(v.Roots), slices.Clone(v.Endpoints)
	for i := range v.Endpoints {
		v.Endpoints[i].Roots = roots(v.Endpoints[i].Roots)
	}
}

// knownShare takes off what no column, and no JSON, has.
func knownShare(share float64) float64 {
	if math.IsNaN(share) || math.IsInf(share, 0) {
		return -1
	}
	return share
}

// vantageOf is the number of the watcher whose word is asked for.
func (s *Store) vantageOf(t *transaction, selection Selection) (id int64, err error) {
	if selection.Vantage == "" {
		return s.vantage, nil
	}
	err = t.one(`SELECT COALESCE(MAX(id), 0) FROM vantages WHERE name = ?`, text(selection.Vantage, mostKey)).Scan(&id)
	return id, err
}

// Vantage is a watcher that writes into the database.
type Vantage struct {
	Name string
	Seen time.Time // when it was known to run last
}

// Vantages are all watchers that share the database.
func (s *Store) Vantages(ctx context.Context) ([]Vantage, error) {
	return ask(ctx, s, func(scan scanner) (v Vantage, err error) {
		var seen int64
		err = scan(&v.Name, &seen)
		v.Seen = time.UnixMilli(seen).UTC()
		return v, err
	}, `SELECT name, seen FROM vantages ORDER BY name`)
}

// Forget ends watching of a repository at a site, as of a moment: the site was removed or
// paused, or does not serve it any more. Its verdict and what is known of its endpoints go,
// its history stays.
func (s *Store) Forget(ctx context.Context, key watch.Key, at time.Time) error {
	if err := s.Flush(ctx); err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	err := s.transact(ctx, func(t *transaction) (err error) {
		if s.memory == nil {
			if s.memory, err = s.readMemory(t); err != nil {
				return err
			}
		}
		endpoints := `(SELECT id FROM endpoints WHERE vantage = ? AND site = ? AND repository = ?)`
		verdict := `(SELECT id FROM verdicts WHERE vantage = ? AND site = ? AND repository = ?)`
		until := `SET until = CASE WHEN since < ? THEN CAST(? AS BIGINT) ELSE since END WHERE until IS NULL AND verdict = `
		pair := []any{s.vantage, s.memory.names["sites"][text(key.Site, mostKey)], s.memory.names["repositories"][text(key.Repository, mostKey)]}
		end := append([]any{at.UnixMilli(), at.UnixMilli()}, pair...)
		for _, step := range []struct {
			statement string
			values    []any
		}{
			{`DELETE FROM known WHERE endpoint IN ` + endpoints, pair},
			{`DELETE FROM bad_files WHERE endpoint IN ` + endpoints, pair},
			{`UPDATE states ` + until + verdict, end},
			{`UPDATE holdings ` + until + verdict, end},
			{`UPDATE verdicts SET ended = ? WHERE ended IS NULL AND vantage = ? AND site = ? AND repository = ?`, end[1:]},
		} {
			if err := t.do(step.statement, step.values...); err != nil {
				return err
			}
		}
		return nil
	})
	s.memory = nil // what is in it of endpoints and holdings is not so any more
	return s.wrap(err)
}
