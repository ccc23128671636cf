package history

import "errors"

// What can be wrong with a database, where something can be done about it.
var (
	// ErrAddress is an address of PostgreSQL that cannot be read. It is not repeated, as
	// there may be a password in it.
	ErrAddress = errors.New("the address of the PostgreSQL database cannot be read (expected postgres://USER:PASSWORD@HOST:PORT/DATABASE)")
	// ErrNewer is a database that a newer version of the program has changed: this one
	// does not understand it, and leaves it as it is.
	ErrNewer = errors.New("the history was written by a newer version of mirrorkeeper")
	// ErrTables is a database in which another program has tables of our names.
	ErrTables = errors.New("the database has tables of another program")
	// ErrDamaged is a file that is no database, or not any more.
	ErrDamaged = errors.New("the file is damaged, or is no SQLite database")
	// ErrFull is a disk that is full. What could not be written waits in memory.
	ErrFull = errors.New("there is no space left for the history")
	// ErrRights are rights that the watcher's user does not have.
	ErrRights = errors.New("the history cannot be written by this user")
)
