package manifest

import (
	"encoding/binary"

	"github.com/klauspost/compress/zstd"
)

const (
	nodeMagic = "AEND\x01\x00" // with version and suite
	maxLevel  = 12             // 512^12 is more than there can be

	// A node ends when it has nodeCuts.bytes; what is put into it last is of a
	// transaction, which is at most 64 MiB.
	maxPlainBytes = 70 << 20

	// A node inside another expands to at most 64 times its stored bytes'
	// limit, so that decoding it takes memory in proportion.
	maxExpansion = 64

	plainCodec = 0
	zstdCodec  = 1
)

var (
	zstdEncoder = newZstdEncoder()
	zstdDecoder = newZstdDecoder()
)

// newZstdEncoder makes an encoder whose frames are single segments, since others
// do not tell a length below 256 bytes.
func newZstdEncoder() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderCRC(false), zstd.WithEncoderConcurrency(2),
		zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(1<<20), zstd.WithSingleSegment(true))
	if err != nil {
		panic(err) // the options are constant
	}
	e.EncodeAll([]byte{0}, nil) // it makes its channel at the first use
	return e
}

func newZstdDecoder() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxPlainBytes))
	if err != nil {
		panic(err) // the options are constant
	}
	return d
}

// encodeNode returns the bytes of a node of so many elements. elements holds
// them, and the blocks that they name.
func encodeNode(kind, level byte, epoch uint64, count int, elements *encoder) (b []byte, plain int) {
	body := encoder{b: make([]byte, 0, len(elements.b)+40*len(elements.blocks)+16), blocks: elements.blocks}
	body.table()
	body.uint(uint64(count))
	body.raw(elements.b)
	head := encoder{b: make([]byte, 0, 32+len(body.b)/2)}
	head.raw([]byte(nodeMagic))
	head.b = binary.BigEndian.AppendUint64(head.b, epoch)
	head.byte(kind)
	head.byte(level)
	packed := zstdEncoder.EncodeAll(body.b, nil)
	if len(packed) < len(body.b) {
		head.byte(zstdCodec)
	} else {
		head.byte(plainCodec)
		packed = body.b
	}
	head.uint(uint64(len(body.b)))
	head.raw(packed)
	return head.b, len(body.b)
}

// decodeNode is the inverse of encodeNode. limit bounds the plain bytes.
func decodeNode(b []byte, limit int) (*Node, error) {
	d := &decoder{b: b}
	if string(d.raw(len(nodeMagic))) != nodeMagic {
		d.fail("magic, version or suite")
	}
	n := &Node{epoch: d.uint64(), kind: d.byte(), level: d.byte()}
	codec, plain := d.byte(), d.uint()
	if d.err == nil && plain > uint64(limit) {
		d.fail("body of %d bytes, the most is %d", plain, limit)
	}
	if d.err == nil {
		d.b = unpack(d, codec, int(plain))
	}
	d.strict = true
	n.decode(d)
	if err := d.end(); err != nil {
		return nil, err
	}
	return n, nil
}

func unpack(d *decoder, codec byte, plain int) []byte {
	switch {
	case codec == plainCodec && plain == len(d.b):
		return d.b
	case codec != zstdCodec || plain <= len(d.b):
		d.fail("codec %d, %d bytes for %d", codec, len(d.b), plain)
		return nil
	}
	var h zstd.Header
	if err := h.Decode(d.b); err != nil || !h.HasFCS || h.FrameContentSize != uint64(plain) || h.Skippable {
		d.fail("zstd frame is not of %d bytes", plain)
		return nil
	}
	body, err := zstdDecoder.DecodeAll(d.b, make([]byte, 0, plain))
	if err != nil || len(body) != plain {
		d.fail("zstd: %d bytes for %d, %v", len(body), plain, err)
		return nil
	}
	return body
}

// decode takes the body of a node off d, and checks every value in it.
func (n *Node) decode(d *decoder) {
	check := checker(n.kind)
	if check == nil || n.level > maxLevel || n.level > 0 && (n.kind == kindRoot || n.kind == kindDetail) {
		d.fail("node of kind %d at level %d", n.kind, n.level)
		return
	}
	plain := len(d.b)
	d.table()
	n.blocks = d.blocks
	count := d.count(3)
	if count == 0 || count > nodeCuts.most {
		d.fail("node of %d elements", count)
		return
	}
	var keys keyring
	for range count {
		key := keys.next(d)
		if n.level > 0 {
			n.addChild(d)
			continue
		}
		n.count++
		v := d.raw(d.count(1))
		n.values = append(n.values, v)
		in := decoder{b: v, blocks: d.blocks, strict: true, used: d.used}
		check(&in, key)
		if err := in.end(); err != nil && d.err == nil {
			d.err = err
		}
		d.used = in.used
		n.refs, n.below = append(n.refs, in.refs...), append(n.below, in.below...)
	}
	if d.err == nil && d.used != len(d.blocks) {
		d.fail("%d blocks in the table, %d named", len(d.blocks), d.used)
	}
	n.keys = keys.strings()
	n.weight = 256 + plain + len(keys.all) + 40*count + 64*len(n.children) + 160*len(d.blocks) + d.weight
}

func (n *Node) addChild(d *decoder) {
	c := child{d.nodeRef(n.kind, maxInlineBytes), d.uint()}
	n.children = append(n.children, c)
	n.count += c.count
	switch {
	case d.err != nil:
	case c.isZero() || c.count == 0:
		d.fail("child without a node")
	case c.node != nil && c.node.level+1 != n.level:
		d.fail("child of level %d at level %d", c.node.level, n.level)
	}
	n.refs, n.below = d.refs, d.below
}

// keyring takes keys that were cut by what they share with the one before.
type keyring struct {
	all  []byte
	ends []int
	last []byte
}

func (k *keyring) next(d *decoder) string {
	shared, rest := d.uint(), d.raw(d.count(1))
	if d.err != nil {
		return ""
	}
	if shared > uint64(len(k.last)) {
		d.fail("key shares %d bytes of %d", shared, len(k.last))
		return ""
	}
	old := k.last[shared:]
	if len(k.ends) > 0 && (len(rest) == 0 || len(old) > 0 && rest[0] <= old[0]) {
		d.fail("key does not follow %q, or shares more with it", k.last)
		return ""
	}
	k.last = append(k.last[:shared], rest...)
	k.all = append(k.all, k.last...)
	k.ends = append(k.ends, len(k.all))
	return string(k.last)
}

// strings returns the keys. They share memory, apart from the node's bytes.
func (k *keyring) strings() []string {
	all, keys, begin := string(k.all), make([]string, len(k.ends)), 0
	for i, end := range k.ends {
		keys[i], begin = all[begin:end], end
	}
	return keys
}

// nodeRef takes a ref to a node of a kind; one that is here has at most limit
// bytes.
func (d *decoder) nodeRef(kind byte, limit int) ref {
	b := d.bytes()
	switch len(b) {
	case 0:
		return ref{}
	case len(Digest{}):
		d.refs = append(d.refs, Digest(b))
		return ref{name: Digest(b)}
	}
	if len(b) > limit {
		d.fail("node of %d bytes inside another", len(b))
		return ref{}
	}
	n, err := decodeNode(b, limit*maxExpansion)
	if err == nil && n.kind != kind {
		d.fail("node of kind %d where %d should be", n.kind, kind)
	}
	if err != nil {
		if d.err == nil {
			d.err = err
		}
		return ref{}
	}
	d.refs = append(d.refs, n.refs...)
	d.below = append(append(d.below, n.blocks...), n.below...)
	d.weight += n.weight + len(b)
	return ref{raw: b, node: n}
}
