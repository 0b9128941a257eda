/** What the installer left on the disk for one enrolment, and its end. It holds a private key: no part of it is ever quoted. */
import { closeSync, fstatSync, fsyncSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { fail } from '../../services/errors.ts';
import { type Ticket, ticketSchema } from '../../services/provisioning.ts';

/** Bound of the JSON, and of what is overwritten. */
const MAX_BYTES = 1 << 20;

/**
 * From a file, a partition or `-`, standard input: `enrol.json`, or a tar archive with it, zeros behind. Null: nothing but
 * zeros. Throws ENROL_NO_TICKET.
 */
export function readTicket(from: string): Ticket | null {
  let text: string;
  try {
    text = unpacked(firstBytes(from)).toString('utf8').replace(/\0.*$/s, '').trim();
  } catch (error) {
    return fail('ENROL_NO_TICKET', { from, reason: (error as NodeJS.ErrnoException).code ?? 'it cannot be read' });
  }
  return text === '' ? null : parseTicket(text, from);
}

/** `from`: where it is from, for errors. Throws ENROL_NO_TICKET. */
export function parseTicket(text: string, from: string): Ticket {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return fail('ENROL_NO_TICKET', { from, reason: 'it is no JSON' });
  }
  const parsed = ticketSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path }) => path.join('.') || 'all of it').join(', ');
  return fail('ENROL_NO_TICKET', { from, reason: `this is missing in it, or is not as it should be: ${wrong}` });
}

/** Zeros over a partition; a file goes after that. On disk when this returns. */
export function wipeTicket(from: string): void {
  const file = openSync(from, 'r+');
  const { size } = fstatSync(file);
  const isFile = fstatSync(file).isFile();
  try {
    const zeros = Buffer.alloc(isFile ? Math.min(size, MAX_BYTES) : MAX_BYTES);
    for (let at = 0; at < zeros.length; ) {
      const written = writeSync(file, zeros, at, zeros.length - at, at);
      if (written === 0) break;
      at += written;
    }
    fsyncSync(file);
  } catch (error) {
    // A partition smaller than that ends with ENOSPC, having been overwritten as a whole.
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  if (isFile) rmSync(from);
}

/** The file enrol.json where `bytes` begin a tar archive (POSIX ustar: headers of 512 bytes, sizes in octal); else all of them. */
function unpacked(bytes: Buffer): Buffer {
  const BLOCK = 512;
  const field = (at: number, from: number, to: number) =>
    bytes.toString('latin1', at + from, at + to).replace(/\0.*$/s, '');
  for (let at = 0; field(at, 257, 262) === 'ustar'; ) {
    const size = Number.parseInt(field(at, 124, 136), 8) || 0;
    const begin = at + BLOCK;
    if (/^(\.\/)?enrol\.json$/.test(field(at, 0, 100))) return bytes.subarray(begin, begin + size);
    at = begin + Math.ceil(size / BLOCK) * BLOCK;
  }
  return bytes;
}

function firstBytes(from: string): Buffer {
  const file = from === '-' ? 0 : openSync(from, 'r');
  const bytes = Buffer.alloc(MAX_BYTES);
  let length = 0;
  try {
    for (let read = -1; read !== 0 && length < MAX_BYTES; length += read)
      read = readSync(file, bytes, length, MAX_BYTES - length, null);
  } finally {
    if (file !== 0) closeSync(file);
  }
  return bytes.subarray(0, length);
}
