/** The troubles a plan is made of. Each is a few steps that are worse together than apart. */
import { weighted } from './cluster.ts';
import type { Step } from './plan.ts';
import { TROUBLES_OF_ALL } from './troubles/all-at-once.ts';
import type { Ground, Troubles } from './troubles/ground.ts';
import { GUEST_TROUBLES } from './troubles/guests.ts';
import { LOG_TROUBLES } from './troubles/log.ts';
import { NETWORK_TROUBLES } from './troubles/network.ts';
import { NODE_TROUBLES } from './troubles/nodes.ts';
import { PEOPLE_TROUBLES } from './troubles/people.ts';

/** Their order is a part of what a seed means. */
const TROUBLES: Troubles = [
  ...NODE_TROUBLES,
  ...NETWORK_TROUBLES,
  ...LOG_TROUBLES,
  ...GUEST_TROUBLES,
  ...PEOPLE_TROUBLES,
  ...TROUBLES_OF_ALL,
];

export const someTrouble = (ground: Ground, atMs: number): Step[] => weighted(ground.random, TROUBLES)(ground, atMs);
