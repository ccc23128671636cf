package assembly

import (
	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// Hints say what to do about the errors of mirroring.
func Hints() []console.Hint {
	return []console.Hint{
		{Is: repo.ErrWeak, Say: "when the way to upstream can be trusted all the same, set trusted: true for the source"},
		{Is: mirror.ErrStrict, Say: "mirrorkeeper unresolved lists all of them; add the repository that has what is missing, or set strict: false"},
		{Is: mirror.ErrConflict, Say: "leave one of what excludes the other out of the seeds, or set strict: false"},
		{Is: mirror.ErrRefused, Say: "have clients install them by that command line, or set strict: false"},
		{Is: mirror.ErrLockOutdated, Say: "write the lock file anew: mirrorkeeper lock; plan prints what that changes"},
		{Is: mirror.ErrLockGone, Say: "take a source that keeps old packages, or write the lock file anew: mirrorkeeper lock"},
		{Is: mirror.ErrShrunk, Say: "look at upstream; when it is right that it lost so many packages, run again with --allow-shrink"},
		{Is: mirror.ErrReplay, Say: "try another URL of the source; nothing was changed"},
		{Is: mirror.ErrSpace, Say: "free some space, or set another destination; nothing was fetched"},
		{Is: mirror.ErrOffline, Say: "run without --offline"},
		{Is: signature.ErrPassphrase, Say: "give it in the environment (passphrase: \"${NAME}\"), in a file (passphrase-file: FILE), or on a terminal"},
		{Is: signature.ErrAgent, Say: "gpg-agent asks on the terminal that GPG_TTY names; where there is none, give the passphrase beside gpg: passphrase: \"${NAME}\", or passphrase-file: FILE"},
		{Is: signature.ErrTimeout, Say: "set sign.timeout, where the key is slower than that"},
		{Is: store.ErrLocked, Say: "wait for the other run to end; the lock goes with its process"},
	}
}
