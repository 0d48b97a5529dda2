package manifest

import (
	"context"
	"iter"
	"sync"
)

// maxReadAhead bounds the leaves that a scan reads before it needs them: with
// four, a million keys over a store that takes 50 ms are listed in three seconds.
const maxReadAhead = 4

// leaves yields the leaves of t in order, beginning with the one that holds
// from, if any does. An error is the last that it yields. When it returns
// nothing of it runs any more.
func (t *tree[V]) leaves(ctx context.Context, nodes Nodes, from string) iter.Seq2[*Node, error] {
	return func(yield func(*Node, error) bool) {
		r := newReader(ctx, nodes)
		defer r.close()
		top, err := t.open(ctx, nodes)
		if err != nil {
			yield(nil, err)
			return
		}
		w := walk{r: r, yield: yield}
		w.below(top, from)
	}
}

// walk goes through the leaves of a tree.
type walk struct {
	r     *reader
	seen  int // leaves
	yield func(*Node, error) bool
}

// ahead is how many leaves are read beyond the next. Whoever reads one or two
// is looking for a key.
func (w *walk) ahead() int { return min(max(2*w.seen-2, 0), maxReadAhead) }

// below yields the leaves below n from the one that holds from on.
func (w *walk) below(n *Node, from string) bool {
	if n.level == 0 {
		w.seen++
		return w.yield(n, nil)
	}
	var coming []*promise // of the children from i on
	for i := n.under(from); i < len(n.children); i++ {
		for next := i + len(coming); len(coming) == 0 || n.level == 1 && len(coming) <= w.ahead() && next < len(n.children); next++ {
			coming = append(coming, w.r.open(n, next))
		}
		c, err := coming[0].wait()
		coming = coming[1:]
		if err != nil {
			w.yield(nil, err)
			return false
		}
		if !w.below(c, from) {
			return false
		}
		from = ""
	}
	return true
}

// reader opens nodes concurrently. close ends and waits for what it has begun.
type reader struct {
	ctx   context.Context // bound to the scan that the reader is for
	end   context.CancelFunc
	nodes Nodes
	all   sync.WaitGroup
}

func newReader(ctx context.Context, nodes Nodes) *reader {
	r := &reader{nodes: nodes}
	r.ctx, r.end = context.WithCancel(ctx)
	return r
}

func (r *reader) close() {
	r.end()
	r.all.Wait()
}

// promise is a node that is being read.
type promise struct {
	done chan struct{}
	n    *Node // set when done is closed, as is err
	err  error
}

func (p *promise) wait() (*Node, error) {
	<-p.done
	return p.n, p.err
}

// open begins to read child i of n.
func (r *reader) open(n *Node, i int) *promise {
	p := &promise{done: make(chan struct{})}
	r.all.Go(func() {
		defer close(p.done)
		p.n, p.err = n.open(r.ctx, r.nodes, i)
	})
	return p
}
