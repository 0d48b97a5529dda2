//go:build sabotage

package simulation

import (
	"flag"
	"testing"

	"aetherfs/internal/sabotage"
)

var bug = flag.String("bug", "", "the only control to run")

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
	{sabotage.ProbeJoinedLate, "fair"},
	{sabotage.ReadsStale, "fair"},
	{sabotage.ConditionsIgnored, "fair"},
	{sabotage.CloseIgnored, "fair"},
	{sabotage.HalfTransactions, "fair"},
	{sabotage.SourceNotChecked, "naps"},
	{sabotage.UploadIDReused, "fair"},
	{sabotage.FoldNotDropped, "naps"},
	{sabotage.FoldNotReplayed, "rain"},
	{sabotage.DropBeforeClose, "fair"},
	{sabotage.CheckpointFirst, "rain"},
	{sabotage.RetireAtOnce, "naps"},
	{sabotage.BlocksNotAwaited, "storm"},
	{sabotage.ReadsUnverified, "rot"},
	{sabotage.EmbeddedCopied, "fair"},
}

// TestControls: every bug that is put in is found within enough seeds.
func TestControls(t *testing.T) {
	defer sabotage.Set(sabotage.None)
	for _, c := range controls {
		if *bug != "" && *bug != string(c.bug) {
			continue
		}
		t.Run(string(c.bug), func(t *testing.T) {
			sabotage.Set(c.bug)
			for n := range enough {
				s := usual(uint64(*first + n))
				s.weather = weatherOf(t, c.weather)
				s.trace = *trace
				if r := run(t, s); len(r.bad) > 0 {
					t.Logf("found by seed %d: %.300s", s.seed, r.bad[0])
					return
				}
			}
			t.Errorf("%d seeds did not find it", enough)
		})
	}
}

func weatherOf(t *testing.T, name string) weather {
	for _, w := range climate {
		if w.name == name {
			return w
		}
	}
	t.Fatalf("no weather %q", name)
	return weather{}
}
