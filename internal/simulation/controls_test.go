//go:build sabotage

package simulation

import (
	"flag"
	"os"
	"os/exec"
	"regexp"
	"testing"

	"aetherfs/internal/sabotage"
)

var (
	bug = flag.String("bug", "", "the only control to run, in this process")
	sky = flag.String("sky", "", "weather for it; empty: the usual")
)

// enough is how many seeds a bug may survive.
const enough = 200

// controls are the bugs, each with the weather in which it does harm soonest.
var controls = []struct {
	bug     sabotage.Bug
	weather string
}{
	{sabotage.AckBeforeDurable, "storm"},
	{sabotage.RetryAsAnother, "storm"},
	{sabotage.ResendAfterUnknown, "naps"},
	{sabotage.SlotsReused, "naps"},
	{sabotage.FenceIgnored, "naps"},
	{sabotage.DateRuleOff, "ages"},
	{sabotage.ProbeJoinedLate, "naps"},
	{sabotage.ReadsStale, "fair"},
	{sabotage.ConditionsIgnored, "fair"},
	{sabotage.CloseIgnored, "fair"},
	{sabotage.HalfTransactions, "fair"},
	{sabotage.SourceNotChecked, "rain"},
	{sabotage.UploadIDReused, "fair"},
	{sabotage.FoldNotDropped, "naps"},
	{sabotage.FoldNotReplayed, "rain"},
	{sabotage.DropBeforeClose, "fair"},
	{sabotage.CheckpointFirst, "rain"},
	{sabotage.RetireAtOnce, "ages"},
	{sabotage.BlocksNotAwaited, "storm"},
	{sabotage.ReadsUnverified, "rot"},
	{sabotage.EmbeddedCopied, "fair"},
}

// TestControls: every bug that is put in is found within enough seeds. Each is
// tried in a process of its own, since some end it.
func TestControls(t *testing.T) {
	if *bug != "" {
		sabotage.Set(sabotage.Bug(*bug))
		suffer(t)
		return
	}
	for _, c := range controls {
		t.Run(string(c.bug), func(t *testing.T) {
			out, err := exec.CommandContext(t.Context(), os.Args[0], "-test.run=Controls", "-bug", string(c.bug), "-sky", c.weather).CombinedOutput()
			if err == nil {
				t.Errorf("%d seeds did not find it", enough)
			}
			t.Logf("%s", symptom.Find(out))
		})
	}
}

// symptom is the line of a failed process that says the most.
var symptom = regexp.MustCompile(`(?m)^(panic: |fatal error: |.*seed \d+: ).*`)

// suffer runs seeds with the bug until one fails.
func suffer(t *testing.T) {
	for n := *first; n < *first+enough; n++ {
		s := usual(uint64(n))
		for _, w := range climate {
			if w.name == *sky {
				s.weather = w
			}
		}
		s.trace = *trace
		if r := run(t, s); len(r.bad) > 0 {
			t.Fatalf("seed %d: %s", n, r.bad[0])
		}
	}
}
