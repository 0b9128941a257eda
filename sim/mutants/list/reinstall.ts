/** Broken reinstallations: what may be written, when, for whom, and what was installed. */
import type { Edit, Mutant } from '../mutant.ts';

const STEPS = 'machines/reinstall-steps.ts';
const RULES = 'machines/reinstall.ts';
const JOB = 'machines/job.ts';
const HOST = 'machines/host.ts';
const HOST_PARTS = 'machines/host-parts.ts';
const PROVISION = 'services/controller/provision.ts';
const section = 'Reinstallation';

const lifeNotMinded: Edit = {
  file: RULES,
  from: 'if (life >= 0 && (context.fence === null || context.fence.counter < life)) return',
  to: 'if (life < -1) return',
};

export const reinstallMutants: readonly Mutant[] = [
  {
    name: 'go-before-its-entry',
    rule: 'A disk may be written only behind the entry `reinstall.committed`.',
    section,
    file: PROVISION,
    from: "const why = await step({ type: 'reinstall.committed', ...about(host), data: { ...boot(job), disk, manifest } });",
    to: 'const why = unsafeToReinstall(fleet(), host);',
    hunts: ['reinstalls'],
  },
  {
    name: 'commit-without-a-look',
    rule: 'A commit has force only if in that very state nothing is frozen or braked.',
    section,
    file: STEPS,
    from: 'return unsafeToReinstall(fleet, host);',
    to: 'return null;',
    hunts: ['aimed frozen-before-commit'],
  },
  {
    name: 'repeated-commit-from-memory',
    rule: 'A commit that is asked for again is asked of the state as it is now.',
    section,
    file: PROVISION,
    from: 'const since = unsafeToReinstall(fleet(), host);',
    to: 'const since: string | null = null;',
    hunts: ['aimed frozen-before-commit-is-repeated'],
  },
  {
    name: 'test-owed-by-its-job-alone',
    rule: 'A host that was enrolled owes its test, whatever becomes of the try that enrolled it.',
    section,
    file: HOST,
    from: "'host.enrolled': { actions: 'owesTest' },",
    to: '',
    hunts: ['aimed enrolled-and-cut'],
  },
  {
    name: 'commit-of-another-disk',
    rule: 'A commit has force only for the disk of the plan.',
    section,
    file: STEPS,
    from: 'if (disk === null || !sameDisk(entry.data.disk, disk)) return',
    to: 'if (disk === null) return',
    hunts: ['aimed disk-exchanged-amid'],
  },
  {
    name: 'any-disk-planned',
    rule: 'The one disk that is written is the one that the cluster file names.',
    section,
    file: 'machines/plan-disk.ts',
    from: 'const named = disks.filter((disk) => sameDisk(machine.disk, disk));',
    to: 'const named = disks.filter((disk) => !isData(disk));',
    hunts: ['aimed disk-exchanged'],
  },
  {
    name: 'ticket-given-twice',
    rule: 'One ticket is given out for each try.',
    section,
    file: STEPS,
    from: 'return token === null ? unsafeToReinstall(fleet, host) :',
    to: "return token !== '' ? unsafeToReinstall(fleet, host) :",
    hunts: ['aimed mac-forged'],
  },
  {
    name: 'ticket-taken-twice',
    rule: 'A ticket that is shown twice, with two keys, ends its try.',
    section,
    file: PROVISION,
    from: 'if (key !== null) {',
    to: "if (key === '') {",
    also: [
      {
        file: PROVISION,
        from: 'if (key === request.key) return planOf(job);',
        to: 'if (key !== null) return planOf(job);',
      },
    ],
    hunts: ['aimed ticket-stolen'],
  },
  {
    name: 'ticket-of-an-older-try',
    rule: 'A retry is a new attempt: tickets of the one before are worth nothing.',
    section,
    file: PROVISION,
    from: "if (!job || job.context.attempt !== request.attempt || job.state === 'failed')",
    to: "if (!job || job.state === 'failed')",
    also: [
      { file: PROVISION, from: 'if (sha256(request.token) !== token) {', to: "if (request.token === '') {" },
      {
        file: STEPS,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
        from: 'return token === null ? `no ticket of try ${attempt} was given out` : null;',
        to: 'return null;',
      },
    ],
    hunts: ['aimed late-installer'],
  },
  {
    name: 'voter-installed-anew',
    rule: 'A voter is not installed anew: it would forget its word.',
    section,
    file: RULES,
    from: 'if (fleet.spec.voters.includes(host)) return',
    to: "if (host === '') return",
    hunts: ['aimed voter-disk-ruined'],
  },
  {
    name: 'installed-without-proof',
    rule: 'A host is proven stopped before it is installed anew.',
    section,
    file: HOST,
    from: "guard: 'orderedAlive',\n            target: 'fencing',",
    to: "guard: 'orderedAlive',\n            target: 'reinstalling',",
    also: [lifeNotMinded],
    hunts: ['aimed installed-alive'],
  },
  {
    name: 'returned-host-installed-anew',
    rule: 'A host that is heard of by its old life ends the job.',
    section,
    file: JOB,
    from: "const heard = { 'host.joined': lost, 'host.surveyed': lost, 'host.cleared': lost, 'leases.reported': lost } as const;",
    to: 'const heard = {} as const;',
    also: [lifeNotMinded, { file: RULES, from: 'if (guests.length > 0) return', to: 'if (guests.length < 0) return' }],
    hunts: ['aimed returns-before-its-installation'],
  },
  {
    name: 'veto-ignored',
    rule: 'Until its disk is given up a person may stop it.',
    section,
    file: JOB,
    from: "const vetoed = { 'reinstall.vetoed': { target: 'failed', actions: ['veto', note()] } } as const;",
    to: "const vetoed = { 'reinstall.vetoed': { actions: note() } } as const;",
    hunts: ['aimed vetoed'],
  },
  {
    name: 'limit-of-a-day-ignored',
    rule: 'No more hosts are installed anew in a day than the cluster file allows.',
    section,
    file: RULES,
    from: "if (lately >= perDay && modeOf(fleet, host) !== 'dry-run')",
    to: 'if (lately < 0)',
    hunts: ['aimed one-a-day'],
  },
  {
    name: 'limit-at-once-ignored',
    rule: 'No more hosts are installed anew at once than the cluster file allows.',
    section,
    file: RULES,
    from: 'if (busy.length >= atOnce) return',
    to: 'if (busy.length < 0) return',
    hunts: ['aimed one-at-once'],
  },
  {
    name: 'dry-run-writes',
    rule: 'A dry run writes nothing.',
    section,
    file: PROVISION,
    from: '        mode,\n        host,',
    to: "        mode: 'install',\n        host,",
    also: [{ file: STEPS, from: "if (mode !== 'install') return", to: "if (mode === 'rescue') return" }],
    hunts: ['aimed dry-run'],
  },
  {
    name: 'untested-host-used',
    rule: 'What was installed gets no guest before it has passed its test.',
    section,
    file: HOST,
    from: "guard: 'installedLife',\n    target: 'qualifying',",
    to: "guard: 'installedLife',\n    target: 'running',",
    also: [
      {
        file: HOST_PARTS,
        from: 'const untested = event.installed ? 0 : context.untested;',
        to: 'const untested = null;',
      },
      {
        file: 'machines/job-parts.ts',
        from: "context.enrolled && event.hostIs === 'qualifying'",
        to: "context.enrolled && event.hostIs === 'running'",
      },
    ],
    hunts: ['aimed installed-for-a-guest'],
  },
  {
    name: 'unfit-host-used',
    rule: 'What was installed and fails its test gets no guest.',
    section,
    file: HOST,
    from: "'qualify.failed': unfit,",
    to: "'qualify.failed': { target: 'running', actions: ['passTest', note()] },",
    hunts: ['aimed installed-and-unfit'],
  },
];
