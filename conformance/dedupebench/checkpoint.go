package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// The checkpoint: a small transformer in float32, 64 MiB, laid out as
// safetensors are. A version changes a tenth of the tensors.
const (
	modelWidth    = 384
	modelLayers   = 8
	checkpointMiB = 64
	changedTensor = 0.1 // of their number
)

// tensor is a named array of float32.
type tensor struct {
	name   string
	spread float64 // standard deviation of its values
	values []float32
}

func makeCheckpoint(_ context.Context, s source) ([]string, error) {
	rng := s.rng(rngCheckpoint)
	model := newModel(rng, s.n(checkpointMiB<<20/4))
	return s.versions(func(v int, dir string) error {
		if v > 1 {
			train(rng, model)
		}
		return os.WriteFile(filepath.Join(dir, "model.safetensors"), encodeModel(model), 0o644)
	})
}

// newModel returns tensors of parameters values in all: as many layers as
// fit, up to modelLayers, and the embedding takes the rest.
func newModel(rng *rand.Rand, parameters int) []tensor {
	const d = modelWidth
	var model []tensor
	add := func(name string, spread float64, n int) {
		t := tensor{name, spread, make([]float32, n)}
		for i := range t.values {
			t.values[i] = float32(rng.NormFloat64() * spread)
		}
		model = append(model, t)
		parameters -= n
	}
	const layer = 12*d*d + 13*d // parameters
	for l := 0; l < modelLayers && parameters > layer; l++ {
		for _, part := range []string{"attention.q", "attention.k", "attention.v", "attention.o"} {
			add(fmt.Sprintf("layers.%d.%s.weight", l, part), 1/math.Sqrt(d), d*d)
			add(fmt.Sprintf("layers.%d.%s.bias", l, part), 0.01, d)
		}
		add(fmt.Sprintf("layers.%d.mlp.up.weight", l), 1/math.Sqrt(d), 4*d*d)
		add(fmt.Sprintf("layers.%d.mlp.up.bias", l), 0.01, 4*d)
		add(fmt.Sprintf("layers.%d.mlp.down.weight", l), 1/math.Sqrt(4*d), 4*d*d)
		add(fmt.Sprintf("layers.%d.mlp.down.bias", l), 0.01, d)
		for _, norm := range []string{"norm1", "norm2"} {
			add(fmt.Sprintf("layers.%d.%s.weight", l, norm), 0.1, d)
			add(fmt.Sprintf("layers.%d.%s.bias", l, norm), 0.01, d)
		}
	}
	add("embedding.weight", 0.02, parameters)
	return model
}

// train changes all values of a tenth of the tensors a little.
func train(rng *rand.Rand, model []tensor) {
	n := max(int(float64(len(model))*changedTensor), 1)
	for _, i := range rng.Perm(len(model))[:n] {
		t := model[i]
		for j := range t.values {
			t.values[j] += float32(rng.NormFloat64() * t.spread * 0.01)
		}
	}
}

// encodeModel returns a header that says where each tensor is, then their
// values.
func encodeModel(model []tensor) []byte {
	type place struct {
		Type    string `json:"dtype"`
		Shape   [1]int `json:"shape"`
		Offsets [2]int `json:"data_offsets"`
	}
	header, off := map[string]place{}, 0
	for _, t := range model {
		end := off + 4*len(t.values)
		header[t.name] = place{"F32", [1]int{len(t.values)}, [2]int{off, end}}
		off = end
	}
	text, err := json.Marshal(header)
	if err != nil {
		panic(err) // it is strings and numbers only
	}
	b := make([]byte, 0, 8+len(text)+off)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(text)))
	b = append(b, text...)
	for _, t := range model {
		for _, v := range t.values {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
	}
	return b
}
