/* What GCC calls because its configuration knows no divider and no FPU: the LX7 has both. Names and meaning are those
 * of libgcc's documentation. MULUH is written as bytes, because the assembler's table lacks it. */
    .macro muluh r, s, t
    .byte \t << 4, \r << 4 | \s, 0xa2
    .endm

    .macro function name
    .section .text.\name, "ax"
    .literal_position
    .align 4
    .global \name
    .type \name, @function
\name:
    entry a1, 32
    .endm

    .macro divide name, instruction
    function \name
    \instruction a2, a2, a3
    retw
    .endm
    divide __udivsi3, quou
    divide __umodsi3, remu
    divide __divsi3, quos
    divide __modsi3, rems

    /* a3:a2 times a5:a4 */
    function __muldi3
    mull a6, a2, a5
    mull a7, a3, a4
    add a6, a6, a7
    muluh 3, 2, 4
    mull a2, a2, a4
    add a3, a3, a6
    retw

    .macro float2 name, instruction
    function \name
    wfr f0, a2
    wfr f1, a3
    \instruction f0, f0, f1
    rfr a2, f0
    retw
    .endm
    float2 __addsf3, add.s
    float2 __subsf3, sub.s
    float2 __mulsf3, mul.s

    function __floatsisf
    float.s f0, a2, 0
    rfr a2, f0
    retw
    function __floatunsisf
    ufloat.s f0, a2, 0
    rfr a2, f0
    retw
    function __fixsfsi
    wfr f0, a2
    trunc.s a2, f0, 0
    retw
    function __fixunssfsi
    wfr f0, a2
    utrunc.s a2, f0, 0
    retw

    /* -1, 0 or 1; what an unordered pair gives differs. */
    .macro compare name, unordered
    function \name
    wfr f0, a2
    wfr f1, a3
    movi a2, \unordered
    un.s b0, f0, f1
    bt b0, 1f
    movi a2, 0
    oeq.s b0, f0, f1
    bt b0, 1f
    movi a2, 1
    olt.s b0, f0, f1
    bf b0, 1f
    movi a2, -1
1:  retw
    .endm
    compare __eqsf2, 1
    compare __nesf2, 1
    compare __ltsf2, 1
    compare __lesf2, 1
    compare __gtsf2, -1
    compare __gesf2, -1
    function __unordsf2
    wfr f0, a2
    wfr f1, a3
    un.s b0, f0, f1
    movi a2, 0
    movi a3, 1
    movt a2, a3, b0
    retw
