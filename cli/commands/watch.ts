import { setTimeout as sleep } from 'node:timers/promises';
import type { Stored } from '../../machines/entries.ts';
import type { Status } from '../../services/api-status.ts';
import { RekindleError } from '../../services/errors.ts';
import type { Register } from '../cli.ts';
import type { Api } from '../client.ts';
import { renderEntry } from '../render/log.ts';
import { renderStatus } from '../render/status.ts';
import { cut } from '../render/table.ts';
import type { Terminal } from '../terminal.ts';

const KEPT_ENTRIES = 100;
const REFRESH_MS = 1_000;
/** Bursts of entries are one redraw. */
const REDRAW_EVERY_MS = 100;

export const watch: Register = (program, cli) => {
  program
    .command('watch')
    .description('show the cluster live until q or Ctrl-C; one line an entry when the output is no terminal')
    .action(async (_options, command) => {
      const globals = cli.options(command);
      const api = cli.api(globals);
      if (cli.terminal.interactive && !globals.json) return watchScreen(api, cli.terminal);
      const query = { last: '20', follow: '1' };
      for await (const stored of api.lines<Stored>('/v1/log', query, new AbortController().signal)) {
        cli.terminal.out(globals.json ? JSON.stringify(stored) : renderEntry(stored, cli.terminal.paint));
      }
    });
};

const ESCAPE = '\x1b';
const CTRL_C = '\x03';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';

/** Draws until a key or signal ends it. The terminal is given back whatever happens. */
export async function watchScreen(api: Api, terminal: Terminal): Promise<void> {
  // Asked first, so that an error at the very start is an ordinary error on an ordinary screen.
  let status = await api.get<Status>('/v1/status');
  let trouble: string | null = null;
  let latest: Stored[] = [];
  const end = new AbortController();
  let dirty = false;
  let wake = () => {};
  const change = () => {
    dirty = true;
    wake();
  };
  const pause = (ms: number) => sleep(ms, undefined, { signal: end.signal }).catch(() => {});
  const stop = () => end.abort();
  const ends = [
    terminal.onKey((key) => ['q', ESCAPE, CTRL_C].includes(key) && stop()),
    terminal.onResize(() => change()),
  ];
  for (const signal of SIGNALS) process.once(signal, stop);

  const follow = async () => {
    while (!end.signal.aborted) {
      try {
        for await (const stored of api.lines<Stored>(
          '/v1/log',
          { last: String(KEPT_ENTRIES), follow: '1' },
          end.signal,
        )) {
          latest = [...latest.filter(({ seq }) => seq < stored.seq), stored].slice(-KEPT_ENTRIES);
          change();
        }
      } catch (error) {
        if (!(error instanceof RekindleError)) throw error;
      }
      await pause(REFRESH_MS);
    }
  };

  terminal.draw(ENTER);
  const following = follow();
  following.catch(stop);
  try {
    while (!end.signal.aborted) {
      terminal.draw(screen(status, latest, trouble, terminal));
      if (!dirty) await Promise.race([new Promise<void>((resolve) => (wake = resolve)), pause(REFRESH_MS)]);
      await pause(REDRAW_EVERY_MS);
      dirty = false;
      try {
        status = await api.get<Status>('/v1/status');
        trouble = null;
      } catch (error) {
        if (!(error instanceof RekindleError)) throw error;
        trouble = `${error.message}; trying again, what you see is old`;
      }
    }
  } finally {
    stop();
    for (const undo of ends) undo();
    for (const signal of SIGNALS) process.off(signal, stop);
    terminal.draw(LEAVE);
  }
  await following;
}

function screen(status: Status, latest: readonly Stored[], trouble: string | null, terminal: Terminal): string {
  const [columns, rows] = [terminal.columns(), terminal.rows()];
  const { paint } = terminal;
  const mostGuests = Math.max(3, rows - status.hosts.length - 16);
  const top = [
    ...(trouble ? [cut(paint('red', `! ${trouble}`), columns)] : []),
    ...renderStatus(status, paint, columns, mostGuests),
  ];
  const room = rows - top.length - 3;
  const news = room > 0 ? latest.slice(-room).map((stored) => cut(renderEntry(stored, paint), columns)) : [];
  const body = [...top, '', ...news].slice(0, rows - 1);
  const footer = paint('dim', 'q ends · rekindle why SUBJECT explains');
  // Each line is cleared behind its end rather than the whole screen before it: nothing flickers.
  return `\x1b[H${[...body, footer].map((line) => `${line}\x1b[K`).join('\r\n')}\x1b[J`;
}
