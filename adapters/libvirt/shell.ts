/**
 * One long-lived `virsh` shell: 0.5 ms for an answer where a new process costs 25 to 60 ms.
 *
 * virsh echoes its input and prints no length, so each command stands between two markers, and the end is marked on both
 * of its outputs. Markers carry a secret of this shell: nothing a guest can make libvirt print is taken for one.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { failure } from '../../services/errors.ts';

export interface Answer {
  readonly out: string;
  /** What virsh said went wrong, on one line; null when nothing did. */
  readonly error: string | null;
}

export interface Shell {
  /** One command at a time. Rejects with LIBVIRT_SILENT when no answer came in `timeoutMs`; the shell is then dead. */
  run(words: readonly string[], timeoutMs: number): Promise<Answer>;
  alive(): boolean;
  close(): void;
}

/** An answer larger than this (characters) is none of ours: the shell is killed rather than the daemon's memory used up. */
const MAX_ANSWER = 4_000_000;
const PROMPT = 'virsh # ';

/** Arguments that end every virsh with the process that started it, even one killed with SIGKILL while virsh waits. */
export const TIED = ['--pdeathsig', 'KILL', 'virsh', '-q', '-c'] as const;
/** Words are parsed below, so virsh must speak one language. */
export const ENVIRONMENT = { ...process.env, LC_ALL: 'C' };

export function openShell(uri: string): Shell {
  const child = spawn('setpriv', [...TIED, uri], { stdio: ['pipe', 'pipe', 'pipe'], env: ENVIRONMENT });
  const secret = randomBytes(8).toString('hex');
  let serial = 0;
  let out = '';
  let err = '';
  let why: string | null = null;
  let waiting: { begin: string; end: string; done: (answer: Answer) => void; broken: (reason: string) => void } | null =
    null;

  const kill = (reason: string) => {
    why ??= reason;
    child.kill('SIGKILL');
    waiting?.broken(why);
    waiting = null;
  };
  const look = () => {
    if (out.length + err.length > MAX_ANSWER) return kill('virsh answered too much');
    if (!waiting) return;
    const { begin, end, done } = waiting;
    const from = out.indexOf(`\n${begin}`);
    const to = out.indexOf(`\n${end}`);
    if (from < 0 || to < 0 || !err.includes(end)) return;
    waiting = null;
    done({ out: body(out.slice(from + begin.length + 1, to)), error: trouble(err.slice(0, err.indexOf(end))) });
  };

  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    look();
  });
  child.stdin.on('error', (error) => kill(error.message));
  child.on('error', (error) => kill(error.message));
  child.on('close', (code, signal) => kill(`virsh ended (${signal ?? code})`));

  return {
    alive: () => why === null,
    close: () => kill('closed'),
    run: (words, timeoutMs) =>
      new Promise((resolve, reject) => {
        const silent = (reason: string) => reject(failure('LIBVIRT_SILENT', { uri, reason }));
        if (why !== null) return silent(why);
        const command = words.map(quote).join(' ');
        const timer = setTimeout(() => kill(`no answer to "${words[0]}" in ${timeoutMs} ms`), timeoutMs);
        // What came while nobody asked (`Disconnected from …`) belongs to no answer.
        out = '';
        err = '';
        serial += 1;
        const begin = `__${secret}.${serial}.begin__`;
        const end = `__${secret}.${serial}.end__`;
        waiting = {
          begin,
          end,
          done: (answer) => {
            clearTimeout(timer);
            resolve(answer);
          },
          broken: (reason) => {
            clearTimeout(timer);
            silent(reason);
          },
        };
        child.stdin.write(`echo ${begin}\n${command}\necho --err ${end}\necho ${end}\n`);
      }),
  };
}

/** A word for virsh's own parser. Throws on what cannot be quoted there: no word is ever changed or cut in two. */
export function quote(word: string): string {
  if (/^[\w./:=-]+$/.test(word)) return word;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/['\u0000-\u001f\u007f]/.test(word)) throw new TypeError('a quote or control character in a word for virsh');
  return `'${word}'`;
}

/**
 * What virsh printed between the markers, without the echoes of input: `virsh # COMMAND` in front, and behind, where the
 * answer may not end with a line break of its own, `virsh # echo --err …` and `virsh # echo …`.
 */
function body(text: string): string {
  const end = text.lastIndexOf(PROMPT, text.lastIndexOf(PROMPT) - 1);
  const start = text.indexOf('\n') + 1;
  return text.slice(start, Math.max(start, end)).trimEnd();
}

function trouble(text: string): string | null {
  const lines = text
    .split('\n')
    .map((line) => line.replace(/^error: /, '').trim())
    // Said once after libvirtd went away or came back; a command that suffered from it says so in a line of its own.
    .filter((line) => line !== '' && !/^(Disconnected from |Reconnected to the hypervisor$)/.test(line));
  return lines.length > 0 ? lines.join('; ') : null;
}
