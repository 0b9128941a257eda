/** The virtual machines of one host as its kernel has them: they outlive rekindled and libvirtd, and die with the power. */
export interface Domain {
  state: 'running' | 'paused';
  readonly token: string | null;
  hung: boolean;
  /** What runs in it is an installer, and answers no probe. */
  installing: boolean;
  /** Stopped by an I/O error: its next word to libvirt says so. */
  ioError: boolean;
}

export type DomainNews =
  | {
      readonly kind: 'started' | 'resumed' | 'paused' | 'io-error' | 'migrated-in' | 'panicked';
      readonly guest: string;
    }
  | {
      readonly kind: 'stopped';
      readonly guest: string;
      readonly cause: 'died' | 'destroyed' | 'panicked' | 'shut-down' | 'migrated';
    };

export interface Domains {
  all(): ReadonlyMap<string, Domain>;
  get(guest: string): Domain | undefined;
  create(guest: string, token: string | null, arrived?: boolean): void;
  end(guest: string, cause: Extract<DomainNews, { kind: 'stopped' }>['cause']): void;
  set(guest: string, state: 'running' | 'paused', why?: 'io-error'): void;
  /** Everything is gone at once, and nobody is told. */
  powerLoss(): void;
  onNews(listener: (news: DomainNews) => void): () => void;
}

/** `changed`: what can write may have changed. */
export function createDomains(changed: () => void): Domains {
  const domains = new Map<string, Domain>();
  const listeners = new Set<(news: DomainNews) => void>();
  const tell = (news: DomainNews) => {
    changed();
    for (const listener of listeners) listener(news);
  };

  return {
    all: () => domains,
    get: (guest) => domains.get(guest),
    create(guest, token, arrived = false) {
      domains.set(guest, { state: 'running', token, hung: false, installing: false, ioError: false });
      // libvirt starts QEMU paused: its processors go on first, and then it is said to be started.
      if (!arrived) tell({ kind: 'resumed', guest });
      tell({ kind: arrived ? 'migrated-in' : 'started', guest });
    },
    end(guest, cause) {
      if (!domains.delete(guest)) return;
      if (cause === 'panicked') tell({ kind: 'panicked', guest });
      tell({ kind: 'stopped', guest, cause });
    },
    set(guest, state, why) {
      const domain = domains.get(guest);
      if (!domain || domain.state === state) return;
      domain.state = state;
      domain.ioError = why === 'io-error';
      tell({ kind: why ?? (state === 'running' ? 'resumed' : 'paused'), guest });
    },
    powerLoss() {
      domains.clear();
      changed();
    },
    onNews(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
