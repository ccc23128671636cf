// Package probe looks at mirror sites, and at the sources that they are compared with.
//
// [Prober.Look] carries out tasks at one endpoint of a site and tells what it saw, as a
// [watch.Observation]. It is a function of what it is given and of what the site answers:
// root.go reads roots, files.go goes through the files of the other levels, each of them
// by check.go (size, digest) or bytes.go (ranges), stamp.go reads timestamps and rsync.go
// listings. look.go puts them together.
//
// A [Source] is one repository at its source. [Source.Read] takes what the source shows
// into its ledger, generation by generation, after it was checked as sites are.
//
// Sites are strangers: client.go bounds what a look costs and connects to public
// addresses only (address.go), answer.go turns whatever comes into a [watch.Fault] with a
// detail, and hosts.go keeps to what a host bears.
package probe
