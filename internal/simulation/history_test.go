package simulation

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// history is what clients asked and were told. A write without an answer stays
// in it with an open end; a read without one says nothing.
type history struct {
	diary *diary

	mu   sync.Mutex
	ops  []porcupine.Operation // guarded by mu
	lost int                   // without an answer; guarded by mu
}

// operation is one that is under way.
type operation struct {
	h      *history
	client int
	in     input
	call   time.Time
	at     *gateway
}

func (h *history) begin(client int, at *gateway, in input) *operation {
	return &operation{h, client, in, time.Now(), at}
}

// end notes the answer.
func (o *operation) end(out output) { o.add(out, time.Now().UnixNano()) }

// open notes that no answer came, but err or nothing at all: whatever was
// asked may have happened, or may happen at any time.
func (o *operation) open(err error) {
	o.h.diary.printf("client %d at %s: %v: no answer: %v", o.client, o.at.name, o.in, err)
	o.h.mu.Lock()
	o.h.lost++
	o.h.mu.Unlock()
	switch o.in.action {
	case actGet, actList, actExists, actUploads:
	default:
		o.add(output{unknown: true}, math.MaxInt64)
	}
}

// drop notes that it did not happen, for a reason that says nothing of the
// state.
func (o *operation) drop(err error) {
	o.h.diary.printf("client %d at %s: %v: not sent: %v", o.client, o.at.name, o.in, err)
}

func (o *operation) add(out output, end int64) {
	if !out.unknown {
		o.h.diary.printf("client %d at %s: %v: %v", o.client, o.at.name, o.in, out)
	}
	o.h.mu.Lock()
	defer o.h.mu.Unlock()
	o.h.ops = append(o.h.ops, porcupine.Operation{
		ClientId: o.client, Input: o.in, Call: o.call.UnixNano(), Output: out, Return: end,
	})
}

func (o *operation) String() string { return fmt.Sprintf("%v at %s", o.in, o.at.name) }

func (in input) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", in.action, in.dataset)
	switch in.action {
	case actGet:
		fmt.Fprintf(&b, "/%s", keys[in.key])
	case actCommit:
		for _, c := range in.changes {
			fmt.Fprintf(&b, " [%v]", c)
		}
	case actBegin, actAbort:
		fmt.Fprintf(&b, " #%d of %s", in.upload, keys[in.key])
	case actPart:
		fmt.Fprintf(&b, " #%d part %d value %d", in.upload, in.part, in.value)
	case actComplete:
		fmt.Fprintf(&b, " #%d of %s parts %v value %d absent %v", in.upload, keys[in.key], in.parts, in.value, in.absent)
	}
	if in.final {
		b.WriteString(" (final)")
	}
	return b.String()
}

func (c change) String() string {
	s := fmt.Sprintf("%s %s", c.kind, keys[c.key])
	if c.kind == copied {
		s += " from " + keys[c.from]
	}
	if c.kind == put {
		s += fmt.Sprintf(" value %d", c.value)
	}
	if c.absent {
		s += " if absent"
	}
	if c.match != 0 {
		s += fmt.Sprintf(" if value %d", c.match)
	}
	return s
}

func (o output) String() string {
	switch {
	case o.unknown:
		return "no answer"
	case o.err != nil:
		return o.err.Error()
	}
	return fmt.Sprintf("ok %v %v", o.value, o.values)
}

// checkTime bounds the search for an order: it is exponential where many
// writes had no answer.
const checkTime = 10 * time.Second

// verdict of a whole history.
type verdict struct {
	illegal   []string // histories of datasets that fit no order
	undecided int      // datasets for which the search took too long
}

// check looks for an order in which all answers are right.
func (h *history) check() (v verdict) {
	for _, part := range byDataset(h.ops) {
		switch porcupine.CheckOperationsTimeout(model, part, checkTime) {
		case porcupine.Illegal:
			v.illegal = append(v.illegal, describe(part))
		case porcupine.Unknown:
			v.undecided++
		}
	}
	return v
}

// describe lists operations by the time of their calls.
func describe(part []porcupine.Operation) string {
	part = slices.Clone(part)
	slices.SortFunc(part, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	first := part[0].Call
	var b strings.Builder
	for _, op := range part {
		end := "…"
		if op.Return != math.MaxInt64 {
			end = fmt.Sprintf("%.6f", time.Duration(op.Return-first).Seconds())
		}
		fmt.Fprintf(&b, "%14.6f to %14s  client %d  %v: %v\n", time.Duration(op.Call-first).Seconds(), end, op.ClientId, op.Input, op.Output)
	}
	return b.String()
}
