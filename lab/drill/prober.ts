/** Asks the guests over HTTP, as their users would, from the switch. */
import { get } from 'node:http';
import { delay } from '../exec.ts';
import type { LabGuest } from '../layout.ts';

const TIMEOUT_MS = 600;
/** Answering costs a guest a process; it is asked often only while it does not answer. */
const EVERY_MS = { up: 500, down: 50 };

export interface Life {
  readonly boot: string;
  readonly firstMs: number;
  lastMs: number;
}

export type Prober = ReturnType<typeof startProber>;

export function startProber(guests: readonly LabGuest[]) {
  const lives = new Map<string, Life[]>(guests.map(({ name }) => [name, []]));
  /** Epoch milliseconds of every answer. Bounded by what a drill can last. */
  const answered = new Map<string, number[]>(guests.map(({ name }) => [name, []]));
  let ended = false;

  async function watch(guest: LabGuest): Promise<void> {
    let up = false;
    while (!ended) {
      const asked = bootOf(guest.address).then((boot) => {
        up = boot !== undefined;
        if (boot !== undefined) note(guest.name, boot, Date.now());
      });
      // While it is down questions overlap: one that gets no answer must not delay the next.
      await (up ? asked : undefined);
      await delay(up ? EVERY_MS.up : EVERY_MS.down);
    }
  }

  function note(guest: string, boot: string, atMs: number): void {
    const own = lives.get(guest) ?? [];
    const known = own.find((life) => life.boot === boot);
    if (known) known.lastMs = atMs;
    else own.push({ boot, firstMs: atMs, lastMs: atMs });
    answered.get(guest)?.push(atMs);
  }

  for (const guest of guests) void watch(guest);
  return {
    lives: (guest: string): readonly Life[] => lives.get(guest) ?? [],
    /** First answer at or after that moment. */
    answerAfter: (guest: string, ms: number) => answered.get(guest)?.find((one) => one >= ms),
    end(): void {
      ended = true;
    },
  };
}

function bootOf(address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = get({ host: address, path: '/id.json', agent: false, timeout: TIMEOUT_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(/"boot":"([^"]+)"/.exec(text)?.[1]));
      response.on('error', () => resolve(undefined));
    });
    const limit = setTimeout(() => asked.destroy(new Error('no answer')), TIMEOUT_MS);
    asked.on('close', () => clearTimeout(limit));
    asked.on('error', () => resolve(undefined));
  });
}
