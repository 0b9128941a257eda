/**
 * A controller that aborts with `parent`, and may sooner. Who makes one aborts it in the end: until then `parent` holds
 * it. AbortSignal.any instead holds what listens to it from outside of all that is collected, for as long as neither of
 * its sources aborts, which in a daemon that was killed in the simulator is for ever.
 */
export function linked(parent: AbortSignal): AbortController {
  const child = new AbortController();
  const abort = () => child.abort();
  if (parent.aborted) abort();
  else {
    parent.addEventListener('abort', abort);
    child.signal.addEventListener('abort', () => parent.removeEventListener('abort', abort));
  }
  return child;
}
