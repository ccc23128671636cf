package history

import (
	"context"
	"time"
)

// The watcher leaves a sign of life so often, and was away where it left none for longer.
const (
	beatInterval = 30 * time.Second
	absentAfter  = 2 * time.Minute
)

// Flush writes what waits, in one transaction. Where that fails, it goes on waiting,
// unless it is what waits that the database cannot take.
func (s *Store) Flush(ctx context.Context) error { return s.flush(ctx, false) }

// flush is Flush, with a sign of life whenever the last one was.
func (s *Store) flush(ctx context.Context, beat bool) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.waiting.Lock()
	b := s.pending
	s.pending = batch{}
	s.waiting.Unlock()

	now := s.settings.Now()
	beat = beat || now.Sub(s.beat) >= beatInterval
	if b.size() == 0 && !beat {
		return nil
	}
	err := s.wrap(s.transact(ctx, func(t *transaction) error {
		if beat {
			if err := s.writeBeat(t, now); err != nil {
				return err
			}
		}
		return s.writeBatch(t, &b, now)
	}))

	s.waiting.Lock()
	defer s.waiting.Unlock()
	s.health.Err = err
	if err == nil {
		s.health.Written = now
		if beat {
			s.beat = now
		}
		return nil
	}
	s.memory = nil
	if s.refused(err) {
		s.health.Dropped += int64(b.size())
		return err
	}
	b.append(&s.pending)
	s.health.Dropped += b.bound(s.settings.Waiting)
	s.pending = b
	return err
}

// writeBatch writes what waits. Whatever of it is there already, as it was written
// before a connection broke, is written again to no effect.
func (s *Store) writeBatch(t *transaction, b *batch, now time.Time) (err error) {
	if s.memory == nil {
		if s.memory, err = s.readMemory(t); err != nil {
			return err
		}
	}
	if err := s.writeGenerations(t, b.generations); err != nil {
		return err
	}
	if err := s.writeObservations(t, b.observations, now); err != nil {
		return err
	}
	if err := s.writeKnown(t, b.known); err != nil {
		return err
	}
	if err := s.writeVerdicts(t, b.judged); err != nil {
		return err
	}
	return s.writePlanted(t, b.planted)
}

// writeBeat leaves a sign of life, and after a start writes down how long there was none.
func (s *Store) writeBeat(t *transaction, now time.Time) error {
	if s.beat.IsZero() && s.opened.Sub(s.before) >= absentAfter {
		if err := t.do(`INSERT INTO absences (vantage, since, until) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
			s.vantage, s.before.UnixMilli(), s.opened.UnixMilli()); err != nil {
			return err
		}
	}
	return t.do(`UPDATE vantages SET seen = ? WHERE id = ?`, now.UnixMilli(), s.vantage)
}

// refused reports whether the values of a statement were the error: they would be every
// time.
func (s *Store) refused(err error) bool {
	if s.dialect == &postgresDialect {
		return postgresRefused(err)
	}
	return sqliteRefused(err)
}
