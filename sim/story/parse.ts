/** From the text of a story file to a Story. docs/drills.md has the language. */
import type { Step, Story } from './ast.ts';
import { specOf } from './cluster.ts';
import { declare, newHeader, readHeader } from './header.ts';
import type { Known } from './slots.ts';
import { beforeNextFault, stepOf } from './steps.ts';
import { statementsOf } from './tokens.ts';

export interface Problem {
  readonly line: number;
  readonly what: string;
}

/** Every line that is not understood, with what to write instead. */
export class StoryError extends Error {
  override readonly name = 'StoryError';
  readonly code = 'STORY_INVALID';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ line, what }) => `line ${line}: ${what}`).join('\n'));
    this.problems = problems;
  }
}

/** Throws StoryError. */
export function parseStory(text: string): Story {
  const statements = statementsOf(text);
  const header = newHeader();
  eachLine(statements, (statement) => declare(statement, header));
  const { hosts, arbiters, guests, racks } = header;
  const [hostNames, arbiterNames, guestNames] = [hosts, arbiters, guests].map(Object.keys);
  const known: Known = { hosts: hostNames!, arbiters: arbiterNames!, guests: guestNames!, racks };
  const steps: Step[] = [];
  eachLine(statements, (statement) => {
    if (!readHeader(statement, header, known)) steps.push(stepOf(statement, steps, known));
  });
  const { title, about, seed, cold, leader, untilMs, model } = header;
  if (title === '') throw new StoryError([{ line: 1, what: 'a story begins with "story" and its title' }]);
  let spec: Story['spec'] | null = null;
  const cluster = statements.filter((statement) => statement.text.startsWith('hosts'));
  eachLine(cluster.length > 0 ? cluster.slice(0, 1) : statements.slice(0, 1), () => {
    spec = specOf(header);
  });
  return { title, about, spec: spec!, model, seed, cold, leader, untilMs, steps: steps.map(beforeNextFault) };
}

/** All lines are read before any is complained about, so that one run names every mistake. */
function eachLine<T extends { readonly line: number }>(lines: readonly T[], read: (line: T) => void): void {
  const problems: Problem[] = [];
  for (const one of lines) {
    try {
      read(one);
    } catch (error) {
      problems.push({ line: one.line, what: error instanceof Error ? error.message : String(error) });
    }
  }
  if (problems.length > 0) throw new StoryError(problems);
}
