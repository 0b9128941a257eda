/** Shared libraries that an x86-64 program names (DT_NEEDED). Empty for a static program and for a file that is no ELF. */
export function neededLibraries(file: Buffer): string[] {
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) return [];
  const segments = programHeaders(file);
  const dynamic = segments.find(({ type }) => type === 2);
  if (!dynamic) return [];
  const entries = new Map<number, number[]>();
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) {
    const tag = Number(file.readBigInt64LE(at));
    if (tag === 0) break;
    entries.set(tag, [...(entries.get(tag) ?? []), Number(file.readBigUInt64LE(at + 8))]);
  }
  const address = entries.get(5)?.[0];
  const holder = segments.find(
    ({ type, virtual, size }) => type === 1 && address! >= virtual && address! < virtual + size,
  );
  if (address === undefined || !holder) throw new Error('an ELF file without its string table');
  const strings = holder.offset + (address - holder.virtual);
  return (entries.get(1) ?? []).map((at) => file.toString('latin1', strings + at, file.indexOf(0, strings + at)));
}

function programHeaders(file: Buffer) {
  const start = Number(file.readBigUInt64LE(32));
  const size = file.readUInt16LE(54);
  return Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const at = start + index * size;
    return {
      type: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 8)),
      virtual: Number(file.readBigUInt64LE(at + 16)),
      size: Number(file.readBigUInt64LE(at + 32)),
    };
  });
}
