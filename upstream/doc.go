// Package upstream reads repositories where they come from: the list of mirrors if there
// is one, the root, verified, and by digest the indexes that it names, through the cache.
//
// What is read, and what becomes of it, is decided by the jobs: a mirror publishes it, a
// watcher compares others with it.
package upstream
