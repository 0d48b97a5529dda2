package manifest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"
)

// realistic returns entry i of a tag as a release of software or data has them:
// names in folders, random ids and MD5s, files of some KiB one behind the other
// in blocks of 16 MiB.
func realistic(i int) *Entry {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
	size := int64(binary.BigEndian.Uint32(sum[:])%60_000) + 1
	block := &Block{Name: sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i/500))), Size: 16 << 20, Trailer: 25_000}
	at := uint32(i % 500)
	return &Entry{
		Name: fmt.Sprintf("usr/lib/module-%03d/part_%06d.dat", i/100, i), ID: ID(sum[:16]), Size: size,
		Modified: 1_760_000_000_000 + int64(i)*7, ETag: hex.EncodeToString(sum[16:]), Added: size / 3,
		Attr:   Attr{ContentType: "application/octet-stream", Meta: []KV{{"mtime", fmt.Sprint(1_700_000_000 + i/10)}}},
		Recipe: Recipe{{Block: block, First: at, Count: 1, Len: size, Off: int64(at) * 21_000, Stored: size / 3}},
	}
}

// filled returns a folded state of n files in one tag.
func filled(t fataler, m *memory, n int) *State {
	s := NewState(id(1), 0, m)
	p := &replay{s: s, owner: new(owner)}
	for i := range n {
		_, err := p.replace(t.Context(), "v1", nil, realistic(i))
		must(t, 0, err)
	}
	s.n = 1
	root, err := s.Tree(t.Context(), digest(1), moved, m.write)
	must(t, root, err)
	s, err = Load(t.Context(), m, Fold{Slot: 2, Base: 1, Root: root})
	return must(t, s, err)
}

// TestFewNodes: one file put into a tag of 200,000, folded, reads and writes its
// leaf, perhaps the next, and the nodes above them; a lookup reads one path.
func TestFewNodes(t *testing.T) {
	m := newMemory()
	s := filled(t, m, 200_000)
	all, before := len(m.nodes), m.reads
	if got := entry(t, s, "v1", realistic(77_777).Name); got == nil || got.ID != realistic(77_777).ID {
		t.Errorf("an entry is %+v", got)
	}
	if n := m.reads - before; n > 2 {
		t.Errorf("%d nodes read for one entry", n)
	}
	p := &replay{s: s, owner: new(owner)}
	x := realistic(123_456)
	x.Name += "-new"
	_, err := p.replace(t.Context(), "v1", nil, x)
	must(t, 0, err)
	s.n++
	before = m.reads
	_, err = s.Tree(t.Context(), digest(2), moved, m.write)
	must(t, 0, err)
	if wrote, read := len(m.nodes)-all, m.reads-before; wrote > 4 || read > 3 {
		t.Errorf("%d of %d nodes written, %d read, for one file", wrote, all, read)
	}
}

// slow is a store of nodes that takes a time for each.
type slow struct {
	*memory
	mu      sync.Mutex
	running int
	most    int
}

func (s *slow) Node(ctx context.Context, name Digest) (*Node, error) {
	s.mu.Lock()
	s.running++
	s.most = max(s.most, s.running)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.running--
	}()
	time.Sleep(time.Millisecond)
	return s.memory.Node(ctx, name)
}

// TestReadAhead: a scan reads a few leaves at a time, no more than it may, none
// twice, and stops reading when it is left; replay reads each leaf that it needs
// once, many at a time.
func TestReadAhead(t *testing.T) {
	m := &slow{memory: newMemory()}
	s := filled(t, m.memory, 100_000)
	s.nodes = m
	files, highest := 0, uint64(0)
	var usage runtime.MemStats
	for e, err := range s.Keys(t.Context(), "") {
		must(t, e, err)
		if files++; files%20_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&usage)
			highest = max(highest, usage.HeapAlloc)
		}
	}
	if files != 100_000 || m.most < 3 || m.most > maxReadAhead+1 {
		t.Errorf("%d files, up to %d reads at a time", files, m.most)
	}
	for name, n := range m.names {
		if n > 2 { // the path to the root tag and to this one
			t.Errorf("node %s was read %d times", name, n)
		}
	}
	for e, err := range s.Keys(t.Context(), "v1/usr") {
		must(t, e, err)
		break
	}
	if m.running > 0 {
		t.Errorf("%d reads go on", m.running)
	}
	t.Logf("heap up to %d MiB, %d of it nodes in the store", highest>>20, m.size()>>20)
	m.most, m.names = 0, map[Digest]int{}
	seg := &Segment{N: 2}
	for i := range 3000 {
		seg.Txs = append(seg.Txs, &Tx{Records: []Record{&Delete{Tag: "v1", Name: realistic(i * 33).Name}}})
	}
	if next, _ := apply(t, s, seg); next.Files() != 97_000 || m.most < 8 || m.most > maxFetches {
		t.Errorf("%d files left, up to %d reads at a time", next.Files(), m.most)
	}
	for name, n := range m.names {
		if n > 2 {
			t.Errorf("node %s was read %d times", name, n)
		}
	}
}

func (m *memory) size() (n int) {
	for _, b := range m.nodes {
		n += len(b)
	}
	return n
}

func BenchmarkDecodeLeaf(b *testing.B) {
	m := newMemory()
	filled(b, m, 100_000)
	var leaf []byte
	var name Digest
	total, entries := 0, 0
	for k, v := range m.nodes {
		n, err := DecodeNode(k, v)
		must(b, n, err)
		if n.kind == kindEntries && n.level == 0 {
			if len(v) > len(leaf) && len(n.keys) < 5000 {
				leaf, name = v, k
			}
			total += len(v)
			entries += len(n.keys)
		}
	}
	n, err := DecodeNode(name, leaf)
	must(b, n, err)
	for b.Loop() {
		_, _ = DecodeNode(name, leaf)
	}
	b.ReportMetric(float64(total)/float64(entries), "stored-bytes/entry")
	b.ReportMetric(float64(n.Weight())/float64(len(n.keys)), "weight/entry")
	b.ReportMetric(float64(len(n.keys)), "entries")
}

func BenchmarkEncode(b *testing.B) {
	m := newMemory()
	for b.Loop() {
		filled(b, m, 20_000)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20_000, "ns/entry")
}
