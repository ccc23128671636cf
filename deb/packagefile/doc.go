// Package packagefile reads binary package files, deb(5): an ar archive of the format's
// version, a tar archive with the control file, and a tar archive of the files to
// install.
//
// It refuses what dpkg-deb refuses, and some that dpkg-deb lets pass where readers
// would differ about it. Files are hostile: all sizes are bounded, by those of the
// file or by a constant.
package packagefile
