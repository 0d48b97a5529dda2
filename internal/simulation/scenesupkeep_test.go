package simulation

import (
	"context"
	"time"

	"aetherfs/catalog"
)

var folds = []scene{
	{name: "fold", play: func(s *stage) { s.fold(s.a, one) }},
	{name: "fold-elsewhere", play: func(s *stage) { s.fold(s.b, one) }},
	{name: "fold-again", prepare: furnishFolded, play: func(s *stage) { s.fold(s.a, one) }},
	{name: "fold-race", prepare: furnishKnown, play: func(s *stage) {
		both(func() { s.fold(s.a, one) }, func() { s.fold(s.b, one) })
	}},
	{name: "fold-hub", prepare: furnishBoth, play: func(s *stage) { s.foldHub(s.a) }},
	{name: "fold-during-put", prepare: furnishKnown, play: func(s *stage) {
		both(func() { s.fold(s.a, one) }, func() {
			s.put(s.b, free, s.one.small())
			s.put(s.b, small, s.one.large())
		})
	}},
	{name: "fold-during-copy", prepare: furnishBoth, play: func(s *stage) {
		both(func() { s.fold(s.a, one) }, func() {
			s.one.change(s.b, one, change{kind: copied, key: free, from: small})
			s.copyFar(s.b, small)
		})
	}},
	{name: "fold-during-get", prepare: furnishKnown, play: func(s *stage) {
		both(func() { s.fold(s.a, one) }, func() {
			s.one.read(s.b, one, small, false)
			s.one.read(s.b, one, large, false)
		})
	}},
	{name: "put-after-fold", prepare: furnishFolded, play: func(s *stage) {
		s.put(s.a, free, s.one.holds(one, small)) // whose bytes have moved
		s.put(s.b, small, s.one.small())
	}},
	{name: "retire", prepare: furnishAged, play: func(s *stage) { s.retire(s.a) }},
	{name: "retire-race", prepare: furnishAged, play: func(s *stage) {
		both(func() { s.retire(s.a) }, func() { s.retire(s.b) })
	}},
	{name: "retire-during-get", prepare: furnishAged, play: func(s *stage) {
		both(func() { s.retire(s.a) }, func() {
			s.one.read(s.b, one, small, false)
			s.put(s.b, free, s.one.small())
		})
	}},
	{name: "read-behind-fences", prepare: func(s *stage) {
		furnishAged(s)
		s.retire(s.a)
	}, play: func(s *stage) {
		s.one.read(s.b, one, small, false)
		s.put(s.b, free, s.one.small())
	}},
	{name: "remove-fences", prepare: func(s *stage) {
		furnishAged(s)
		s.retire(s.a)
		time.Sleep(31 * 24 * time.Hour)
	}, play: func(s *stage) { s.retire(s.a) }},
	{name: "upkeep", prepare: func(s *stage) {
		furnishBoth(s)
		for key := range keys {
			s.put(s.a, key, s.one.small())
		}
	}, play: func(s *stage) {
		s.task(s.a, "upkeep", func(ctx context.Context) error {
			s.a.keeper.FoldDue(ctx)
			s.a.keeper.Retire(ctx)
			return nil
		})
	}},
}

// furnishAged is a dataset whose log is folded on one gateway, while the other
// still knows it as it was, and whose checkpoint has stood for long enough.
func furnishAged(s *stage) {
	furnishKnown(s)
	s.fold(s.a, one)
	s.foldHub(s.a)
	s.put(s.a, spare, s.one.small())
	time.Sleep(2 * time.Hour)
}

