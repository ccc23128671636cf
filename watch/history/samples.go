package history

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// Sample is what looks in a time gave.
type Sample struct {
	From, To time.Time
	// Looks is how many there were, Failed how many had a fault.
	Looks, Failed int
	// FirstByte is the mean time from a request to its first byte, of the looks that got
	// one; 0 for none.
	FirstByte, FirstByteMax time.Duration
	// Took is the mean time that a look took, TookDeviation its standard deviation.
	Took, TookMax, TookDeviation time.Duration
	Requests, Bytes              int64
}

// sums are what looks add up to, in milliseconds.
type sums struct {
	looks, failed, timed                                                 int64
	firstByte, firstByteMax, took, tookMax, tookSquares, requests, bytes int64
}

// sumColumns are the columns of sums, in the order of its fields.
const sumColumns = "looks, failed, timed, first_byte, first_byte_max, took, took_max, took_squares, requests, bytes"

func (s *sums) columns() []any {
	return []any{&s.looks, &s.failed, &s.timed, &s.firstByte, &s.firstByteMax, &s.took, &s.tookMax, &s.tookSquares, &s.requests, &s.bytes}
}

func (s *sums) add(o sums) {
	s.looks += o.looks
	s.failed += o.failed
	s.timed += o.timed
	s.firstByte += o.firstByte
	s.firstByteMax = max(s.firstByteMax, o.firstByteMax)
	s.took += o.took
	s.tookMax = max(s.tookMax, o.tookMax)
	s.tookSquares += o.tookSquares
	s.requests += o.requests
	s.bytes += o.bytes
}

// sample makes of sums what is told of a time.
func (s sums) sample(t timespan) Sample {
	out := Sample{
		From: t.from, To: t.to, Looks: int(s.looks), Failed: int(s.failed), FirstByteMax: milliseconds(float64(s.firstByteMax)),
		TookMax: milliseconds(float64(s.tookMax)), Requests: s.requests, Bytes: s.bytes,
	}
	if s.timed > 0 {
		out.FirstByte = milliseconds(float64(s.firstByte) / float64(s.timed))
	}
	if s.looks > 0 {
		mean := float64(s.took) / float64(s.looks)
		out.Took = milliseconds(mean)
		out.TookDeviation = milliseconds(math.Sqrt(max(0, float64(s.tookSquares)/float64(s.looks)-mean*mean)))
	}
	return out
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

// Samples are what looks at a site and watched repository gave during a time, by steps
// that are aligned as [time.Time.Truncate] does it, oldest first and without those that
// had no look. What is not kept so finely any more comes by the hour, or by the day (UTC).
// An endpoint may be named; nil stands for all of them together.
func (s *Store) Samples(ctx context.Context, key watch.Key, endpoint *watch.Endpoint, from, to time.Time, step time.Duration) ([]Sample, error) {
	found := map[timespan]*sums{}
	add := func(at int64, natural time.Duration, more sums) {
		span := max(natural, step, time.Millisecond)
		begin := time.UnixMilli(at).UTC().Truncate(span)
		t := timespan{begin, begin.Add(span)}
		if found[t] == nil {
			found[t] = &sums{}
		}
		found[t].add(more)
	}
	err := s.look(ctx, func(t *transaction) error {
		m, err := s.readMarks(t, s.vantage)
		if err != nil {
			return err
		}
		days, hours, raw := m.sources(timespan{from, to}, step)
		endpoints, err := s.endpointsOf(t, key)
		if err != nil {
			return err
		}
		for _, e := range endpoints {
			if endpoint != nil && *endpoint != e.endpoint {
				continue
			}
			if err := s.sampleDays(t, e.id, days, add); err != nil {
				return err
			}
			if err := s.sampleHours(t, e.id, hours, add); err != nil {
				return err
			}
			if err := s.sampleLooks(t, e.id, raw, add); err != nil {
				return err
			}
		}
		return nil
	})
	samples := make([]Sample, 0, len(found))
	for t, sums := range found {
		samples = append(samples, sums.sample(t))
	}
	slices.SortFunc(samples, func(a, b Sample) int { return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To)) })
	return samples, err
}

