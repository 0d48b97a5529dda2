#include "textflag.h"
#include "sha256_amd64.h"

// MD5 is in AX, BX, CX, DX, and the SHA-256 of the same bytes in X1 and X2, with its
// message in X3 to X6; the other SHA-256 is in X9 and X10, with X11 to X14. Where a
// line is a round of MD5, its numbers are: the word of the block, the round, the
// rotation.

// SUM ends a round: R8 is the round's function of b, c and d.
#define SUM(a, b, word, round, bits) \
	ADDL (word*4)(SI), a \
	ADDL ·sines+(round*4)(SB), a \
	ADDL R8, a \
	ROLL $bits, a \
	ADDL b, a

// b ? c : d
#define F(a, b, c, d, word, round, bits) \
	MOVL c, R8 \
	XORL d, R8 \
	ANDL b, R8 \
	XORL d, R8 \
	SUM(a, b, word, round, bits)

// d ? b : c; its halves have no bit in common and are added one by one, for b
// comes last.
#define G(a, b, c, d, word, round, bits) \
	MOVL d, R8 \
	NOTL R8 \
	ANDL c, R8 \
	ADDL R8, a \
	MOVL d, R8 \
	ANDL b, R8 \
	SUM(a, b, word, round, bits)

#define H(a, b, c, d, word, round, bits) \
	MOVL c, R8 \
	XORL d, R8 \
	XORL b, R8 \
	SUM(a, b, word, round, bits)

#define I(a, b, c, d, word, round, bits) \
	MOVL d, R8 \
	NOTL R8 \
	ORL  b, R8 \
	XORL c, R8 \
	SUM(a, b, word, round, bits)

// func fuse(s *states, a *sha256State, p, q []byte)
TEXT ·fuse(SB), NOSPLIT, $64-64
	MOVQ s+0(FP), R10
	MOVQ a+8(FP), R14
	MOVQ p_base+16(FP), SI
	MOVQ p_len+24(FP), DI
	MOVQ q_base+40(FP), R15
	ADDQ SI, DI
	CMPQ SI, DI
	JEQ  done

	MOVL  0(R10), AX
	MOVL  4(R10), BX
	MOVL  8(R10), CX
	MOVL  12(R10), DX
	ADDQ  $16, R10
	READ(R10, X1, X2)
	READ(R14, X9, X10)
	MOVOU ·swapped(SB), X8

