package history

import "time"

// Retention says how long what is kept. Detail goes with age, and sums stay.
type Retention struct {
	// Raw is for single looks and planted timestamps. Default 7 days.
	Raw time.Duration
	// Hours is for sums of looks by the hour, for each change of state with its evidence,
	// and for when which generation was held. Default 90 days.
	Hours time.Duration
	// Days is for sums of looks by the day, for how long states lasted each day, and for
	// generations and how fast they spread. Default 5 years.
	Days time.Duration
}

const day = 24 * time.Hour

// lateness is how long after its end an hour, or a day, is summed up: by then what
// happened in it is written.
const lateness = time.Hour

// withDefaults fills in what is not said. Less than it takes to sum up is not kept.
func (r Retention) withDefaults() Retention {
	fill := func(d *time.Duration, usual, least time.Duration) {
		if *d <= 0 {
			*d = usual
		}
		*d = max(*d, least)
	}
	fill(&r.Raw, 7*day, 3*time.Hour)
	fill(&r.Hours, 90*day, 3*day)
	fill(&r.Days, 5*365*day, r.Hours)
	return r
}

// marks are how far summing up and forgetting have come.
type marks struct {
	hoursUntil, daysUntil                    time.Time // what is before is summed up
	rawFrom, hoursFrom, statesFrom, daysFrom time.Time // what is from here on is all kept
}

// timespan is a time from one moment until before another.
type timespan struct{ from, to time.Time }

func (s timespan) empty() bool { return !s.from.Before(s.to) }

// within is the part of s that is in o.
func (s timespan) within(o timespan) timespan {
	return timespan{later(s.from, o.from), earlier(s.to, o.to)}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// sources says which times of all to read from sums of days, from sums of hours, and
// from single looks, for samples of a step: the finest that is there and no finer than
// is asked for. A sum stands for the whole of its hour or day.
func (m marks) sources(all timespan, step time.Duration) (days, hours, raw timespan) {
	toHours, toRaw := earlier(m.hoursFrom, m.daysUntil), earlier(m.rawFrom, m.hoursUntil)
	if step >= day {
		toHours = m.daysUntil
	}
	if step >= time.Hour {
		toRaw = m.hoursUntil
	}
	toRaw = later(toHours, toRaw)
	return all.within(timespan{all.from, toHours}), all.within(timespan{toHours, toRaw}), all.within(timespan{toRaw, all.to})
}

// shares says which times of all to read from shares of days, and which from states. Days
// whose states are not kept any more count whole.
func (m marks) shares(all timespan) (days timespan, states []timespan) {
	days = timespan{ceilDay(all.from), earlier(all.to.Truncate(day), m.daysUntil)}
	if all.from.Before(m.statesFrom) {
		days.from = all.from.Truncate(day)
	}
	if all.to.Before(m.statesFrom) {
		days.to = earlier(ceilDay(all.to), m.daysUntil)
	}
	if days.empty() {
		return timespan{}, []timespan{all}
	}
	for _, s := range []timespan{{all.from, days.from}, {days.to, all.to}} {
		if !s.empty() {
			states = append(states, s)
		}
	}
	return days, states
}

func ceilDay(t time.Time) time.Time {
	if d := t.Truncate(day); d.Before(t) {
		return d.Add(day)
	}
	return t
}

func (s *Store) readMarks(t *transaction, vantage int64) (m marks, err error) {
	var ms [6]int64
	err = t.one(`SELECT hours_until, days_until, raw_from, hours_from, states_from, days_from FROM vantages WHERE id = ?`, vantage).
		Scan(&ms[0], &ms[1], &ms[2], &ms[3], &ms[4], &ms[5])
	for i, into := range []*time.Time{&m.hoursUntil, &m.daysUntil, &m.rawFrom, &m.hoursFrom, &m.statesFrom, &m.daysFrom} {
		*into = time.UnixMilli(ms[i]).UTC()
	}
	return m, err
}
