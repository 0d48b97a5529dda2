// Package catalog keeps the names: the datasets of the hub, and of each dataset
// the state that its log gives. It touches no file bytes; small data passes
// through it on its way into a segment.
//
//  1. A state is published before the client whose record made it is answered.
//  2. A dataset's log is closed before the hub forgets it, so that no write
//     is acknowledged into a dataset that is gone. Whoever meets a closed log
//     finishes the hub's part.
//  3. A dataset that is made again under an old name has another id and so
//     another log.
package catalog
