package simulation

import (
	"context"

	"aetherfs/internal/upkeep"
)

var reads = []scene{
	{name: "get", play: func(s *stage) {
		s.one.read(s.a, one, small, false)
		s.one.read(s.a, one, large, false)
		s.one.read(s.a, one, free, false)
	}},
	{name: "get-range", play: func(s *stage) {
		s.one.readFrom(s.b, input{action: actGet, dataset: one, key: large}, bodyBytes/2)
	}},
	{name: "get-elsewhere", play: func(s *stage) {
		s.one.read(s.b, one, small, false)
		s.one.read(s.b, one, large, false)
	}},
	{name: "get-folded", prepare: furnishFolded, play: func(s *stage) {
		s.one.read(s.b, one, small, false)
		s.one.read(s.b, one, large, false)
	}},
	{name: "get-during-put", prepare: furnishKnown, play: func(s *stage) {
		both(func() { s.put(s.a, small, s.one.small()) }, func() { s.two.read(s.b, one, small, false) })
	}},
	{name: "list", play: func(s *stage) { s.one.list(s.b, one) }},
	{name: "list-folded", prepare: furnishFolded, play: func(s *stage) { s.one.list(s.b, one) }},
	{name: "list-during-writes", prepare: furnishKnown, play: func(s *stage) {
		both(func() {
			s.put(s.a, free, s.one.small())
			s.one.change(s.a, one, change{kind: remove, key: small})
		}, func() {
			s.two.list(s.b, one)
			s.two.list(s.b, one)
		})
	}},
	{name: "cache-lost", play: func(s *stage) {
		both(func() {
			s.put(s.a, free, s.one.large())
			s.put(s.a, spare, s.one.holds(one, large))
		}, func() {
			s.two.read(s.a, one, large, false)
			s.a.cache.Reset()
			s.two.read(s.a, one, small, false)
			s.two.list(s.a, one)
		})
	}},
	{name: "fsck", prepare: furnishFolded, play: func(s *stage) {
		if g := s.boot(s.newCache()); g != nil {
			s.check(g)
		}
	}},
}

// furnishFolded is furnish with a fold and something behind it.
func furnishFolded(s *stage) {
	furnish(s)
	s.fold(s.a, one)
	s.put(s.a, spare, s.one.small())
}

var uploadings = []scene{
	{name: "upload-begin", play: func(s *stage) { s.one.openUpload(s.a, one, free) }},
	{name: "upload-part-small", prepare: furnishUpload, play: func(s *stage) { s.part(s.a, 1, s.one.small()) }},
	{name: "upload-part-large", prepare: furnishUpload, play: func(s *stage) { s.part(s.a, 1, s.one.large()) }},
	{name: "upload-part-again", prepare: furnishUpload, play: func(s *stage) { s.part(s.a, 0, s.one.small()) }},
	{name: "upload-part-elsewhere", prepare: furnishUpload, play: func(s *stage) { s.part(s.b, 1, s.one.small()) }},
	{name: "upload-copy-part", prepare: furnishUpload, play: func(s *stage) {
		from := pathOf(one, large)
		data := s.one.w.values.content(s.one.seen[from]).data[1000:100_000]
		s.one.copyPiece(s.a, s.one.uploads[0], 0, from, 1000, data)
	}},
	{name: "upload-complete", prepare: furnishUpload, play: func(s *stage) { s.complete(s.a, false) }},
	{name: "upload-complete-again", prepare: furnishUpload, play: func(s *stage) {
		s.complete(s.a, false)
		s.complete(s.b, false)
	}},
	{name: "upload-complete-if-absent", prepare: furnishUpload, play: func(s *stage) { s.complete(s.b, true) }},
	{name: "upload-abort", prepare: furnishUpload, play: func(s *stage) { s.one.abort(s.a, s.one.uploads[0]) }},
	{name: "upload-abort-against-complete", prepare: furnishUpload, play: func(s *stage) {
		both(func() { s.complete(s.a, false) }, func() { s.two.abort(s.b, s.one.uploads[0]) })
	}},
	{name: "upload-list", prepare: furnishUpload, play: func(s *stage) { s.one.listUploads(s.b, one) }},
	{name: "upload-whole", play: func(s *stage) {
		s.one.openUpload(s.a, one, free)
		if len(s.one.uploads) > 0 && s.one.uploads[0].id != "" {
			s.part(s.b, 0, s.one.large())
			s.complete(s.a, true)
		}
	}},
	{name: "upload-across-fold", prepare: furnishUpload, play: func(s *stage) {
		s.fold(s.a, one)
		s.complete(s.b, false)
	}},
}

// furnishUpload is furnish with an upload that has a part.
func furnishUpload(s *stage) {
	furnish(s)
	s.one.openUpload(s.a, one, free)
	s.part(s.a, 0, s.one.small())
}

func (s *stage) part(g *gateway, n int, v value) { s.one.sendPart(g, s.one.uploads[0], n, v) }

func (s *stage) complete(g *gateway, absent bool) {
	u := s.one.uploads[0]
	if u.parts == [maxParts]value{} {
		return
	}
	in, list := s.one.completion(u)
	in.absent = absent
	s.one.completeOnce(g, in, u, list)
}

// check runs fsck while things go wrong: that is an error of the check, or of
// what could not be read, but no damage.
func (s *stage) check(g *gateway) {
	s.task(g, "fsck", func(ctx context.Context) error {
		return g.fsck(ctx, func(p upkeep.Problem) {
			if !s.excused(g, p.Err) {
				s.bad("fsck: %v", p)
			}
		})
	})
}
