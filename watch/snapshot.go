package watch

import "time"

// Key names a site and a watched repository.
type Key struct{ Site, Repository string }

// Snapshot is all that is known at a moment. It is not changed once it is made: who
// answers questions takes the latest one, and needs no lock.
type Snapshot struct {
	// At is when it was made, Started when the watcher was.
	At, Started  time.Time
	Repositories []Repository
	// Origins are where the sources serve the repositories, in their order; the URL is ""
	// where nothing does. There are verdicts on them, too.
	Origins []Site
	Sites   []Site
	// Sources are by the name of the watched repository.
	Sources  map[string]*SourceKnown
	Verdicts map[Key]*Verdict
	// Known are all endpoints of a site.
	Known map[Key][]Known
	// Blind says what the watcher cannot see at the moment.
	Blind Blindness
}
