// Package switching reads the files of the programs that mirrorkeeper takes the place
// of, so that people can switch over with what they have.
//
// What such a file says is returned as values of the old program's own terms; cmd makes
// of them what mirrorkeeper does. Old programs passed over keys that they did not know,
// so these are told as notes, and are no errors.
package switching
