// Package plant writes timestamps into directories of the site that mirrors copy from:
// by SFTP, or on this machine. When they arrive at a mirror, its sync job is alive.
//
// Each planting has one time and one sequence number for all directories, and writes
// these files into each (see [NamesOf]), in this order, for a stamp named .timestamp:
//
//	!.timestamp.begin            the time and the sequence number
//	.timestamp.json              a [Statement]: who planted what
//	.timestamp.json.asc          the same, clear-signed, where there is a key
//	.timestamp                   the time alone, seconds since 1970 and a line end
//	~.timestamp/.timestamp.end   the time and the sequence number
//
// Tools that read the stamp take the whole file for a number, so what is more is in
// files of its own. Their names are what rsync sorts by: in a directory it copies the
// files in the order of their bytes, then what is in the directories in theirs. So the
// begin mark is what it copies first and the end mark, in a directory that sorts
// last, what it copies last; and a mirror whose end has a lower number than its begin
// is in the middle of a copy, or one broke off ([Syncing]).
//
// The signature is in one file with what it signs, since two files are never copied
// at one time. The sequence goes on from the highest number that is found in the
// directories; where there is none it begins with the time in seconds, which is
// above all numbers that there were, as nobody plants more than once a second.
//
// Nothing is written in place: a file is written under another name, made durable
// where the server can do that, and renamed, so that readers see the old content or
// the new one. planter.go runs a planting, write.go fills one directory, and local.go
// and remote.go are the two kinds of places.
package plant
