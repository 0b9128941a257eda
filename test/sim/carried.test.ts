import fc from 'fast-check';
import { expect, test } from 'vitest';
import { carried } from '../../sim/carried.ts';

const outcome = (work: () => unknown) => {
  try {
    const value = work();
    return { value, text: JSON.stringify(value) };
  } catch (error) {
    return { threw: (error as Error).name };
  }
};

test('a message arrives exactly as it would as JSON: what is lost, what becomes null, what throws, and the order of keys', () => {
  const message = fc.anything({ withDate: true, withNullPrototype: true, withBigInt: true, withSparseArray: true });
  fc.assert(
    fc.property(message, (sent) => {
      expect(outcome(() => carried(sent))).toStrictEqual(outcome(() => JSON.parse(JSON.stringify(sent))));
    }),
    { numRuns: 2_000 },
  );
});

test('nothing of what arrives is the object that was sent', () => {
  const sent = { list: [{ n: 1 }] };
  const arrived = carried(sent) as typeof sent;
  arrived.list[0]!.n = 2;
  arrived.list.push({ n: 3 });
  expect(sent).toEqual({ list: [{ n: 1 }] });
});
