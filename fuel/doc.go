// Package fuel makes local mirrors for Fuel, and tells Fuel's server of them: what
// fuel-createmirror, fuel-mirror and fuel-package-updates are made of.
//
// Each of these has a form of its own for what is to be mirrored; all of them become
// groups of repositories ([Group]), and these a configuration of mirrors ([Plan]). When
// the mirrors are published, the entries of the plan go into the lists of repositories
// that the server has for environments and releases ([Merge], [Update]).
package fuel
