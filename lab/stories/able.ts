/** What of a story the lab can do, known before anything is started. Pure. */
import { guestOfPlaceholder, LEADER, type Story } from '../../sim/story/ast.ts';
import { type Problem, parseStory } from '../../sim/story/parse.ts';
import { type Names, namesFor, renamed } from '../../sim/story/rename.ts';
import { statementsOf } from '../../sim/story/tokens.ts';
import { GUESTS, LAYOUTS, type LabNode, type LayoutName } from '../layout.ts';
import { labFault } from './fault-map.ts';

export interface LabStory {
  /** With the names of the lab. */
  readonly story: Story;
  readonly layout: LayoutName;
  readonly names: Names;
  /** Who leads the stream when the story begins: a node that it leaves alone, if there is one. */
  readonly stream: string;
}

/** Either the story as the lab can tell it, or every reason why it cannot, by line. Throws StoryError. */
export function forLab(text: string): LabStory | { readonly refusals: readonly Problem[] } {
  const story = parseStory(text);
  const { spec } = story;
  const [hosts, arbiters, guests] = [spec.hosts, spec.arbiters, spec.guests].map(Object.keys) as [
    string[],
    string[],
    string[],
  ];
  const nodes = [...hosts, ...arbiters];
  const line = lineOf(text);
  const refusals: Problem[] = [];
  const refuse = (at: number, what: string) => refusals.push({ line: at, what });

  const layout = layoutOf(hosts.length, arbiters.length);
  if (layout === null) refuse(line('hosts'), `this story has ${shape(hosts.length, arbiters.length)}; ${SHAPES}`);
  if (guests.length > GUESTS.length)
    refuse(line('guests', guests[GUESTS.length]), `this story has ${guests.length} guests, the lab ${GUESTS.length}`);
  if (spec.profile !== 'fast')
    refuse(line('profile'), `the watchdogs of the lab count as the profile fast wants it, not ${spec.profile}`);
  if (nodes.some((node) => !spec.voters.includes(node))) refuse(line('voters'), 'in the lab every node votes');
  if (story.cold) refuse(line('cold'), 'the machines of the lab are on when a story begins');
  // How long a host takes to boot is the one time that the lab can be told: its firmware waits.
  if (Object.keys(story.model).some((key) => key !== 'hostBootMs'))
    refuse(line('takes'), 'in the lab everything but a host boot takes as long as it takes');
  for (const step of story.steps) {
    if (step.kind !== 'faults') continue;
    const reasons = step.faults.flatMap((fault) => {
      const how = fault.kind === 'order' ? null : labFault(fault, spec);
      return typeof how === 'string' ? [how] : [];
    });
    for (const reason of new Set(reasons)) refuse(step.line, reason);
  }
  if (layout === null || refusals.length > 0) return { refusals: refusals.sort((a, b) => a.line - b.line) };

  const of = (kind: 'host' | 'arbiter') => LAYOUTS[layout].filter((node) => node.kind === kind).map(({ name }) => name);
  const names = new Map([
    ...namesFor(hosts, of('host')),
    ...namesFor(arbiters, of('arbiter')),
    ...namesFor(
      guests,
      GUESTS.map(({ name }) => name),
    ),
  ]);
  const told = renamed(story, names);
  return { story: told, layout, names, stream: spared(told) };
}

/** The simulator's stream is led by nobody who can be lost; in the lab its leader's loss would stop every entry for seconds. */
function spared({ spec, leader, steps }: Story): string {
  const hit = new Set(
    steps.flatMap((step) =>
      step.kind !== 'faults'
        ? []
        : step.faults.flatMap((fault) =>
            fault.kind === 'order'
              ? []
              : Object.entries(fault).flatMap(([key, node]: [string, unknown]) => {
                  if (typeof node !== 'string' || !['node', 'from', 'to'].includes(key)) return [];
                  const guest = guestOfPlaceholder(node);
                  return [node === LEADER ? leader : guest === null ? node : spec.guests[guest]?.prefers];
                }),
          ),
    ),
  );
  const nodes = [...(leader === null ? [] : [leader]), ...spec.voters];
  return nodes.find((node) => !hit.has(node)) ?? nodes[0]!;
}

const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`;
const shape = (hosts: number, arbiters: number) =>
  [count(hosts, 'host'), ...(arbiters > 0 ? [count(arbiters, 'arbiter')] : [])].join(' and ');

/** A bare machine is no host of a story: what it boots is its own disk's affair. A spare has no voter's keys. */
const isTellable = (nodes: readonly LabNode[]) => !nodes.some(({ machine, spare }) => machine || spare);
const tellable = (Object.keys(LAYOUTS) as LayoutName[]).filter((name) => isTellable(LAYOUTS[name]));
const shapes = tellable.map((name) => {
  const of = (kind: 'host' | 'arbiter') => LAYOUTS[name].filter((node) => node.kind === kind).length;
  return { name, hosts: of('host'), arbiters: of('arbiter') };
});
const SHAPES = `the lab has ${shapes.map(({ hosts, arbiters }) => shape(hosts, arbiters)).join(', or ')}`;

const layoutOf = (hosts: number, arbiters: number): LayoutName | null =>
  shapes.find((one) => one.hosts === hosts && one.arbiters === arbiters)?.name ?? null;

/** The first line that begins with this word and names this one; 1 where none does. */
const lineOf = (text: string) => {
  const statements = statementsOf(text);
  return (word: string, name = ''): number =>
    statements.find((one) => one.text.startsWith(word) && one.text.split(':')[0]!.includes(name))?.line ?? 1;
};
