package nfs

import (
	"context"
	"strings"

	"aetherfs/backend"
)

// passBatch is how many names a pass hands over at once.
const passBatch = 1 << 10

// pass goes once through a tag and remembers the names of all that it holds.
type pass struct {
	*finder
	dataset string
	want    handle // its tag is gone through

	found string // the name behind want, "" if there is none
	lost  bool   // names were not kept: the cache has no room
}

func (p *pass) run(ctx context.Context) error {
	for n, err := range p.tree.ReadDir(ctx, p.dataset, "") {
		if err != nil {
			return err
		}
		if short(n.Base()) == p.want.tag {
			p.keep([]string{n.Name})
			err := p.below(ctx, n.Base())
			p.check(n.Name) // the cache may have been emptied meanwhile
			return err
		}
	}
	return nil
}

func (p *pass) below(ctx context.Context, tag string) error {
	batch := make([]string, 0, passBatch)
	last := tag + "/"
	for x, err := range p.tree.List(ctx, p.dataset, backend.Query{Prefix: last}) {
		if err != nil {
			return err
		}
		key := x.Path.Key()
		if !backend.Shown(key) {
			continue
		}
		if len(batch)+strings.Count(key, "/") >= cap(batch) {
			p.keep(batch)
			batch = batch[:0]
		}
		batch = appendNames(batch, p.dataset, key, shared(last, key))
		last = key
	}
	p.keep(batch)
	return nil
}

// keep remembers names, and looks whether they are kept.
func (p *pass) keep(names []string) {
	if len(names) == 0 {
		return
	}
	all := make([]Named, len(names))
	for i, name := range names {
		all[i] = Named{HashOf(name), name}
		if all[i].Hash == p.want.path {
			p.found = name
		}
		p.recent.put(all[i].Hash, name)
	}
	p.names.Remember(all)
	p.check(names[len(names)-1])
}

func (p *pass) check(name string) {
	if _, ok := p.names.Name(HashOf(name)); !ok {
		p.lost = true
	}
}

// shared is how many bytes two keys have in common at their beginning.
func shared(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// appendNames appends the name of a key, and those of the directories above it
// whose '/' is not within its first known bytes.
func appendNames(names []string, dataset, key string, known int) []string {
	for i := known; i < len(key); i++ {
		if key[i] == '/' {
			names = append(names, dataset+"/"+key[:i])
		}
	}
	if strings.HasSuffix(key, "/") {
		return names
	}
	return append(names, dataset+"/"+key)
}
