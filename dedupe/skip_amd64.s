#include "textflag.h"

// PAIR hashes two bytes: the hash is in AX, behind the first of them in R10. It adds
// up what both bytes bring before it touches the hash, so that one addition waits
// for the last two bytes.
#define PAIR(at) \
	MOVBLZX (at)(SI), R8 \
	MOVBLZX (at+1)(SI), R9 \
	MOVQ    (DX)(R8*8), R8 \
	LEAQ    (R8)(AX*2), R10 \
	ADDQ    R8, R8 \
	ADDQ    (DX)(R9*8), R8 \
	LEAQ    (R8)(AX*4), AX \
	CMPQ    R10, BX \
	JCS     cut \
	CMPQ    AX, BX \
	JCS     cut

// func skip(table *[256]uint64, data []byte, h, limit uint64) (n int, at uint64)
TEXT ·skip(SB), NOSPLIT, $0-64
	MOVQ table+0(FP), DX
	MOVQ data_base+8(FP), SI
	MOVQ data_len+16(FP), CX
	MOVQ h+32(FP), AX
	MOVQ limit+40(FP), BX
	MOVQ SI, DI
	ANDQ $~7, CX
	ADDQ SI, CX
	MOVQ AX, R11
	CMPQ SI, CX
	JEQ  cut

	PCALIGN $32
eight:
	PAIR(0)
	PAIR(2)
	PAIR(4)
	PAIR(6)
	MOVQ AX, R11 // behind the last eight
	ADDQ $8, SI
	CMPQ SI, CX
	JNE  eight

cut:
	SUBQ DI, SI
	MOVQ SI, n+48(FP)
	MOVQ R11, at+56(FP)
	RET
