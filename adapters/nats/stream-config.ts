/** What makes a stream a log: on disk, on every voter, append-only, without any limit that could drop an entry. */
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { logSubjects, storedSubjects, streamName } from './subjects.ts';

export function wantedConfig(cluster: string, replicas: number) {
  return {
    name: streamName(cluster),
    subjects: [logSubjects(cluster)],
    storage: StorageType.File,
    num_replicas: replicas,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    max_msgs: -1,
    max_bytes: -1,
    max_age: 0,
    max_msgs_per_subject: -1,
    max_msg_size: -1,
    duplicate_window: nanos(120_000),
    deny_delete: true,
    deny_purge: true,
    allow_rollup_hdrs: false,
    allow_direct: false,
    mirror_direct: false,
    sealed: false,
    republish: { src: logSubjects(cluster), dest: storedSubjects(cluster) },
  } satisfies Partial<StreamConfig>;
}

/** One phrase for each setting that is not as it must be; what the server returned counts, not what was asked for. */
export function differences(found: StreamConfig, cluster: string, replicas: number): string[] {
  const wanted = Object.entries(wantedConfig(cluster, replicas));
  const forbidden = [
    'mirror',
    'sources',
    'subject_transform',
    'allow_msg_ttl',
    'allow_msg_counter',
    'allow_msg_schedules',
  ];
  const actual = found as unknown as Record<string, unknown>;
  return [
    ...wanted
      .filter(([name, value]) => JSON.stringify(normal(actual[name])) !== JSON.stringify(normal(value)))
      .map(([name, value]) => `${name} is ${JSON.stringify(actual[name])} instead of ${JSON.stringify(value)}`),
    ...forbidden.filter((name) => actual[name]).map((name) => `${name} is set`),
  ];
}

/** Servers leave out what is off. */
const normal = (value: unknown): unknown => (value === undefined ? false : value);
