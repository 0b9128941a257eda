/** The lines of a story in which something happens or is expected. */
import type { ExpectStep, FaultStep, Moment, Span, Step } from './ast.ts';
import { CLAIM_PHRASES } from './claim-phrases.ts';
import { FAULT_PHRASES } from './fault-phrases.ts';
import { HEADER_WORDS } from './header.ts';
import { nearest } from './nearest.ts';
import { must, type Phrase, phrase } from './phrase.ts';
import type { Known } from './slots.ts';
import { atColon, type Statement, say, type Token, tokensOf } from './tokens.ts';

const WORDS = [...HEADER_WORDS, 'at', 'when', 'expect'];

const TIME: readonly Phrase<number>[] = [phrase('at MS', ({ MS }) => MS)];
const AIMED: readonly Phrase<Moment>[] = [
  phrase('when [the TH] ENTRY', ({ TH, ENTRY }) => ({ kind: 'after', ms: 0, nth: TH ?? 1, entry: ENTRY })),
  phrase('MS after [the TH] ENTRY', ({ MS, TH, ENTRY }) => ({ kind: 'after', ms: MS, nth: TH ?? 1, entry: ENTRY })),
];

type SpanOf = (since: number) => Span;
const SPANS: readonly Phrase<SpanOf>[] = [
  phrase('again within MS [of the fault]', ({ MS }): SpanOf => {
    return (since) => ({ kind: 'within', ms: MS, since, again: true });
  }),
  phrase('within MS [of the fault]', ({ MS }): SpanOf => {
    return (since) => ({ kind: 'within', ms: MS, since, again: false });
  }),
  phrase('for MS', ({ MS }): SpanOf => {
    return (since) => ({ kind: 'throughout', ms: MS, since });
  }),
];

/** `before`: the steps above it, from the last fault of which time is counted. */
export function stepOf(statement: Statement, before: readonly Step[], known: Known): Step {
  const { line } = statement;
  const tokens = tokensOf(statement);
  const first = tokens[0]?.text ?? '';
  if (first === 'expect') return expectation(tokens.slice(1), before, known, line);
  if (first === 'at') {
    const ms = must(TIME, tokens.slice(0, 2), known);
    const rest = tokens.slice(tokens[2]?.text === ':' ? 3 : 2);
    if (rest[0]?.text === 'expect') return { ...claimOf(rest.slice(1), known, line), span: { kind: 'at', ms } };
    return faultsOf({ kind: 'at', ms }, rest, known, line);
  }
  if (first === 'when' || tokens[1]?.text === 'after') {
    const parts = atColon(tokens);
    if (!parts) throw new Error('a colon is missing: say "when guest.granted of g1: power loss of the leader"');
    return faultsOf(must(AIMED, parts.head, known), parts.rest, known, line);
  }
  const meant = nearest(first, WORDS);
  const hint = meant === undefined ? `a line begins with ${WORDS.join(', ')}` : `did you mean "${meant}"?`;
  throw new Error(`"${first}" begins no line: ${hint}`);
}

const faultsOf = (moment: Moment, tokens: readonly Token[], known: Known, line: number): FaultStep => ({
  kind: 'faults',
  line,
  moment,
  faults: must(FAULT_PHRASES, tokens, known),
});

const claimOf = (tokens: readonly Token[], known: Known, line: number) => ({
  kind: 'expect' as const,
  line,
  words: say(tokens),
  claim: must(CLAIM_PHRASES, tokens, known),
});

function expectation(tokens: readonly Token[], before: readonly Step[], known: Known, line: number): ExpectStep {
  const at = tokens.findLastIndex(
    ({ text, quoted }, index) => !quoted && (text === 'within' || (text === 'for' && tokens[index + 1]?.text !== 'at')),
  );
  // Which fault comes next is known when all lines are read (`beforeNextFault`).
  if (at < 0) return { ...claimOf(tokens, known, line), span: { kind: 'before', step: before.length } };
  const from = tokens[at - 1]?.text === 'again' ? at - 1 : at;
  const span = must(SPANS, tokens.slice(from), known)(before.findLastIndex(({ kind }) => kind === 'faults'));
  return { ...claimOf(tokens.slice(0, from), known, line), words: say(tokens), span };
}

/** What is expected without a time is true right before the next fault. */
export function beforeNextFault(step: Step, index: number, all: readonly Step[]): Step {
  if (step.kind !== 'expect' || step.span.kind !== 'before') return step;
  const next = all.findIndex(({ kind }, later) => later > index && kind === 'faults');
  return { ...step, span: { kind: 'before', step: next < 0 ? all.length : next } };
}
