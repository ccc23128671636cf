// Package watch tells which mirror sites are in sync with their source, exactly.
//
// The source's generations of each repository are kept in a ledger: digest of the
// root, time, manifest. A probe of a site gives an [Observation] of each endpoint;
// [Learn] folds observations into what is known of the endpoint ([Known]), and
// [Judge] gives the [Verdict] on the site, with [Evidence], after [JudgeSource] has judged
// the source and [BlindnessOf] the watcher. [First] and [Next] say what to look at,
// [Wait] when, [Listed] who stands in lists of mirrors, [Advertised] and [Alternates] which
// generations clients may expect. All of them are pure functions of values;
// docs/judging.md has the rules.
//
// The rooms below:
//
//	plant    timestamps at the source site
//	probe    looks at sites, and at the source: HTTP, rsync; the ledger's generations
//	history  observations, verdicts and generations in SQLite or PostgreSQL
//	web      what is answered: API, lists, metrics
//	daemon   the scheduler that runs all of it
package watch
