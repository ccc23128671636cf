// Package packetary reads the files of packetary, lists of repositories and of
// requirements, and says what they are in the words of mirrorkeeper's configuration.
//
// Its files are YAML, or JSON, which is YAML too. Keys that it did not know it refused,
// and so does this package.
package packetary
