# The boot sector of the tiny guest (lab/tiny-guest.ts holds its bytes): counts its boots and about every second a beat in
# the second sector of its disk, which are "RKB1", boots and beats, 32 bits each. It needs no operating system, so it runs
# within seconds on a machine that is itself emulated.
#   as --32 tiny-guest.s -o t.o && ld -m elf_i386 -Ttext 0x7c00 --oformat binary t.o -o t.bin
.code16
.global _start
_start:
  ljmp $0, $start
start:
  xorw %ax, %ax
  movw %ax, %ds
  movw %ax, %es
  movw %ax, %ss
  movw $0x7c00, %sp
  movb %dl, drive
  sti
  movb $0x42, %ah
  call disk
  incl 0x7e04            # boots
  movl $0, 0x7e08        # beats
  movw $text, %si
print:
  lodsb
  testb %al, %al
  jz beat
  movw $0x3f8, %dx
  outb %al, %dx
  jmp print
beat:
  incl 0x7e08
  movl $0x31424b52, 0x7e00   # "RKB1"
  movb $0x43, %ah
  call disk
  movw 0x46c, %bx
  addw $18, %bx
wait:
  hlt
  movw 0x46c, %ax
  subw %bx, %ax
  js wait
  jmp beat
disk:
  movb $0, %al
  movb drive, %dl
  movw $packet, %si
  int $0x13
  ret
packet:
  .byte 16, 0
  .word 1
  .word 0x7e00, 0
  .long 1, 0
drive: .byte 0
text: .asciz "guest runs\r\n"
.org 510
.word 0xaa55
