package simulation

import (
	"fmt"
	"slices"
)

// scenes are all that the sweep plays.
var scenes = slices.Concat(puts, copies, removals, uploadings, reads, folds, starts, hubs)

// Keys of a furnished dataset, in the order of keys.
const (
	small = iota // holds less than rides in a segment
	large        // holds more
	free         // holds nothing
	spare        // nor does this
)

// The dataset of most scenes, and another.
const one, two = "one", "two"

// furnish makes what most scenes begin with.
func furnish(s *stage) {
	s.one.createDataset(s.a, one)
	s.put(s.a, small, s.one.small())
	s.put(s.a, large, s.one.large())
}

// furnishBoth is furnish with another dataset.
func furnishBoth(s *stage) {
	furnish(s)
	s.one.createDataset(s.a, two)
}

// furnishKnown is furnish with all gateways in the know.
func furnishKnown(s *stage) {
	furnish(s)
	s.one.list(s.b, one)
}

// small makes a content that is embedded in its segment.
func (c *client) small() value {
	c.serial++
	return c.say(fmt.Sprintf("small content %d of client %d. ", c.serial, c.id), 2<<10)
}

// large makes one that goes into a block: all of it is new.
func (c *client) large() value {
	c.serial++
	return c.say(fmt.Sprintf("large content %d of client %d. ", c.serial, c.id), bodyBytes)
}

func (c *client) say(title string, bytes int) value {
	data := append([]byte(title), body((c.serial + 3*c.id) % bodies)[:bytes]...)
	return c.w.values.add(md5Of(data), data)
}

// holds is the value that the client has seen last at a key.
func (c *client) holds(dataset string, key int) value { return c.seen[pathOf(dataset, key)] }

func (s *stage) put(g *gateway, key int, v value) {
	s.one.change(g, one, change{kind: put, key: key, value: v})
}

var puts = []scene{
	{name: "put-small", play: func(s *stage) { s.put(s.a, free, s.one.small()) }},
	{name: "put-large", play: func(s *stage) { s.put(s.a, free, s.one.large()) }},
	{name: "overwrite-small", play: func(s *stage) { s.put(s.a, large, s.one.small()) }},
	{name: "overwrite-large", play: func(s *stage) { s.put(s.a, large, s.one.large()) }},
	{name: "put-thrice", play: func(s *stage) {
		for range 3 {
			s.put(s.a, free, s.one.small())
		}
	}},
	{name: "put-if-absent", play: func(s *stage) {
		s.one.change(s.a, one, change{kind: put, key: free, value: s.one.small(), absent: true})
	}},
	{name: "put-if-absent-refused", play: func(s *stage) {
		s.one.change(s.a, one, change{kind: put, key: small, value: s.one.large(), absent: true})
	}},
	{name: "put-if-absent-race", play: func(s *stage) {
		both(func() { s.one.change(s.a, one, change{kind: put, key: free, value: s.one.small(), absent: true}) },
			func() { s.two.change(s.b, one, change{kind: put, key: free, value: s.two.small(), absent: true}) })
	}},
	{name: "put-if-match", play: func(s *stage) {
		s.one.change(s.a, one, change{kind: put, key: small, value: s.one.small(), match: s.one.holds(one, small)})
	}},
	{name: "put-if-match-refused", prepare: furnishKnown, play: func(s *stage) {
		old := s.one.holds(one, small)
		s.put(s.b, small, s.one.small())
		s.one.change(s.a, one, change{kind: put, key: small, value: s.one.small(), match: old})
	}},
	{name: "put-same-bytes", play: func(s *stage) {
		s.put(s.a, free, s.one.holds(one, large))
		s.put(s.a, spare, s.one.holds(one, small))
	}},
	{name: "put-same-bytes-elsewhere", play: func(s *stage) {
		s.put(s.b, free, s.one.holds(one, large))
		s.put(s.b, spare, s.one.holds(one, small))
	}},
	{name: "put-beside", prepare: furnishKnown, play: func(s *stage) {
		both(func() { s.put(s.a, free, s.one.small()) },
			func() { s.two.change(s.b, one, change{kind: put, key: spare, value: s.two.large()}) })
	}},
	{name: "transaction", play: func(s *stage) {
		s.one.change(s.a, one, change{kind: put, key: small, value: s.one.large()}, change{kind: remove, key: large},
			change{kind: put, key: free, value: s.one.small(), absent: true})
	}},
}

var copies = []scene{
	{name: "copy-small", play: func(s *stage) { s.one.change(s.a, one, change{kind: copied, key: free, from: small}) }},
	{name: "copy-large", play: func(s *stage) {
		s.one.change(s.a, one, change{kind: copied, key: small, from: large, match: s.one.holds(one, large)})
	}},
	{name: "copy-elsewhere", play: func(s *stage) { s.one.change(s.b, one, change{kind: copied, key: free, from: small}) }},
	{name: "copy-far-small", prepare: furnishBoth, play: func(s *stage) { s.copyFar(s.a, small) }},
	{name: "copy-far-large", prepare: furnishBoth, play: func(s *stage) { s.copyFar(s.a, large) }},
	{name: "copy-far-elsewhere", prepare: furnishBoth, play: func(s *stage) {
		s.copyFar(s.b, small)
		s.copyFar(s.b, large)
	}},
	{name: "rename", play: func(s *stage) { s.one.change(s.a, one, renaming(large, free)...) }},
	{name: "rename-race", prepare: furnishKnown, play: func(s *stage) {
		both(func() { s.one.change(s.a, one, renaming(small, free)...) },
			func() { s.two.change(s.b, one, renaming(small, spare)...) })
	}},
}

// copyFar copies to the same key of the other dataset.
func (s *stage) copyFar(g *gateway, key int) {
	s.one.copyFrom(g, pathOf(one, key), two, change{kind: put, key: key, value: s.one.holds(one, key)})
}

var removals = []scene{
	{name: "delete", play: func(s *stage) { s.one.change(s.a, one, change{kind: remove, key: large}) }},
	{name: "delete-absent", play: func(s *stage) { s.one.change(s.a, one, change{kind: remove, key: free}) }},
	{name: "delete-if-match", play: func(s *stage) {
		s.one.change(s.b, one, change{kind: remove, key: small, match: s.one.holds(one, small)})
	}},
	{name: "delete-batch", play: func(s *stage) { s.one.change(s.a, one, emptying()...) }},
	{name: "delete-against-put", prepare: furnishKnown, play: func(s *stage) {
		both(func() { s.one.change(s.a, one, change{kind: remove, key: small}) },
			func() { s.two.change(s.b, one, change{kind: put, key: small, value: s.two.small()}) })
	}},
}
