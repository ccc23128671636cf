// Package nailgun speaks with Nailgun, the server of Fuel, about what it knows of
// repositories: releases, environments (which its interface calls clusters) and their
// attributes.
//
// The objects of the server have many more fields than are of interest here, and other
// ones in each version. So they are kept as the bytes that the server sent, see
// [Document], and only what is meant to change is changed in them.
package nailgun
