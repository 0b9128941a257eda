import { portableClusterFile } from '../adapters/config/portable.ts';
import { createEnrolment } from '../adapters/keys/enrolment.ts';
import type { Identities } from '../adapters/keys/identities.ts';
import type { ClusterSpec } from '../machines/spec.ts';
import type { Enrolment } from '../services/ports.ts';
import type { NodeOptions } from './options.ts';

/** Hands on the cluster file as it was when this daemon read it: one that somebody is just writing is not in force yet. */
export function enrolmentOf(
  { node, state, cluster }: NodeOptions,
  spec: ClusterSpec,
  digest: string,
  identities: () => Identities,
): Enrolment {
  const clusterFiles = readNow(() => portableClusterFile(cluster, digest));
  return createEnrolment({ node, state, spec, identities, clusterFiles });
}

/** What `read` has given, or thrown, is given or thrown each time. */
function readNow<T>(read: () => T): () => T {
  try {
    const value = read();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
