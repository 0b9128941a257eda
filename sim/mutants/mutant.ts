/** A safety rule broken on purpose: data, applied to one module at the moment it is loaded, never a switch in the product. */
export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  /** Stands in `file` exactly once. */
  readonly from: string;
  readonly to: string;
}

export interface Mutant extends Edit {
  readonly name: string;
  /** The rule that it breaks, as a sentence. */
  readonly rule: string;
  /** Heading of docs/safety.md or docs/architecture.md where the rule stands. */
  readonly section: string;
  /** A second line of defence, broken too: alone neither of them is missed. */
  readonly also?: readonly Edit[];
  /** Why nothing is expected to miss this rule alone: it is a spare. Hunted all the same, and said if it was caught. */
  readonly spare?: string;
  /** Where it is looked for, in this order (hunts.ts). */
  readonly hunts: readonly string[];
}

export const editsOf = (mutant: Mutant): readonly Edit[] => [mutant, ...(mutant.also ?? [])];

/** The source with the edit made. Throws when `from` does not stand there exactly once: the code has moved on. */
export function mutate(source: string, { file, from, to }: Edit): string {
  const times = source.split(from).length - 1;
  if (times !== 1)
    throw new Error(
      `the text to be broken stands ${times} times in ${file}, not once; adapt sim/mutants/list to the code as it is now:\n${from}`,
    );
  return source.replace(from, () => to);
}
