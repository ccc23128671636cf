// Package header reads what stands in an rpm file before its payload: the lead, the
// signature header and the header, in the formats 3, 4 and 6 (format_v4.md,
// format_v6.md and format_header.md of rpm's reference manual).
//
// A file is hostile until its signature is checked: sizes are bounded, and all that a
// header's index claims is checked when it is read, so that the getters cannot fail.
package header
