package progress

import "time"

// window is how far back a speed looks.
const window = 10 * time.Second

// speed tells how fast a stage went of late: over the last ten seconds, or since
// it began when that is less long ago.
type speed struct{ seen []State }

// observe adds a state that is newer than those before.
func (s *speed) observe(now State) {
	s.seen = append(s.seen, now)
	old := 0
	for len(s.seen)-old > 2 && now.Elapsed-s.seen[old+1].Elapsed >= window {
		old++
	}
	s.seen = s.seen[:copy(s.seen, s.seen[old:])]
}

// rates returns bytes and files per second.
func (s *speed) rates() (bytes, files float64) {
	if len(s.seen) == 0 {
		return 0, 0
	}
	last := s.seen[len(s.seen)-1]
	var first State // a stage begins with nothing done
	if last.Elapsed > window {
		first = s.seen[0]
	}
	seconds := (last.Elapsed - first.Elapsed).Seconds()
	if seconds <= 0 {
		return 0, 0
	}
	return float64(last.DoneBytes-first.DoneBytes) / seconds, float64(last.DoneFiles-first.DoneFiles) / seconds
}

// left estimates the time until the stage's end; ok is false when nothing tells.
func (s *speed) left() (d time.Duration, ok bool) {
	if len(s.seen) == 0 {
		return 0, false
	}
	last := s.seen[len(s.seen)-1]
	bytes, files := s.rates()
	seconds := 0.0
	switch {
	case last.Bytes > 0 && bytes > 0:
		seconds = float64(last.Bytes-last.DoneBytes) / bytes
	case last.Bytes == 0 && last.Files > 0 && files > 0:
		seconds = float64(last.Files-last.DoneFiles-last.FailedFiles) / files
	default:
		return 0, false
	}
	const most = 1000 * time.Hour // beyond that it is no estimate
	if seconds > most.Seconds() {
		return 0, false
	}
	return time.Duration(max(seconds, 0) * float64(time.Second)), true
}
