package conformance

import (
	"slices"
	"strings"
)

// A judgement names cases, by the beginning of their names, in which a damage
// is not noticed, and why.
type judgement struct{ prefix, reason string }

const (
	sharesRoot = "the checkpoint holds the root too"
	isOld      = "only the newest checkpoint and its tree are read"
	isCovered  = "the checkpoint stands for it"
	makesWay   = "that is what becomes of it"
	notYet     = "as if it was still to be written: the one before and the segments since say the same"
	isItsEnd   = "nothing else tells how long the log was"
)

// unread are the damages that reading everything does not notice. What it gives
// is right for all that.
var unread = []judgement{
	{"aetherfs.json replaced by another repository's", "files are read alike, however new ones are cut"},
	{"pool/block first byte flipped", "a block's magic: no file's bytes hang on it"},
	{"hub/checkpoint removed", notYet}, {"dataset/checkpoint removed", notYet},
	{"hub/root", sharesRoot}, {"pool/root", sharesRoot},
	{"hub/older", isOld}, {"dataset/older", isOld}, {"pool/older", isOld},
	{"hub/folded segment", isCovered}, {"dataset/folded segment", isCovered},
	{"hub/fence", isCovered}, {"dataset/fence", isCovered},
}

// forgotten are the damages after which things are gone without an error.
var forgotten = []judgement{
	{"hub/segment removed 1", isItsEnd}, {"dataset/segment removed 1", isItsEnd},
}

// unchecked are the damages that fsck does not notice.
var unchecked = []judgement{
	{"aetherfs.json replaced by another repository's", "nothing else says which repository it is"},
	{"hub/segment removed 1", isItsEnd}, {"dataset/segment removed 1", isItsEnd},
	{"hub/checkpoint removed", notYet}, {"dataset/checkpoint removed", notYet},
	{"hub/older checkpoint removed", "the newest one is enough"}, {"dataset/older checkpoint removed", "the newest one is enough"},
	{"hub/older root", "nothing names it"}, {"hub/older keys", "nothing names it"}, {"pool/older", "nothing names it"},
	{"hub/folded segment replaced by a fence", makesWay}, {"dataset/folded segment replaced by a fence", makesWay},
	{"hub/folded segment removed", isCovered}, {"dataset/folded segment removed", isCovered},
	{"hub/fence removed 0", makesWay}, {"dataset/fence removed 0", makesWay},
	{"hub/fence replaced by what it was", "it says the same"}, {"dataset/fence replaced by what it was", "it says the same"},
}

func judged(all []judgement, name string) bool {
	return slices.ContainsFunc(all, func(j judgement) bool { return strings.HasPrefix(name, j.prefix) })
}