// SamplesOfSites are what looks at each site for a watched repository gave during a time,
// one sample a site, by its URL. What is kept by the hour alone counts by whole hours.
func (s *Store) SamplesOfSites(ctx context.Context, repository string, from, to time.Time) (map[string]Sample, error) {
	found := map[string]*sums{}
	row := func(scan scanner) error {
		var site string
		var more sums
		if err := scan(append([]any{&site}, more.columns()...)...); err != nil {
			return err
		}
		if found[site] == nil {
			found[site] = &sums{}
		}
		found[site].add(more)
		return nil
	}
	err := s.look(ctx, func(t *transaction) error {
		m, err := s.readMarks(t, s.vantage)
		if err != nil {
			return err
		}
		hours, raw := timespan{from.Truncate(time.Hour), earlier(m.hoursUntil, to)}, timespan{later(from, m.hoursUntil), to}
		if !hours.empty() {
			if err := t.each(row, steps+sumOfSites("looks", "failed", "timed", "first_byte", "first_byte_max", "took", "took_max", "took_squares", "requests", "bytes")+
				` CROSS JOIN hours x WHERE x.vantage = ? AND x.day = steps.n AND x.endpoint = e.id AND x.at >= ? AND x.at < ?
				AND e.vantage = ? AND r.name = ? GROUP BY s.url`,
				hours.from.Truncate(day).UnixMilli(), day.Milliseconds(), hours.to.Truncate(day).UnixMilli(),
				s.vantage, hours.from.UnixMilli(), hours.to.UnixMilli(), s.vantage, text(repository, mostKey)); err != nil {
				return err
			}
		}
		if raw.empty() {
			return nil
		}
		slots, err := s.slots(t, raw.from, raw.to)
		if err != nil {
			return err
		}
		return t.each(row, steps+sumOfSites("1", "CASE WHEN x.fault <> '' THEN 1 ELSE 0 END", "CASE WHEN x.first_byte > 0 THEN 1 ELSE 0 END",
			"first_byte", "first_byte", "took", "took", "CAST(x.took AS BIGINT) * x.took", "requests", "bytes")+
			` CROSS JOIN observations x WHERE x.vantage = ? AND x.slot = steps.n AND x.endpoint = e.id AND x.at >= ? AND x.at < ?
			AND e.vantage = ? AND r.name = ? GROUP BY s.url`,
			slots.first, 1, slots.last, s.vantage, raw.from.UnixMilli(), raw.to.UnixMilli(), s.vantage, text(repository, mostKey))
	})
	samples := make(map[string]Sample, len(found))
	for site, sums := range found {
		samples[site] = sums.sample(timespan{from, to})
	}
	return samples, err
}

// sumOfSites begins a statement that adds up what stands for the columns of sums in the
// rows x, which are looked up for each endpoint e and step.
func sumOfSites(columns ...string) string {
	var b strings.Builder
	b.WriteString("SELECT s.url")
	for i, name := range strings.Split(sumColumns, ", ") {
		with := "SUM"
		if strings.HasSuffix(name, "_max") {
			with = "MAX"
		}
		column := columns[i]
		if !strings.ContainsAny(column, "1 ") {
			column = "x." + column
		}
		fmt.Fprintf(&b, ", CAST(%s(%s) AS BIGINT)", with, column)
	}
	b.WriteString(" FROM repositories r CROSS JOIN endpoints e JOIN sites s ON s.id = e.site AND e.repository = r.id CROSS JOIN steps")
	return b.String()
}

type adder func(at int64, natural time.Duration, more sums)

func (s *Store) sampleDays(t *transaction, endpoint int64, in timespan, add adder) error {
	if in.empty() {
		return nil
	}
	return t.each(func(scan scanner) error { return scanSums(scan, day, add) },
		`SELECT at, `+sumColumns+` FROM days WHERE endpoint = ? AND at >= ? AND at < ?`,
		endpoint, in.from.Truncate(day).UnixMilli(), in.to.UnixMilli())
}

func (s *Store) sampleHours(t *transaction, endpoint int64, in timespan, add adder) error {
	if in.empty() {
		return nil
	}
	var first int64
	if err := t.one(`SELECT COALESCE(MIN(day), 0) FROM hours WHERE vantage = ?`, s.vantage).Scan(&first); err != nil {
		return err
	}
	return t.each(func(scan scanner) error { return scanSums(scan, time.Hour, add) },
		steps+`SELECT at, `+sumColumns+` FROM steps CROSS JOIN hours h
			WHERE h.vantage = ? AND h.day = steps.n AND h.endpoint = ? AND h.at >= ? AND h.at < ?`,
		max(first, in.from.Truncate(day).UnixMilli()), day.Milliseconds(), in.to.UnixMilli(),
		s.vantage, endpoint, in.from.Truncate(time.Hour).UnixMilli(), in.to.UnixMilli())
}

func scanSums(scan scanner, natural time.Duration, add adder) error {
	var at int64
	var more sums
	if err := scan(append([]any{&at}, more.columns()...)...); err != nil {
		return err
	}
	add(at, natural, more)
	return nil
}

func (s *Store) sampleLooks(t *transaction, endpoint int64, in timespan, add adder) error {
	if in.empty() {
		return nil
	}
	slots, err := s.slots(t, in.from, in.to)
	if err != nil {
		return err
	}
	return t.each(func(scan scanner) error {
		var at int64
		var fault string
		one := sums{looks: 1}
		if err := scan(&at, &one.took, &one.firstByte, &one.requests, &one.bytes, &fault); err != nil {
			return err
		}
		one.tookMax, one.tookSquares, one.firstByteMax = one.took, one.took*one.took, one.firstByte
		if one.firstByte > 0 {
			one.timed = 1
		}
		if fault != "" {
			one.failed = 1
		}
		add(at, 0, one)
		return nil
	}, steps+`SELECT o.at, o.took, o.first_byte, o.requests, o.bytes, o.fault FROM steps CROSS JOIN observations o
		WHERE o.vantage = ? AND o.slot = steps.n AND o.endpoint = ? AND o.at >= ? AND o.at < ?`,
		slots.first, 1, slots.last, s.vantage, endpoint, in.from.UnixMilli(), in.to.UnixMilli())
}
