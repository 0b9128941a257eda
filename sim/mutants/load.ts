/** Loads the rest of this process with one rule broken. */
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type Edit, editsOf, type Mutant, mutate } from './mutant.ts';

const ROOT = new URL('../../', import.meta.url);

/**
 * From here on, modules that the mutant changes are loaded changed. Only what has not been loaded yet can be, so
 * whatever is to be tested is imported afterwards. Returns the edits that no module has asked for yet: at the end of a
 * run there must be none, or nothing was broken at all.
 */
export function breakRule(mutant: Mutant): () => readonly Edit[] {
  const left = new Set(editsOf(mutant));
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const edits = editsOf(mutant).filter(({ file }) => url === new URL(file, ROOT).href);
      if (edits.length === 0) return loaded;
      let source = String(loaded.source);
      if (loaded.source instanceof Uint8Array) source = new TextDecoder().decode(loaded.source);
      for (const edit of edits) {
        source = mutate(source, edit);
        left.delete(edit);
      }
      return { ...loaded, source };
    },
  });
  return () => [...left];
}

export const pathOf = ({ file }: Edit): string => fileURLToPath(new URL(file, ROOT));
