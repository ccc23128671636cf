// Package progress tells people and programs how long work goes on.
//
// Work reports to the stages of a [Tracker]; reporting costs an atomic addition.
// A renderer looks at the tracker a few times a second and shows what it sees:
// [Bars] on a terminal, [Lines] of text, or [JSON] events. A nil *Tracker and a
// nil *Stage accept everything and do nothing, so that work need not ask whether
// somebody watches.
package progress
