// Package sabotage names bugs that are put into the engine on purpose, so that
// the simulation can show that it would find them. A test that never fails
// proves nothing.
//
//  1. Without the build tag sabotage, On is false for every bug: the compiler
//     leaves the bugs out, and no binary that is built for use has any.
//  2. At most one bug is there at a time.
//
// The place of a bug is a line or two in the package that keeps the rule which the
// bug breaks:
//
//	if sabotage.On(sabotage.DateRuleOff) {
//		return false
//	}
package sabotage

// Bug is a rule of the design that is broken.
type Bug string

// The bugs, by the package that has them.
const (
	None Bug = ""

	// journal
	AckBeforeDurable   Bug = "ack before durable"   // a segment counts as created when the store gave no clear answer
	RetryAsAnother     Bug = "retry as another"     // a retry of a batch carries another batch id, as if it were another
	ResendAfterUnknown Bug = "resend after unknown" // a batch that may have been in a folded slot is sent again
	SlotsReused        Bug = "slots reused"         // folded segments are deleted, so that their names are free again
	FenceIgnored       Bug = "fence ignored"        // a slot with a fence counts as empty
	DateRuleOff        Bug = "date rule off"        // what an old request says of a slot is believed
	ProbeJoinedLate    Bug = "probe joined late"    // a reader is content with a probe that began before it came
	ReadsStale         Bug = "reads stale"          // a reader does not ask the log at all

	// manifest
	ConditionsIgnored Bug = "conditions ignored" // at replay
	CloseIgnored      Bug = "close ignored"      // records behind a CLOSE still happen
	HalfTransactions  Bug = "half transactions"  // what went before the record that failed stays
	SourceNotChecked  Bug = "source not checked" // a copy takes whatever its source holds by then
	UploadIDReused    Bug = "upload id reused"   // two uploads of a key have one id
	FoldNotDropped    Bug = "fold not dropped"   // a fold is accepted though another came first

	// catalog
	FoldNotReplayed Bug = "fold not replayed" // what came between a fold's base and its slot is not replayed over it
	DropBeforeClose Bug = "drop before close" // the hub forgets a dataset whose log is still open
	CheckpointFirst Bug = "checkpoint first"  // a checkpoint is written before its FOLD is in the log
	RetireAtOnce    Bug = "retire at once"    // segments make way when they are folded, and though the state still names bytes in them

	// dedupe, backend
	BlocksNotAwaited Bug = "blocks not awaited" // a file is committed though a block may not be durable
	ReadsUnverified  Bug = "reads unverified"   // bytes are served without a look at their digests
	EmbeddedCopied   Bug = "embedded copied"    // a copy to another dataset names bytes in the source's log
)
