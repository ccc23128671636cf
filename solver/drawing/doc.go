// Package drawing shows graphs of picks: as text for graphviz, or as a picture by a
// simple layered layout of its own (Sugiyama, Tagawa, Toda, 1981). The same graph gives
// the same bytes.
package drawing