block:
	MOVL AX, R9
	MOVL BX, R11
	MOVL CX, R12
	MOVL DX, R13
	MOVOU X1, 0(SP)
	MOVOU X2, 16(SP)
	MOVOU X9, 32(SP)
	MOVOU X10, 48(SP)

	LOAD(SI, X3, 0)
	FIRST(X3, 0, X1, X2)
	F(AX, BX, CX, DX, 0, 0, 7)
	F(DX, AX, BX, CX, 1, 1, 12)
	SECOND(X1, X2)
	F(CX, DX, AX, BX, 2, 2, 17)
	F(BX, CX, DX, AX, 3, 3, 22)
	LOAD(R15, X11, 0)
	FIRST(X11, 0, X9, X10)
	SECOND(X9, X10)
	LOAD(SI, X4, 1)
	FIRST(X4, 1, X1, X2)
	F(AX, BX, CX, DX, 4, 4, 7)
	F(DX, AX, BX, CX, 5, 5, 12)
	SECOND(X1, X2)
	BEGIN(X4, X3)
	F(CX, DX, AX, BX, 6, 6, 17)
	F(BX, CX, DX, AX, 7, 7, 22)
	LOAD(R15, X12, 1)
	FIRST(X12, 1, X9, X10)
	SECOND(X9, X10)
	BEGIN(X12, X11)
	LOAD(SI, X5, 2)
	FIRST(X5, 2, X1, X2)
	F(AX, BX, CX, DX, 8, 8, 7)
	F(DX, AX, BX, CX, 9, 9, 12)
	SECOND(X1, X2)
	BEGIN(X5, X4)
	F(CX, DX, AX, BX, 10, 10, 17)
	F(BX, CX, DX, AX, 11, 11, 22)
	LOAD(R15, X13, 2)
	FIRST(X13, 2, X9, X10)
	SECOND(X9, X10)
	BEGIN(X13, X12)
	LOAD(SI, X6, 3)
	FIRST(X6, 3, X1, X2)
	F(AX, BX, CX, DX, 12, 12, 7)
	F(DX, AX, BX, CX, 13, 13, 12)
	EXTEND(X6, X5, X3)
	SECOND(X1, X2)
	BEGIN(X6, X5)
	F(CX, DX, AX, BX, 14, 14, 17)
	F(BX, CX, DX, AX, 15, 15, 22)
	LOAD(R15, X14, 3)
	FIRST(X14, 3, X9, X10)
	EXTEND(X14, X13, X11)
	SECOND(X9, X10)
	BEGIN(X14, X13)
	FIRST(X3, 4, X1, X2)
	G(AX, BX, CX, DX, 1, 16, 5)
	G(DX, AX, BX, CX, 6, 17, 9)
	EXTEND(X3, X6, X4)
	SECOND(X1, X2)
	BEGIN(X3, X6)
	G(CX, DX, AX, BX, 11, 18, 14)
	G(BX, CX, DX, AX, 0, 19, 20)
	FIRST(X11, 4, X9, X10)
	EXTEND(X11, X14, X12)
	SECOND(X9, X10)
	BEGIN(X11, X14)
	FIRST(X4, 5, X1, X2)
	G(AX, BX, CX, DX, 5, 20, 5)
	G(DX, AX, BX, CX, 10, 21, 9)
	EXTEND(X4, X3, X5)
	SECOND(X1, X2)
	BEGIN(X4, X3)
	G(CX, DX, AX, BX, 15, 22, 14)
	G(BX, CX, DX, AX, 4, 23, 20)
	FIRST(X12, 5, X9, X10)
	EXTEND(X12, X11, X13)
	SECOND(X9, X10)
	BEGIN(X12, X11)
	FIRST(X5, 6, X1, X2)
	G(AX, BX, CX, DX, 9, 24, 5)
	G(DX, AX, BX, CX, 14, 25, 9)
	EXTEND(X5, X4, X6)
	SECOND(X1, X2)
	BEGIN(X5, X4)
	G(CX, DX, AX, BX, 3, 26, 14)
	G(BX, CX, DX, AX, 8, 27, 20)
	FIRST(X13, 6, X9, X10)
	EXTEND(X13, X12, X14)
	SECOND(X9, X10)
	BEGIN(X13, X12)
	FIRST(X6, 7, X1, X2)
	G(AX, BX, CX, DX, 13, 28, 5)
	G(DX, AX, BX, CX, 2, 29, 9)
	EXTEND(X6, X5, X3)
	SECOND(X1, X2)
	BEGIN(X6, X5)
	G(CX, DX, AX, BX, 7, 30, 14)
	G(BX, CX, DX, AX, 12, 31, 20)
	FIRST(X14, 7, X9, X10)
	EXTEND(X14, X13, X11)
	SECOND(X9, X10)
	BEGIN(X14, X13)
	FIRST(X3, 8, X1, X2)
	H(AX, BX, CX, DX, 5, 32, 4)
	H(DX, AX, BX, CX, 8, 33, 11)
	EXTEND(X3, X6, X4)
	SECOND(X1, X2)
	BEGIN(X3, X6)
	H(CX, DX, AX, BX, 11, 34, 16)
	H(BX, CX, DX, AX, 14, 35, 23)
	FIRST(X11, 8, X9, X10)
	EXTEND(X11, X14, X12)
	SECOND(X9, X10)
	BEGIN(X11, X14)
	FIRST(X4, 9, X1, X2)
	H(AX, BX, CX, DX, 1, 36, 4)
	H(DX, AX, BX, CX, 4, 37, 11)
	EXTEND(X4, X3, X5)
	SECOND(X1, X2)
	BEGIN(X4, X3)
	H(CX, DX, AX, BX, 7, 38, 16)
	H(BX, CX, DX, AX, 10, 39, 23)
	FIRST(X12, 9, X9, X10)
	EXTEND(X12, X11, X13)
	SECOND(X9, X10)
	BEGIN(X12, X11)
	FIRST(X5, 10, X1, X2)
	H(AX, BX, CX, DX, 13, 40, 4)
	H(DX, AX, BX, CX, 0, 41, 11)
	EXTEND(X5, X4, X6)
	SECOND(X1, X2)
	BEGIN(X5, X4)
	H(CX, DX, AX, BX, 3, 42, 16)
	H(BX, CX, DX, AX, 6, 43, 23)
	FIRST(X13, 10, X9, X10)
	EXTEND(X13, X12, X14)
	SECOND(X9, X10)
	BEGIN(X13, X12)
	FIRST(X6, 11, X1, X2)
	H(AX, BX, CX, DX, 9, 44, 4)
	H(DX, AX, BX, CX, 12, 45, 11)
	EXTEND(X6, X5, X3)
	SECOND(X1, X2)
	BEGIN(X6, X5)
	H(CX, DX, AX, BX, 15, 46, 16)
	H(BX, CX, DX, AX, 2, 47, 23)
	FIRST(X14, 11, X9, X10)
	EXTEND(X14, X13, X11)
	SECOND(X9, X10)
	BEGIN(X14, X13)
	FIRST(X3, 12, X1, X2)
	I(AX, BX, CX, DX, 0, 48, 6)
	I(DX, AX, BX, CX, 7, 49, 10)
	EXTEND(X3, X6, X4)
	SECOND(X1, X2)
	BEGIN(X3, X6)
	I(CX, DX, AX, BX, 14, 50, 15)
	I(BX, CX, DX, AX, 5, 51, 21)
	FIRST(X11, 12, X9, X10)
	EXTEND(X11, X14, X12)
	SECOND(X9, X10)
	BEGIN(X11, X14)
	FIRST(X4, 13, X1, X2)
	I(AX, BX, CX, DX, 12, 52, 6)
	I(DX, AX, BX, CX, 3, 53, 10)
	EXTEND(X4, X3, X5)
	SECOND(X1, X2)
	I(CX, DX, AX, BX, 10, 54, 15)
	I(BX, CX, DX, AX, 1, 55, 21)
	FIRST(X12, 13, X9, X10)
	EXTEND(X12, X11, X13)
	SECOND(X9, X10)
	FIRST(X5, 14, X1, X2)
	I(AX, BX, CX, DX, 8, 56, 6)
	I(DX, AX, BX, CX, 15, 57, 10)
	EXTEND(X5, X4, X6)
	SECOND(X1, X2)
	I(CX, DX, AX, BX, 6, 58, 15)
	I(BX, CX, DX, AX, 13, 59, 21)
	FIRST(X13, 14, X9, X10)
	EXTEND(X13, X12, X14)
	SECOND(X9, X10)
	FIRST(X6, 15, X1, X2)
	I(AX, BX, CX, DX, 4, 60, 6)
	I(DX, AX, BX, CX, 11, 61, 10)
	SECOND(X1, X2)
	I(CX, DX, AX, BX, 2, 62, 15)
	I(BX, CX, DX, AX, 9, 63, 21)
	FIRST(X14, 15, X9, X10)
	SECOND(X9, X10)

	ADDL  R9, AX
	ADDL  R11, BX
	ADDL  R12, CX
	ADDL  R13, DX
	MOVOU 0(SP), X7
	PADDL X7, X1
	MOVOU 16(SP), X7
	PADDL X7, X2
	MOVOU 32(SP), X7
	PADDL X7, X9
	MOVOU 48(SP), X7
	PADDL X7, X10
	ADDQ  $64, R15
	ADDQ  $64, SI
	CMPQ  SI, DI
	JNE   block

	WRITE(R10, X1, X2)
	WRITE(R14, X9, X10)
	SUBQ $16, R10
	MOVL AX, 0(R10)
	MOVL BX, 4(R10)
	MOVL CX, 8(R10)
	MOVL DX, 12(R10)

done:
	RET
