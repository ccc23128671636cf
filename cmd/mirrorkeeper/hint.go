package main

import (
	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/create"
	"github.com/mirrorkeeper/mirrorkeeper/generations"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/watch/history"
)

// hints say what to do about errors.
func hints() []console.Hint {
	return append(assembly.Hints(), []console.Hint{
		{Is: create.ErrRefused, Say: "put the files right, or leave them out with --keep-going; nothing was published"},
		{Is: create.ErrEmpty, Say: "when that is right, run again with --allow-empty; nothing was published"},
		{Is: create.ErrMirror, Say: "take another name, or another destination"},
		{Is: create.ErrLost, Say: "give the file again, or take the package out with --remove; nothing was published"},
		{Is: generations.ErrForeign, Say: "serve the generation at an address of its own, snapshots/ID below the mirror, which generations MIRROR --keep ID makes; or set sign: for the mirror, with a key that clients know too"},
		{Is: generations.ErrKey, Say: "name the key that signed with --key FILE, or in the configuration; a new key takes over by sync"},
		{Is: generations.ErrUnknown, Say: "mirrorkeeper generations lists all that are kept"},
		{Is: store.ErrTooMuch, Say: "look whether that is right, with --dry-run; --force deletes them"},
		{Is: history.ErrNewer, Say: "start the newer version of mirrorkeeper; the history was not changed"},
		{Is: history.ErrTables, Say: "give the history a file, a database or a schema of its own: ?search_path=NAME at the end of the address names a schema"},
		{Is: history.ErrDamaged, Say: "move the file away and start again: a new one is made"},
		{Is: history.ErrFull, Say: "free some space; what could not be written waits in memory while the watcher runs"},
		{Is: history.ErrRights, Say: "let the watcher's user write the file and its directory, or make tables in the database"},
	}...)
}
