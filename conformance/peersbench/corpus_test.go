package main

import (
	"bytes"
	"compress/flate"
	"slices"
	"testing"
)

var sample = content{name: "sample", count: 3, size: 100_000}

// copied are the objects of a content, to keep.
func copied(p *corpus, c content, round int) []byte {
	return slices.Concat(p.bodies(c, round)...)
}

func TestASeedARoundAndANameMakeTheSameBytes(t *testing.T) {
	for _, text := range []bool{false, true} {
		c := sample
		c.text = text
		p := newCorpus(1)
		first := copied(p, c, 0)
		other := c
		other.name = "other"
		for what, objects := range map[string][]byte{
			"another round": copied(p, c, 1), "another name": copied(p, other, 0), "another seed": copied(newCorpus(2), c, 0),
		} {
			if bytes.Equal(objects, first) {
				t.Errorf("%s has the same bytes (text: %v)", what, text)
			}
		}
		if !bytes.Equal(copied(p, c, 0), first) || !bytes.Equal(copied(newCorpus(1), c, 0), first) {
			t.Errorf("the same bytes do not come again (text: %v)", text)
		}
	}
}

func TestACopyHasTheBytesOfItsOriginal(t *testing.T) {
	p := newCorpus(1)
	again, shifted := sample, sample
	again.name, again.of = "again", sample.name
	shifted.name, shifted.of, shifted.shift = "shifted", sample.name, true
	for i, object := range p.bodies(sample, 0) {
		if !bytes.Equal(p.bodies(again, 0)[i], object) {
			t.Errorf("object %d of the copy differs", i)
		}
		if got := p.bodies(shifted, 0)[i]; len(got) != len(object)+1 || !bytes.Equal(got[1:], object) {
			t.Errorf("object %d of the shifted copy is not one byte and the object", i)
		}
	}
	if got := shifted.original(); got != sample {
		t.Errorf("the original of the copy is %+v, want %+v", got, sample)
	}
}

func TestOnlyTextCanBeCompressed(t *testing.T) {
	for _, text := range []bool{false, true} {
		c := content{name: "sample", count: 1, size: 1 << 20, text: text}
		var packed bytes.Buffer
		w, err := flate.NewWriter(&packed, flate.BestSpeed)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(newCorpus(1).bodies(c, 0)[0]); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got := packed.Len() < c.size/2; got != text {
			t.Errorf("%d bytes are %d when compressed, text: %v", c.size, packed.Len(), text)
		}
	}
}
