// Package history keeps what watching finds out, in an SQLite file or in PostgreSQL.
//
// A [Store] takes what happens without waiting ([Store.Observed], [Store.Judged],
// [Store.Published], [Store.Planted]) and writes it once a second in one transaction,
// and of endpoints and verdicts only what changed. It answers what was
// and what is: [Store.Known] and [Store.Ledgers] let a watcher that starts go on where it
// stopped, [Store.Verdicts], [Store.States], [Store.Samples], [Store.Availability],
// [Store.Holders] and [Store.Propagation] are for those who ask.
//
// Detail goes with age. Looks are kept one by one, then summed up by the hour, then by
// the day; states and who held which generation are intervals, then shares of days.
//
// Several watchers may share a PostgreSQL database. Rows carry the vantage of the watcher
// that wrote them, and a store reads its own.
//
//	store.go      opening, writing in the background, closing
//	batch.go      what waits to be written            flush.go    how it is written
//	memory.go     what the database is known to hold  statement.go  SQL by hand
//	dialect.go    what the two databases differ in    migrate.go  versions of the tables
//	known.go verdicts.go states.go availability.go holdings.go propagation.go badfiles.go
//	ledger.go observations.go samples.go stamps.go edits.go   one for each kind of fact
//	upkeep.go retention.go   summing up and forgetting, in small slices
//
// Moments are whole milliseconds in the tables, spans of time too.
package history
