package history

import (
	"context"
	"database/sql"
	"time"
)

// forget deletes what is older than it is kept, but nothing that is not summed up yet.
func (u *upkeep) forget(ctx context.Context) error {
	m, err := u.marks(ctx)
	if err != nil {
		return err
	}
	keep := u.s.settings.Keep
	if raw := earlier(u.now.Add(-keep.Raw).Truncate(time.Hour), m.hoursUntil); m.rawFrom.Before(raw) {
		for _, f := range []func(context.Context, time.Time) error{u.forgetLooks, u.forgetShown, u.forgetPlanted} {
			if err := f(ctx, raw); err != nil {
				return err
			}
		}
	}
	if states := earlier(u.now.Add(-keep.Hours).Truncate(day), m.daysUntil); m.statesFrom.Before(states) {
		for _, f := range []func(context.Context, time.Time) error{u.forgetHours, u.sumSpreads, u.forgetStates} {
			if err := f(ctx, states); err != nil {
				return err
			}
		}
	}
	if days := u.now.Add(-keep.Days).Truncate(day); m.daysFrom.Before(days) {
		return u.forgetDays(ctx, days)
	}
	return nil
}

// oldest gives the smallest value of a column, as far as there is one.
func (u *upkeep) oldest(ctx context.Context, table, column string) (oldest sql.NullInt64, err error) {
	err = u.slice(ctx, func(t *transaction) error {
		return t.one(`SELECT MIN(`+column+`) FROM `+table+` WHERE vantage = ?`, u.s.vantage).Scan(&oldest)
	})
	return oldest, err
}

func (u *upkeep) forgetLooks(ctx context.Context, before time.Time) error {
	if err := u.mark(ctx, "raw_from", before); err != nil {
		return err
	}
	for {
		slot, err := u.oldest(ctx, "observations", "slot")
		if err != nil || !slot.Valid || slot.Int64 >= slotOf(before) {
			return err
		}
		if err := u.ids(ctx, "endpoints", 10*endpointSlice, func(t *transaction, after, last int64) error {
			return t.do(`DELETE FROM observations WHERE vantage = ? AND slot = ? AND endpoint > ? AND endpoint <= ?`, u.s.vantage, slot.Int64, after, last)
		}); err != nil {
			return err
		}
	}
}

// forgetShown deletes what was shown in looks that are gone.
func (u *upkeep) forgetShown(ctx context.Context, before time.Time) error {
	return u.slice(ctx, func(t *transaction) error {
		return t.do(`DELETE FROM shown WHERE id IN (SELECT id FROM shown WHERE vantage = ? AND used < ? LIMIT 10000)`,
			u.s.vantage, before.Add(-2*time.Hour).UnixMilli()) // used is kept to the hour
	})
}

// forgetPlanted deletes old timestamps, but for the last one of each place.
func (u *upkeep) forgetPlanted(ctx context.Context, before time.Time) error {
	return u.slice(ctx, func(t *transaction) error {
		return t.do(`DELETE FROM stamps WHERE vantage = ? AND at < ? AND EXISTS (SELECT 1 FROM stamps l WHERE l.vantage = stamps.vantage AND l.repository = stamps.repository
			AND l.directory = stamps.directory AND l.destination = stamps.destination AND l.at > stamps.at AND l.fault = '')`, u.s.vantage, before.UnixMilli())
	})
}

func (u *upkeep) forgetHours(ctx context.Context, before time.Time) error {
	if err := u.mark(ctx, "hours_from", before); err != nil {
		return err
	}
	for {
		d, err := u.oldest(ctx, "hours", "day")
		if err != nil || !d.Valid || d.Int64 >= before.UnixMilli() {
			return err
		}
		if err := u.ids(ctx, "endpoints", endpointSlice, func(t *transaction, after, last int64) error {
			return t.do(`DELETE FROM hours WHERE vantage = ? AND day = ? AND endpoint > ? AND endpoint <= ?`, u.s.vantage, d.Int64, after, last)
		}); err != nil {
			return err
		}
	}
}

// forgetStates deletes states and holdings that ended before.
func (u *upkeep) forgetStates(ctx context.Context, before time.Time) error {
	if err := u.mark(ctx, "states_from", before); err != nil {
		return err
	}
	var roots []int64
	if err := u.slice(ctx, func(t *transaction) (err error) {
		roots, err = list(t, func(scan scanner) (id int64, err error) { return id, scan(&id) }, `SELECT id FROM roots`)
		return err
	}); err != nil {
		return err
	}
	return u.ids(ctx, "verdicts", verdictSlice, func(t *transaction, after, last int64) error {
		if err := t.do(`DELETE FROM states WHERE verdict > ? AND verdict <= ? AND since < ? AND until < ?
			AND EXISTS (SELECT 1 FROM verdicts v WHERE v.id = states.verdict AND v.vantage = ?)`,
			after, last, before.UnixMilli(), before.UnixMilli(), u.s.vantage); err != nil {
			return err
		}
		for _, root := range roots {
			if err := t.often(`DELETE FROM holdings WHERE root = ? AND verdict > ? AND verdict <= ? AND since < ? AND until < ?
				AND EXISTS (SELECT 1 FROM verdicts v WHERE v.id = holdings.verdict AND v.vantage = ?)`,
				root, after, last, before.UnixMilli(), before.UnixMilli(), u.s.vantage); err != nil {
				return err
			}
		}
		return nil
	})
}

// forgetDays deletes sums of days, and generations but for the last one of each root.
func (u *upkeep) forgetDays(ctx context.Context, before time.Time) error {
	if err := u.mark(ctx, "days_from", before); err != nil {
		return err
	}
	if err := u.ids(ctx, "endpoints", endpointSlice, func(t *transaction, after, last int64) error {
		return t.do(`DELETE FROM days WHERE endpoint > ? AND endpoint <= ? AND at < ?
			AND EXISTS (SELECT 1 FROM endpoints e WHERE e.id = days.endpoint AND e.vantage = ?)`, after, last, before.UnixMilli(), u.s.vantage)
	}); err != nil {
		return err
	}
	if err := u.ids(ctx, "verdicts", verdictSlice, func(t *transaction, after, last int64) error {
		return t.do(`DELETE FROM state_days WHERE verdict > ? AND verdict <= ? AND day < ?
			AND EXISTS (SELECT 1 FROM verdicts v WHERE v.id = state_days.verdict AND v.vantage = ?)`, after, last, before.UnixMilli(), u.s.vantage)
	}); err != nil {
		return err
	}
	return u.slice(ctx, func(t *transaction) error {
		if err := t.do(`DELETE FROM state_packs WHERE vantage = ? AND day < ?`, u.s.vantage, before.UnixMilli()); err != nil {
			return err
		}
		if err := t.do(`DELETE FROM absences WHERE vantage = ? AND until < ?`, u.s.vantage, before.UnixMilli()); err != nil {
			return err
		}
		return t.do(`DELETE FROM generations WHERE vantage = ? AND published < ?
			AND EXISTS (SELECT 1 FROM generations l WHERE l.vantage = generations.vantage AND l.root = generations.root AND l.published > generations.published)`,
			u.s.vantage, before.UnixMilli())
	})
}
