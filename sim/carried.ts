/** What is left of a message that was sent as JSON and read again, without the text in between. */

/** Equal to `JSON.parse(JSON.stringify(message))` in everything, also in what it throws and in the order of keys. */
export function carried(message: unknown): unknown {
  switch (typeof message) {
    case 'string':
    case 'boolean':
      return message;
    case 'number':
      // JSON knows neither −0 nor what is not finite.
      return Number.isFinite(message) ? message + 0 : null;
    case 'object': {
      if (message === null) return null;
      if (Array.isArray(message))
        return isPlain(message, Array.prototype) ? Array.from(message, carriedItem) : byText(message);
      return isPlain(message, Object.prototype) ? carriedObject(message) : byText(message);
    }
    default:
      return byText(message);
  }
}

const byText = (message: unknown): unknown => JSON.parse(JSON.stringify(message));
const isPlain = (value: object, prototype: object) =>
  Object.getPrototypeOf(value) === prototype && !('toJSON' in value);
/** What JSON leaves out of an object, and puts as null into an array. */
const isLeftOut = (value: unknown) => value === undefined || typeof value === 'function' || typeof value === 'symbol';
const carriedItem = (item: unknown) => (isLeftOut(item) ? null : carried(item));

function carriedObject(from: object): unknown {
  const to: Record<string, unknown> = {};
  for (const key of Object.keys(from)) {
    if (key === '__proto__') return byText(from);
    const value = (from as Record<string, unknown>)[key];
    if (!isLeftOut(value)) to[key] = carried(value);
  }
  return to;
}
