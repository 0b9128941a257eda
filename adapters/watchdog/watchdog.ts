/** What the petter pets. */
export interface Watchdog {
  /** For people: `process /run/watchdog.sock`. */
  readonly what: string;
  /** Pets now, in the name of the moment `pettedMs` (Clock), read before the decision to pet. */
  pet(pettedMs: number): void;
  /** Null when it is armed and reads back the wanted timeout; otherwise why a host must not rely on it. */
  trouble(): string | null;
}
