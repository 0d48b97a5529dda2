package manifest

import (
	"encoding/binary"
	"strings"
)

// form says how the values of a Map lie in nodes. Their keys lie before them.
type form[V any] struct {
	kind   byte
	encode func(*encoder, V)
	decode func(d *decoder, key string) V // keeps nothing of key
}

var (
	tagForm      = &form[*tag]{kindTags, (*encoder).tag, (*decoder).tag}
	entryForm    = &form[*Entry]{kindEntries, (*encoder).entry, (*decoder).entry}
	uploadForm   = &form[*OpenUpload]{kindUploads, (*encoder).openUpload, (*decoder).openUpload}
	partForm     = &form[*uploadPart]{kindParts, (*encoder).uploadPart, (*decoder).uploadPart}
	detailForm   = &form[*detail]{kindDetail, (*encoder).detail, (*decoder).detail}
	rootForm     = &form[*root]{kindRoot, (*encoder).root, (*decoder).root}
	datasetForm  = &form[*Dataset]{kindDatasets, (*encoder).dataset, (*decoder).dataset}
	keyForm      = &form[*Key]{kindKeys, (*encoder).key, (*decoder).key}
	settingsForm = &form[*Settings]{kindSettings, (*encoder).settings, (*decoder).settings}
)

// checker returns what decodes a value in a leaf of a kind, or nil.
func checker(kind byte) func(d *decoder, key string) {
	switch kind {
	case kindRoot:
		return func(d *decoder, key string) { d.root(key) }
	case kindTags:
		return func(d *decoder, key string) { d.tag(key) }
	case kindEntries:
		return func(d *decoder, key string) { d.entry(key) }
	case kindUploads:
		return func(d *decoder, key string) { d.openUpload(key) }
	case kindParts:
		return func(d *decoder, key string) { d.uploadPart(key) }
	case kindDetail:
		return func(d *decoder, key string) { d.detail(key) }
	case kindDatasets:
		return func(d *decoder, key string) { d.dataset(key) }
	case kindKeys:
		return func(d *decoder, key string) { d.key(key) }
	case kindSettings:
		return func(d *decoder, key string) { d.settings(key) }
	}
	return nil
}

// at decodes value i of a leaf. DecodeNode has found it good.
func (f *form[V]) at(n *Node, i int) V {
	d := decoder{b: n.values[i], blocks: n.blocks}
	v := f.decode(&d, n.keys[i])
	if err := d.end(); err != nil {
		panic(err)
	}
	return v
}

func (e *encoder) tag(t *tag) {
	e.int(t.files)
	e.int(t.bytes)
	e.int(t.added)
	e.bytes(t.entries.root().bytes())
}

func (d *decoder) tag(key string) *tag {
	name, ok := strings.CutSuffix(key, "/")
	if !ok || strings.Contains(name, "/") {
		d.fail("tag at key %q", key)
	}
	t := newTag(strings.Clone(name))
	t.files, t.bytes, t.added = d.int(), d.any(), d.any()
	t.entries = mapOf(entryForm, d.nodeRef(kindEntries, maxInlineBytes), t.files)
	if t.files == 0 || t.entries.root().isZero() {
		d.fail("tag %q of %d files", name, t.files)
	}
	return t
}

// What a value of a leaf has beside what all have.
const (
	hasUpload = 1
	hasDetail = 2
)

func (e *encoder) entry(x *Entry) {
	e.raw(x.ID[:])
	e.int(x.Size)
	e.int(x.Modified)
	e.etag(x.ETag)
	e.int(x.Added)
	e.attr(&x.Attr)
	var has byte
	if !x.Upload.IsZero() {
		has |= hasUpload
	}
	if len(x.Detail) > 0 {
		has |= hasDetail
	}
	e.byte(has)
	if has&hasUpload != 0 {
		e.raw(x.Upload[:])
	}
	if has&hasDetail != 0 {
		e.details(x.Detail)
		return
	}
	e.parts(x.Parts)
	e.recipe(x.Recipe)
}

func (d *decoder) entry(key string) *Entry {
	x := &Entry{Name: strings.Clone(key), ID: d.id(), Size: d.int(), Modified: d.any(), ETag: d.etag(), Added: d.any(), Attr: d.attr()}
	has := d.byte()
	if has&hasUpload != 0 {
		if x.Upload = d.id(); x.Upload.IsZero() {
			d.fail("upload without an id")
		}
	}
	if has&hasDetail != 0 {
		x.Detail = d.details()
	} else {
		x.Parts, x.Recipe = d.parts(), d.recipe()
		if x.Recipe.Len() != x.Size {
			d.fail("entry of %d bytes with a recipe of %d", x.Size, x.Recipe.Len())
		}
	}
	if has > hasUpload|hasDetail || x.Size > MaxEntryBytes {
		d.fail("entry of %d bytes with flags %d", x.Size, has)
	}
	return x
}

