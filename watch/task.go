package watch

import "github.com/mirrorkeeper/mirrorkeeper/repo"

// Task is what to look at next at an endpoint, on one level. A probe carries it out and
// answers with a [RootSeen], a [StampSeen] or a [Check] of the same level.
//
// The files of a task stand in an order that follows from Generation, Against and Seed
// alone, so that a check that a budget ended early goes on where it stopped. It is about
// files in the site's scope only. Where a manifest that it needs is not kept any more, the
// check has a Detail that says so.
//
//	root     the root file; Generation is that which the endpoint is known to show, for a
//	         conditional request, zero for an unconditional one
//	indexes  the indexes of Generation
//	delta    the files of Generation that Against lacks, or has with other content; the
//	         same for removed, where Against is the newer one
//	again    the files of Paths that Generation names, with size and digest
//	sample   files of Generation, shuffled by Seed, spread over its parts
//	sweep    all files of Generation, sorted by path, from the one behind After on: it goes
//	         on so when the generation has changed meanwhile
//	bytes    random ranges of files of Generation, drawn by Seed
//	stamp    the timestamps of the watched repository's directories
type Task struct {
	Root       string      `json:"root,omitempty"` // name, as in [Root]; "" for stamps
	Level      Level       `json:"level"`
	Generation repo.Digest `json:"generation,omitzero"`
	Against    repo.Digest `json:"against,omitzero"`
	// Skip is how many files were looked at already, Limit how many there may be in this
	// look, 0 for all.
	Skip  int    `json:"skip,omitempty"`
	Limit int    `json:"limit,omitempty"`
	Seed  uint64 `json:"seed,omitempty"`
	// After is the path behind which a sweep goes on.
	After string `json:"after,omitempty"`
	// Paths are files that were wrong, for LevelAgain.
	Paths []string `json:"paths,omitempty"`
}
