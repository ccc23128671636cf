// Package manual makes man pages of the program's commands and of the reference in
// Markdown, so that what a command says of itself, its page and the reference cannot
// differ.
//
// [Commands] makes a page of each command: its options are those that the command has,
// the rest is the section of the reference that bears its name. [File] makes a page for
// section 5 of a whole document. Markdown is read as far as the reference uses it
// ([Parse]), and pages are written with the macros of man(7), which both groff and
// mandoc format.
package manual