func (e *encoder) details(names []Digest) {
	e.uint(uint64(len(names)))
	for _, n := range names {
		e.raw(n[:])
	}
}

func (d *decoder) details() []Digest {
	names := list(d, len(Digest{}), (*decoder).digest)
	if len(names) == 0 {
		d.fail("no details")
	}
	d.refs = append(d.refs, names...)
	return names
}

func (e *encoder) parts(parts []Part) {
	e.uint(uint64(len(parts)))
	for i := range parts {
		e.part(&parts[i])
		e.int(parts[i].Modified)
	}
}

func (d *decoder) parts() []Part {
	return list(d, 5, func(d *decoder) Part {
		p := d.part()
		p.Modified = d.any()
		return p
	})
}

// uploadKey orders uploads by key and then by id. What ends the key is less
// than what a 0x00 in it becomes.
func uploadKey(key string, id ID) string {
	return strings.ReplaceAll(key, "\x00", "\x00\xff") + "\x00\x01" + string(id[:])
}

func (e *encoder) openUpload(u *OpenUpload) {
	e.int(u.Initiated)
	e.attr(&u.Attr)
	e.byte(byte(u.Checksum))
	e.bool(u.Full)
	e.bytes(u.parts.root().bytes())
}

func (d *decoder) openUpload(key string) *OpenUpload {
	u := &OpenUpload{}
	cut := len(key) - len(u.ID)
	escaped, ok := strings.CutSuffix(key[:max(cut, 0)], "\x00\x01")
	if ok {
		copy(u.ID[:], key[cut:])
		u.Tag, u.Name = cutKey(strings.ReplaceAll(escaped, "\x00\xff", "\x00"))
	}
	if !ok || uploadKey(KeyOf(u.Tag, u.Name), u.ID) != key || escaped == "" {
		d.fail("upload at key %q", key)
	}
	u.Initiated, u.Attr, u.Checksum, u.Full = d.int(), d.attr(), Algorithm(d.byte()), d.bool()
	if u.Checksum > SHA256 {
		d.fail("checksum algorithm %d", u.Checksum)
	}
	u.parts = mapOf(partForm, d.nodeRef(kindParts, maxInlineBytes), 0)
	return u
}

// partKey orders parts by number.
func partKey(number int) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(number)))
}

func (e *encoder) uploadPart(p *uploadPart) {
	e.int(p.Size)
	e.etag(p.ETag)
	e.checksums(p.Checksums)
	e.int(p.Modified)
	e.int(p.added)
	if len(p.detail) > 0 {
		e.byte(hasDetail)
		e.details(p.detail)
		return
	}
	e.byte(0)
	e.recipe(p.recipe)
}

func (d *decoder) uploadPart(key string) *uploadPart {
	p := &uploadPart{}
	if len(key) == 4 {
		p.Number = int(binary.BigEndian.Uint32([]byte(key)))
	} else {
		d.fail("part at key %q", key)
	}
	p.Size, p.ETag, p.Checksums, p.Modified, p.added = d.int(), d.etag(), d.checksums(), d.any(), d.any()
	switch d.byte() {
	case 0:
		if p.recipe = d.recipe(); p.recipe.Len() != p.Size {
			d.fail("part of %d bytes with a recipe of %d", p.Size, p.recipe.Len())
		}
	case hasDetail:
		p.detail = d.details()
	default:
		d.fail("flags of a part")
	}
	return p
}

func (e *encoder) dataset(x *Dataset) {
	e.raw(x.ID[:])
	e.string(x.Pool)
	e.int(x.Created)
	e.uint(x.Epoch)
}

func (d *decoder) dataset(key string) *Dataset {
	return &Dataset{Name: strings.Clone(key), ID: d.id(), Pool: d.string(), Created: d.int(), Epoch: d.uint()}
}

func (e *encoder) key(k *Key) {
	e.sealed(k)
	e.int(k.Created)
}

func (d *decoder) key(key string) *Key {
	k := d.sealed()
	k.Access, k.Created = strings.Clone(key), d.int()
	if key == "" || len(key) > maxAccessBytes {
		d.fail("access key of %d bytes", len(key))
	}
	return &k
}
