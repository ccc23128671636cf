package progress

import (
	"sync"
	"sync/atomic"
	"time"
)

// Tracker holds the stages of a run in the order in which they began. The zero
// Tracker is ready for use, by several goroutines at once.
type Tracker struct {
	mu     sync.Mutex
	stages []*Stage
}

// Stage is one part of the work on one source, such as fetching its packages. Its
// methods may be called by several goroutines at once.
type Stage struct {
	source, name string
	files        int
	bytes        int64
	begun        time.Time

	doneFiles   atomic.Int64
	failedFiles atomic.Int64
	doneBytes   atomic.Int64
	took        atomic.Int64 // nanoseconds, 0 while the stage runs
}

// State is what a [Stage] has reached at one moment.
type State struct {
	Source, Stage string
	// Files and Bytes are to be done; 0 where that is not known beforehand.
	Files int
	Bytes int64
	// DoneFiles were done, FailedFiles given up.
	DoneFiles, FailedFiles int
	DoneBytes              int64
	// Elapsed is the time since the stage began, until its end once it is Finished.
	Elapsed  time.Duration
	Finished bool
}

// Stage begins a stage of so many files and bytes, 0 where that is not known.
func (t *Tracker) Stage(source, name string, files int, bytes int64) *Stage {
	if t == nil {
		return nil
	}
	s := &Stage{source: source, name: name, files: files, bytes: bytes, begun: time.Now()}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stages = append(t.stages, s)
	return s
}

// Snapshot returns the state of every stage, in the order in which they began.
func (t *Tracker) Snapshot() []State {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	stages := t.stages // only ever appended to
	t.mu.Unlock()
	states := make([]State, len(stages))
	for i, s := range stages {
		states[i] = s.Snapshot()
	}
	return states
}

// Add counts bytes as done; a negative number takes back what turned out wrong.
func (s *Stage) Add(bytes int64) {
	if s != nil {
		s.doneBytes.Add(bytes)
	}
}

// FileDone counts one file as done.
func (s *Stage) FileDone() {
	if s != nil {
		s.doneFiles.Add(1)
	}
}

// Failed counts one file as given up.
func (s *Stage) Failed() {
	if s != nil {
		s.failedFiles.Add(1)
	}
}

// Finish ends the stage; calls after the first do nothing.
func (s *Stage) Finish() {
	if s != nil {
		s.took.CompareAndSwap(0, int64(max(time.Since(s.begun), 1)))
	}
}

// Snapshot returns what the stage has reached, the zero State for a nil Stage.
func (s *Stage) Snapshot() State {
	if s == nil {
		return State{}
	}
	// The end is read first: a stage seen as finished has all its counts.
	took := time.Duration(s.took.Load())
	state := State{
		Source: s.source, Stage: s.name, Files: s.files, Bytes: s.bytes,
		DoneFiles: int(s.doneFiles.Load()), FailedFiles: int(s.failedFiles.Load()), DoneBytes: s.doneBytes.Load(),
		Elapsed: took, Finished: took > 0,
	}
	if !state.Finished {
		state.Elapsed = time.Since(s.begun)
	}
	return state
}
