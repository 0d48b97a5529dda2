// SHA-256 with the processor's instructions, four rounds a group. A state is in
// two registers, of the words A, B, E, F and C, D, G, H; the last sixteen words
// of the message are in four. X0 and X7 are used up; X8 holds ·swapped.

// READ reads a state from where it lies in its order, and WRITE writes it.
#define READ(at, abef, cdgh) \
	MOVOU   0(at), X7 \
	MOVOU   16(at), cdgh \
	PSHUFD  $0xb1, X7, X7 \
	PSHUFD  $0x1b, cdgh, cdgh \
	MOVO    X7, abef \
	PALIGNR $8, cdgh, abef \
	PBLENDW $0xf0, X7, cdgh

#define WRITE(at, abef, cdgh) \
	PSHUFD  $0x1b, abef, X7 \
	PSHUFD  $0xb1, cdgh, cdgh \
	MOVO    X7, abef \
	PBLENDW $0xf0, cdgh, abef \
	PALIGNR $8, X7, cdgh \
	MOVOU   abef, 0(at) \
	MOVOU   cdgh, 16(at)

// LOAD reads the words of a group from a block.
#define LOAD(block, words, group) \
	MOVOU  (group*16)(block), words \
	PSHUFB X8, words

// FIRST and SECOND are two rounds each of a group.
#define FIRST(words, group, abef, cdgh) \
	MOVOU       ·roots+(group*16)(SB), X0 \
	PADDL       words, X0 \
	SHA256RNDS2 X0, abef, cdgh

#define SECOND(abef, cdgh) \
	PSHUFD      $0x0e, X0, X0 \
	SHA256RNDS2 X0, cdgh, abef

// BEGIN and EXTEND make words of the message from sixteen before them.
#define BEGIN(words, previous) \
	SHA256MSG1 words, previous

#define EXTEND(words, previous, next) \
	MOVO       words, X7 \
	PALIGNR    $4, previous, X7 \
	PADDL      X7, next \
	SHA256MSG2 words, next
