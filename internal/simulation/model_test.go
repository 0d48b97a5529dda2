package simulation

import (
	"errors"
	"fmt"
	"slices"

	"aetherfs/backend"

	"github.com/anishathalye/porcupine"
)

// keys are all that clients use, so that they meet. They are in the order of a
// listing.
var keys = [...]string{"latest", "v1/x", "v1/y", "v2/x", "v2/y/z"}

// Of a dataset, in one life. Uploads are numbered as clients begin them.
const (
	maxUploads = 10
	maxParts   = 3
)

// set is what a dataset holds: the state of the model.
type set struct {
	exists  bool
	keys    [len(keys)]cell
	uploads [maxUploads]upload
}

type cell struct {
	value  value
	upload int // that made it, from 1; 0: none
}

type upload struct {
	open  bool
	parts [maxParts]value
}

// action is what an operation does.
type action string

const (
	actCreate   action = "create dataset"
	actRemove   action = "remove dataset"
	actExists   action = "look for dataset"
	actGet      action = "get"
	actList     action = "list"
	actCommit   action = "commit"
	actBegin    action = "create upload"
	actPart     action = "put part"
	actComplete action = "complete upload"
	actAbort    action = "abort upload"
	actUploads  action = "list uploads"
)

// input is an operation as its client asked for it.
type input struct {
	action  action
	dataset string
	final   bool // read when all is quiet

	key     int      // of actGet and actComplete
	changes []change // of actCommit
	upload  int      // number
	part    int      // number of actPart
	value   value    // of actPart and actComplete
	parts   [maxParts]value
	absent  bool             // actComplete only if the key holds nothing
	known   [maxUploads]bool // of actUploads: those whose ids are known
}

// change is one of a transaction.
type change struct {
	kind   changeKind
	key    int
	from   int   // of a copy
	value  value // of a put
	absent bool  // only if the key holds nothing
	match  value // only if the key holds this; of a copy: if the source does
}

type changeKind string

const (
	put    changeKind = "put"
	remove changeKind = "remove"
	copied changeKind = "copy"
)

// output is the answer.
type output struct {
	err     error // one of backend.Errors
	unknown bool  // there was none: it may have happened
	value   value // of actGet; 0: nothing there
	values  []value
	uploads [maxUploads]bool // of actUploads: those that are open
}

// model is the meaning of a dataset.
var model = porcupine.Model{
	Partition: byDataset,
	Init:      func() any { return set{} },
	Step: func(s, in, out any) (bool, any) {
		before := s.(set)
		i, o := in.(input), out.(output)
		after, want := before.step(&i)
		if o.unknown {
			return true, after
		}
		return o.fits(&want, &i), after
	},
	DescribeOperation: func(in, out any) string { return fmt.Sprintf("%v: %v", in, out) },
}

func byDataset(history []porcupine.Operation) [][]porcupine.Operation {
	parts := map[string][]porcupine.Operation{}
	var names []string
	for _, op := range history {
		name := op.Input.(input).dataset
		if parts[name] == nil {
			names = append(names, name)
		}
		parts[name] = append(parts[name], op)
	}
	slices.Sort(names)
	all := make([][]porcupine.Operation, len(names))
	for n, name := range names {
		all[n] = parts[name]
	}
	return all
}

// answer is what the model says to an operation: errs are the errors that it
// may have, none if it has to succeed.
type answer struct {
	errs    []error
	value   value
	values  []value
	uploads [maxUploads]bool
}

func failed(errs ...error) answer { return answer{errs: errs} }

// fits reports whether an answer that a client got is what the model says.
func (o *output) fits(want *answer, in *input) bool {
	if len(want.errs) > 0 || o.err != nil {
		return slices.Contains(want.errs, o.err)
	}
	switch in.action {
	case actGet:
		return o.value == want.value
	case actList, actCommit:
		return slices.Equal(o.values, want.values)
	case actUploads:
		return o.uploads == want.uploads
	}
	return true
}

// step returns what an operation makes of s, and its answer.
func (s set) step(in *input) (set, answer) {
	switch in.action {
	case actCreate:
		if s.exists {
			return s, failed(backend.ErrExists)
		}
		return set{exists: true}, answer{}
	case actExists:
		if !s.exists {
			return s, failed(backend.ErrNoDataset)
		}
		return s, answer{}
	}
	if !s.exists {
		return s, failed(backend.ErrNoDataset)
	}
	switch in.action {
	case actRemove:
		if s.keys != (set{}).keys {
			return s, failed(backend.ErrNotEmpty)
		}
		return set{}, answer{}
	case actGet:
		return s, answer{value: s.keys[in.key].value}
	case actList:
		var all answer
		for _, c := range s.keys {
			all.values = append(all.values, c.value)
		}
		return s, all
	case actCommit:
		return s.commit(in.changes)
	case actUploads:
		var all answer
		for n, u := range s.uploads {
			all.uploads[n] = u.open && in.known[n]
		}
		return s, all
	case actBegin:
		s.uploads[in.upload].open = true
		return s, answer{}
	}
	return s.uploading(in)
}

// uploading is step for what needs an open upload.
func (s set) uploading(in *input) (set, answer) {
	u := &s.uploads[in.upload]
	if !u.open {
		if c := s.keys[in.key]; in.action == actComplete && c.upload == in.upload+1 {
			return s, answer{} // an answer that was lost is given again
		}
		return s, failed(backend.ErrNoUpload)
	}
	switch in.action {
	case actPart:
		u.parts[in.part] = in.value
	case actAbort:
		*u = upload{}
	case actComplete:
		for n, want := range in.parts {
			if want != 0 && u.parts[n] != want {
				return s, failed(backend.ErrInvalidPart)
			}
		}
		if in.absent && s.keys[in.key].value != 0 {
			return s, failed(backend.ErrPrecondition)
		}
		*u = upload{}
		s.keys[in.key] = cell{in.value, in.upload + 1}
	}
	return s, answer{}
}

// commit is a transaction. Of one that fails, any change may be the reason: a
// copy looks at its source before the others are sent.
func (s set) commit(changes []change) (set, answer) {
	after := s
	var errs []error
	var all answer
	for _, c := range changes {
		at := &after.keys[c.key]
		next := cell{value: c.value}
		switch c.kind {
		case copied:
			from := s.keys[c.from]
			switch {
			case from.value == 0:
				errs = append(errs, backend.ErrNotFound)
			case c.match != 0 && from.value != c.match:
				errs = append(errs, backend.ErrPrecondition)
			}
			if next = (cell{value: from.value}); c.key == c.from {
				next = from
			}
		default:
			switch {
			case c.match != 0 && at.value == 0:
				errs = append(errs, backend.ErrNotFound)
			case c.match != 0 && at.value != c.match:
				errs = append(errs, backend.ErrPrecondition)
			}
		}
		if c.absent && at.value != 0 {
			errs = append(errs, backend.ErrPrecondition)
		}
		*at = next
		all.values = append(all.values, next.value)
	}
	if len(errs) > 0 {
		return s, failed(errs...)
	}
	return after, all
}

// known returns the error of the closed list that err is, if it says that
// nothing happened, or nil.
func known(err error) error {
	for _, e := range []error{
		backend.ErrNoDataset, backend.ErrNotFound, backend.ErrNoUpload, backend.ErrExists,
		backend.ErrNotEmpty, backend.ErrPrecondition, backend.ErrInvalidPart,
	} {
		if errors.Is(err, e) {
			return e
		}
	}
	return nil
}
