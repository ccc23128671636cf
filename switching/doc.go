// Package switching reads the files of the programs that mirrorkeeper takes the place
// of, so that people can switch over with what they have.
//
// [Read] turns files into a configuration, with comments, and says what could not be
// carried over: nothing is read but what it is given, nothing is asked, and no script is
// run. Old programs passed over keys that they did not know, so these are no errors.
//
// [ReadMirrorchecker] returns what its configuration says in its own terms, for a watcher
// that goes on with it as it is.
package switching
