// Package fetch brings files from upstream into a store: in parallel, resumed
// where they were cut, checked while they are read, from the next URL when one
// fails.
//
// [Fetcher.Fetch] takes files whose digest is known and gives them to a [Sink].
// A file becomes visible there only when its bytes have the digest; what a server
// says of itself, its status and its headers, proves nothing. [Fetcher.Get] reads
// the small files that come before any digest is known, such as a root.
//
// run.go gets the files of one call done, transfer.go is one try to get one file,
// route.go decides which URL is asked next, hosts.go how many requests a host gets
// at once, and bases.go which base URLs are tried last.
package fetch
