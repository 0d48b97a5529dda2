package backend

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"aetherfs/internal/manifest"
)

// ReadDir implements View.
func (b *Backend) ReadDir(ctx context.Context, name, after string) iter.Seq2[Node, error] {
	return func(yield func(Node, error) bool) {
		name, err := CleanName(name)
		if err != nil {
			yield(Node{}, fmt.Errorf("%w: %w", ErrNotFound, err))
			return
		}
		if name == "" {
			b.readRoot(ctx, after, yield)
			return
		}
		dataset, key := SplitName(name)
		d, s, err := b.read(ctx, dataset)
		if err != nil {
			yield(Node{}, err)
			return
		}
		l := dirLister{b: b, ctx: ctx, s: s, dataset: dataset, yield: yield, blank: Node{Dir: true, Changed: changed(d.Created, s.N())}}
		if key != "" {
			l.prefix = key + "/"
		}
		l.list(after)
	}
}

// readRoot yields the datasets; none of them is opened for it. They come by
// mark, not by name: "a-b/" is before "a/".
func (b *Backend) readRoot(ctx context.Context, after string, yield func(Node, error) bool) {
	var nodes []Node
	for d, err := range b.Datasets(ctx) {
		if err != nil {
			yield(Node{}, err)
			return
		}
		if n := (Node{Name: d.Name, Dir: true, Changed: d.Created}); n.Mark() > after {
			nodes = append(nodes, n)
		}
	}
	slices.SortFunc(nodes, func(a, b Node) int { return strings.Compare(a.Mark(), b.Mark()) })
	for _, n := range nodes {
		if !yield(n, nil) {
			return
		}
	}
}

// dirLister lists a directory of a dataset, from one state of it.
type dirLister struct {
	b       *Backend
	ctx     context.Context // of the listing
	s       *manifest.State
	dataset string
	prefix  string // of the keys in the directory: "" or with '/' at its end
	blank   Node   // a directory of the dataset, but for its name
	yield   func(Node, error) bool
}

func (l *dirLister) list(after string) {
	q := Query{Prefix: l.prefix, Delimiter: "/"}
	if after != "" {
		q.After = l.prefix + after
	}
	var held *Node // a file that may turn out to be a directory's name as well
	for x, err := range l.b.list(l.ctx, l.s, l.dataset, q) {
		if err != nil {
			l.yield(Node{}, err)
			return
		}
		key := x.key()
		if held != nil && !l.release(held, key) {
			return
		}
		held = nil
		if key == l.prefix || !Shown(key) {
			continue
		}
		n := l.node(x)
		if !n.Dir {
			held = &n
		} else if !l.yield(n, nil) {
			return
		}
	}
	if held != nil {
		l.release(held, "")
	}
}

// key is what a listing's Info is sorted by.
func (i Info) key() string {
	if i.Prefix != "" {
		return i.Prefix
	}
	return i.Path.Key()
}

func (l *dirLister) node(x Info) Node {
	if x.Prefix == "" {
		return Node{Name: x.Path.String(), Info: x}
	}
	n := l.blank
	n.Name = l.dataset + "/" + strings.TrimSuffix(x.Prefix, "/")
	return n
}

// release yields a file unless a directory has its name, and reports whether to
// go on. next is the key that follows in the listing, "" at its end. Only what
// sorts between the two, as "a.b" does between "a" and "a/", leaves it open.
func (l *dirLister) release(n *Node, next string) bool {
	dir := n.Info.Path.Key() + "/"
	isDir := next == dir
	if next != "" && next < dir {
		probe := Node{Name: n.Name, Dir: true}
		err := l.b.below(l.ctx, l.s, &probe, l.dataset, strings.TrimSuffix(dir, "/"))
		if err != nil {
			l.yield(Node{}, explain(err))
			return false
		}
		isDir = probe.Dir
	}
	return isDir || l.yield(*n, nil)
}
