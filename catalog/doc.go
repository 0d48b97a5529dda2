// Package catalog keeps the names: the datasets of the hub, and of each dataset
// the state that its log gives. It touches no file bytes; small data passes
// through it on its way into a segment.
//
//  1. A state is published before the client whose record made it is answered.
//  2. A dataset's log is closed before the hub forgets it, so that no write
//     is acknowledged into a dataset that is gone. Whoever meets a closed log
//     finishes the hub's part.
//  3. A state is that of the newest fold's tree with the tail replayed over it,
//     whether the fold was met while the log was followed or the log was
//     opened at its checkpoint: no state keeps a recipe from before the fold.
//  4. A fold is committed after its nodes and blocks are durable, a checkpoint
//     written after the fold was accepted, a segment retired after the
//     checkpoint has stood for a time.
//  5. What was acknowledged before Sync was called, by any gateway, is in the
//     state when it returns.
//  6. A dataset that is made again under an old name has another id and so
//     another log.
package catalog
