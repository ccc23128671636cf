// Package daemon runs the watch: it reads sources, plants timestamps, looks at sites
// when they are due, judges, keeps the history, and has the latest [watch.Snapshot] for
// those who ask.
//
//	setup.go    what is watched, as a configuration says it
//	daemon.go   starting, ending, another setup while it runs
//	sites.go    the endpoints that are looked at; edits of the list of sites
//	queue.go    which endpoint is due
//	look.go     one look: probe, learn, judge
//	source.go   reading sources; judging them
//	plant.go    planting
//	snapshot.go what is known at the moment
package daemon
