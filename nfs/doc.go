// Package nfs shows the tree by NFS, version 3, for reading.
//
//  1. It is built on backend.Reader: it cannot write.
//  2. A handle means the same after a restart and on every gateway of the
//     store. One that was not made with the key is refused.
//  3. A handle of a file names a version: never are bytes of another returned.
//  4. Looking a name up scans nothing. A handle whose name was lost is found by
//     one pass over its tag, for all who wait.
//  5. A store that does not answer is never told as a file that does not exist:
//     the connection ends, and clients ask again.
//
// The loop of a connection, dispatch and the frames of replies are those of
// github.com/willscott/go-nfs. What comes in is looked at before it gets there,
// see conn, and the procedures are ours, see operations.
package nfs