var starts = []scene{
	{name: "start-empty", play: func(s *stage) { s.readAll(s.boot(s.newCache())) }},
	{name: "start-folded", prepare: furnishFolded, play: func(s *stage) { s.readAll(s.boot(s.newCache())) }},
	{name: "start-retired", prepare: func(s *stage) {
		furnishAged(s)
		s.retire(s.a)
	}, play: func(s *stage) { s.readAll(s.boot(s.newCache())) }},
	{name: "restart", prepare: furnishFolded, play: func(s *stage) {
		g := s.take(0)
		s.shut(g)
		s.readAll(s.boot(g.cache))
	}},
	{name: "restart-crashed", prepare: func(s *stage) {
		furnish(s)
		both(func() { s.put(s.a, large, s.one.large()) }, func() {
			time.Sleep(3 * latency)
			s.take(0).crash()
		})
	}, play: func(s *stage) { s.readAll(s.boot(s.a.cache)) }},
	{name: "start-during-writes", prepare: furnishFolded, play: func(s *stage) {
		both(func() { s.put(s.a, free, s.one.small()) }, func() {
			if g := s.boot(s.newCache()); g != nil {
				s.two.list(g, one)
			}
		})
	}},
	{name: "make-repository", prepare: func(*stage) {}, play: func(s *stage) {
		both(func() { s.describe(s.a) }, func() { s.describe(s.b) })
	}, check: func(s *stage) {
		s.weather.name = fair
		s.describe(s.serving()[0])
		for _, id := range s.ids {
			if id != s.ids[0] {
				s.bad("repositories %q in one store", s.ids)
			}
		}
	}},
}

// readAll has the first client read through a gateway that may not have started.
func (s *stage) readAll(g *gateway) {
	if g == nil {
		return
	}
	s.one.list(g, one)
	s.one.read(g, one, small, false)
	s.one.read(g, one, large, false)
}

// describe opens the repository on the floor below the catalog.
func (s *stage) describe(g *gateway) {
	s.task(g, "open the repository", func(ctx context.Context) error {
		r, err := catalog.OpenRepository(ctx, g.store, s.dice.bytes("repository of", g.name), catalog.Chunker{Algorithm: "fastcdc", Average: chunkBytes})
		if err == nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.ids = append(s.ids, r.ID)
		}
		return err
	})
}

var hubs = []scene{
	{name: "dataset-create", play: func(s *stage) { s.one.createDataset(s.a, two) }},
	{name: "dataset-create-race", play: func(s *stage) {
		both(func() { s.one.createDataset(s.a, two) }, func() { s.two.createDataset(s.b, two) })
	}},
	{name: "dataset-delete", prepare: furnishBoth, play: func(s *stage) { s.one.dropDataset(s.a, two) }},
	{name: "dataset-delete-elsewhere", prepare: furnishBoth, play: func(s *stage) { s.one.dropDataset(s.b, two) }},
	{name: "dataset-delete-refused", play: func(s *stage) { s.one.dropDataset(s.a, one) }},
	{name: "dataset-delete-race", prepare: furnishBoth, play: func(s *stage) {
		both(func() { s.one.dropDataset(s.a, two) }, func() { s.two.dropDataset(s.b, two) })
	}},
	{name: "dataset-delete-against-put", prepare: func(s *stage) {
		furnishBoth(s)
		s.one.list(s.b, two)
	}, play: func(s *stage) {
		both(func() { s.one.dropDataset(s.a, two) },
			func() { s.two.change(s.b, two, change{kind: put, key: free, value: s.two.small()}) })
	}},
	{name: "dataset-delete-uploads", prepare: func(s *stage) {
		furnishBoth(s)
		s.one.openUpload(s.a, two, free)
	}, play: func(s *stage) { s.one.dropDataset(s.a, two) }},
	{name: "dataset-remake", prepare: furnishBoth, play: func(s *stage) {
		s.one.dropDataset(s.a, two)
		s.one.createDataset(s.a, two)
		s.one.change(s.b, two, change{kind: put, key: free, value: s.one.small()})
	}},
	{name: "dataset-remake-known", prepare: func(s *stage) {
		furnishBoth(s)
		s.one.list(s.b, two)
	}, play: func(s *stage) {
		s.one.dropDataset(s.a, two)
		s.one.createDataset(s.a, two)
		s.one.look(s.b, two)
		s.one.list(s.b, two)
	}},
	{name: "key-create", play: func(s *stage) { s.setKey(s.a, "key", true) }, check: (*stage).checkKeys},
	{name: "key-delete", prepare: func(s *stage) { s.setKey(s.a, "key", true) },
		play: func(s *stage) { s.setKey(s.b, "key", false) }, check: (*stage).checkKeys},
}
