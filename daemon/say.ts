import { pino } from 'pino';
import type { Say } from '../services/ports.ts';

/** Structured lines on standard output, one JSON object each; the journal or a file takes them from there. */
export function createSay(node: string): Say {
  const log = pino({
    base: { node },
    formatters: { level: (level) => ({ level }) },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
  return {
    info: (what, about = {}) => log.info(about, what),
    warn: (what, about = {}) => log.warn(about, what),
    error: (what, about = {}) => log.error(about, what),
  };
}
