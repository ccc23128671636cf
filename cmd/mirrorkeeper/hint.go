package main

import (
	"errors"

	"github.com/mirrorkeeper/mirrorkeeper/create"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/watch/history"
)

// hintFor says what to do about an error, "" where there is nothing to say.
func hintFor(err error) string {
	for _, h := range []struct {
		is   error
		hint string
	}{
		{repo.ErrWeak, "when the way to upstream can be trusted all the same, set trusted: true for the source"},
		{mirror.ErrStrict, "mirrorkeeper unresolved lists all of them; add the repository that has what is missing, or set strict: false"},
		{mirror.ErrConflict, "leave one of what excludes the other out of the seeds, or set strict: false"},
		{mirror.ErrRefused, "have clients install them by that command line, or set strict: false"},
		{mirror.ErrLockOutdated, "write the lock file anew: mirrorkeeper lock; plan prints what that changes"},
		{mirror.ErrLockGone, "take a source that keeps old packages, or write the lock file anew: mirrorkeeper lock"},
		{mirror.ErrShrunk, "look at upstream; when it is right that it lost so many packages, run again with --allow-shrink"},
		{mirror.ErrReplay, "try another URL of the source; nothing was changed"},
		{mirror.ErrSpace, "free some space, or set another destination; nothing was fetched"},
		{mirror.ErrOffline, "run without --offline"},
		{signature.ErrPassphrase, "give it in the environment (passphrase: \"${NAME}\"), in a file (passphrase-file: FILE), or on a terminal"},
		{signature.ErrAgent, "gpg-agent asks on the terminal that GPG_TTY names; where there is none, give the passphrase beside gpg: passphrase: \"${NAME}\", or passphrase-file: FILE"},
		{signature.ErrTimeout, "set sign.timeout, where the key is slower than that"},
		{create.ErrRefused, "put the files right, or leave them out with --keep-going; nothing was published"},
		{create.ErrEmpty, "when that is right, run again with --allow-empty; nothing was published"},
		{create.ErrMirror, "take another name, or another destination"},
		{create.ErrLost, "give the file again, or take the package out with --remove; nothing was published"},
		{history.ErrNewer, "start the newer version of mirrorkeeper; the history was not changed"},
		{history.ErrTables, "give the history a file, a database or a schema of its own: ?search_path=NAME at the end of the address names a schema"},
		{history.ErrDamaged, "move the file away and start again: a new one is made"},
		{history.ErrFull, "free some space; what could not be written waits in memory while the watcher runs"},
		{history.ErrRights, "let the watcher's user write the file and its directory, or make tables in the database"},
		{store.ErrLocked, "wait for the other run to end; the lock goes with its process"},
	} {
		if errors.Is(err, h.is) {
			return h.hint
		}
	}
	if h, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok {
		return h.Hint()
	}
	return ""
}
