import { InvalidArgumentError, Option } from 'commander';
import { stateHash } from '../../machines/state-hash.ts';
import { type Status, statusOf } from '../../services/api-status.ts';
import { whyOf } from '../../services/api-why.ts';
import { failure } from '../../services/errors.ts';
import { KEPT, type Replayed, replay as replayLog, type Until } from '../../sim/replay/replay.ts';
import { type Script, scriptOf } from '../../sim/replay/script.ts';
import { whatIf } from '../../sim/replay/what-if.ts';
import { type Cli, type Globals, type Register, wholeNumber } from '../cli.ts';
import { renderCluster, renderVerdict } from '../render/replay.ts';
import { renderWhatIf } from '../render/what-if.ts';
import { changeSpec } from '../replay/change.ts';
import { type LogSource, openSource } from '../replay/source.ts';

interface Options extends Globals {
  readonly until?: Until;
  readonly why?: string;
  readonly whatIf?: readonly string[];
  readonly runs: number;
}

export const replay: Register = (program, cli) => {
  program
    .command('replay')
    .description('prove that a log is whole, see the cluster as it was, and try another cluster file on what happened')
    .argument('[FILE]', 'output of "rekindle log --json", a journal.sqlite, or - ; default: the log of this node')
    .option('--until <SEQ|TIME>', 'stop after this entry, or at this time', until)
    .addOption(
      new Option('--why <SUBJECT>', 'say why host/NAME, guest/NAME or cluster was as it was then').conflicts('whatIf'),
    )
    .option('--what-if <KEY=VALUE>', 'rehearse what happened with this change of the cluster file; repeatable', collect)
    .option('--runs <N>', 'rehearsals of each', wholeNumber, 5)
    .action(async (file: string | undefined, _options, command) => {
      const globals = cli.options<Options>(command);
      const source = openSource(file, () => cli.api(globals));
      let replayed: Replayed;
      try {
        replayed = await replayLog(source.items, { until: globals.until, markSeq: source.checkpoint?.seq });
      } finally {
        source.close();
      }
      mustBeSound(replayed, source);
      const verdict = renderVerdict(replayed, source.checkpoint);
      const { fleet, stateHash: hash } = replayed;
      const checkpoint = source.checkpoint && { seq: source.checkpoint.seq, stateHash: source.checkpoint.stateHash };
      const { result, lines } = globals.whatIf
        ? await rehearsed(replayed, source.name, globals.whatIf, globals, cli)
        : globals.why === undefined
          ? asItWas(replayed, cli)
          : await explained(replayed, globals.why);
      const found = { seq: fleet.seq, hash: fleet.hash, stateHash: hash, checkpoint, ...result };
      cli.print(globals, found, [...verdict, '', ...lines]);
    });
};

interface Shown {
  readonly result: object;
  readonly lines: readonly string[];
}

/** The log alone does not know what a node knows of itself. */
function asItWas({ fleet, entries }: Replayed, { terminal }: Cli): Shown {
  const roles = {
    leader: fleet.leader,
    leading: false,
    lease: null,
    nats: [],
    heardAgoMs: {},
    installs: {},
    waitingFor: null,
  };
  const status: Status = statusOf({ node: 'replay', fleet: () => fleet, roles: () => roles, entries: at(entries) });
  return { result: { status }, lines: renderCluster(status, terminal.paint, columnsOf(terminal)) };
}

const at = (entries: Replayed['entries']) => {
  const first = entries[0]?.seq ?? 1;
  return (from: number, to: number) => entries.slice(Math.max(0, from - first), Math.max(0, to - first + 1));
};

async function explained({ fleet, entries }: Replayed, subject: string): Promise<Shown> {
  const why = await whyOf({ fleet: () => fleet, entries: at(entries) }, subject, undefined);
  return { result: { why }, lines: why.lines };
}

async function rehearsed(
  { entries, fleet }: Replayed,
  source: string,
  changes: readonly string[],
  { runs, json }: Options,
  { terminal }: Cli,
): Promise<Shown> {
  if (runs < 1) throw failure('WRONG_ARGUMENT', { what: '--runs must be 1 or more', help: 'rekindle replay --help' });
  const spoilt = (reason: string) => failure('NOTHING_TO_REHEARSE', { source, reason });
  if (entries.length < fleet.seq) throw spoilt(`it has ${fleet.seq} entries; at most ${KEPT} are rehearsed`);
  const script: Script | null = scriptOf(entries);
  if (script === null) throw spoilt(`there is no cluster file in its ${fleet.seq} entries`);
  const changed = changeSpec(script.spec, changes);
  if (script.happenings.length === 0) throw spoilt('nothing happened in it that could go otherwise');
  const shows = terminal.interactive && !json;
  const result = await whatIf(entries, script, changed, runs, (done, of) => {
    if (shows) terminal.draw(done < of ? `\rrehearsed ${done} of ${of}` : '\r\x1b[K');
  });
  const { happenings, incidents, durations, leftOut } = script;
  return {
    result: { whatIf: { changes, happenings, incidents, durations, leftOut, ...result } },
    lines: renderWhatIf(result, script, changes, terminal.paint, columnsOf(terminal)),
  };
}

const columnsOf = (terminal: Cli['terminal']) => (terminal.interactive ? terminal.columns() : Number.POSITIVE_INFINITY);

const collect = (value: string, before: readonly string[] = []) => [...before, value];

function until(value: string): Until {
  if (/^\d{1,9}$/.test(value)) return { seq: Number(value) };
  const atMs = Date.parse(value);
  if (Number.isNaN(atMs)) throw new InvalidArgumentError('Write the number of an entry, or 2025-01-31T12:00:07.5Z.');
  return { atMs };
}

/** Throws LOG_BROKEN, saying how far the log is good, or STATE_DIFFERS. */
function mustBeSound({ broken, fleet, stateHash: found, marked }: Replayed, { name, checkpoint }: LogSource): void {
  if (broken) {
    const good =
      fleet.seq === 0
        ? 'Nothing of it can be replayed'
        : `Entries 1 to ${fleet.seq} are good and fold to state ${found.slice(0, 12)}: --until ${fleet.seq} shows them`;
    throw failure('LOG_BROKEN', { source: name, seq: broken.seq, reason: broken.message, good }, broken);
  }
  if (checkpoint === null || marked === null || marked === checkpoint.stateHash) return;
  const own = checkpoint.fleet && stateHash(checkpoint.fleet);
  throw failure('STATE_DIFFERS', {
    source: name,
    seq: checkpoint.seq,
    found: marked.slice(0, 12),
    expected: checkpoint.stateHash.slice(0, 12),
    reason:
      own === checkpoint.stateHash
        ? 'it was folded by other rules than those of this version'
        : 'the checkpoint itself is damaged',
  });
}
