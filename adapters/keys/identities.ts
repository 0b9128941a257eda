/** Who is who: public keys only, the same file on every node. */
import { z } from 'zod';

/** Roles that speak to NATS, each under its own key. */
export const ROLES = ['agent', 'voter', 'controller'] as const;
export type Role = (typeof ROLES)[number];

/** Seeds of a node: one a role, and `node`, which signs what must be believed later (answers to Block). */
export const NODE_KEYS = [...ROLES, 'node'] as const;

const publicKey = z.string().regex(/^U[A-Z2-7]{55}$/, 'not a public nkey');

export const identitiesSchema = z.strictObject({
  cluster: z.string(),
  voters: z.array(z.string()),
  nodes: z.record(
    z.string(),
    z.strictObject({ agent: publicKey, voter: publicKey, controller: publicKey, node: publicKey }),
  ),
  clients: z.strictObject({ monitor: publicKey, admin: publicKey }),
  operators: z.record(z.string(), publicKey),
});
export type Identities = z.infer<typeof identitiesSchema>;
