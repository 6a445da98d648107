/** The thread of an egress worker: it accepts, decides, relays and guards; it records and holds nothing by itself. */

import { parentPort } from 'node:worker_threads';
import { Channel } from '../channel.ts';
import { type Follower, openFollower } from './worker-gate.ts';
import type { Down, Up } from './worker-talk.ts';

const port = parentPort;
if (port === null) throw new Error('this is started as a thread');

/** What is said while it starts waits, and is heard in its order. */
const started = Promise.withResolvers<Follower>();
// Whoever asked for the start is told of its failure.
started.promise.catch(() => undefined);

const hear = (act: (follower: Follower) => void): void => void started.promise.then(act, () => undefined);
const done = (act: (follower: Follower) => void | Promise<void>): Promise<null> =>
  started.promise.then(act).then(() => null);

const channel: Channel<Up, Down> = new Channel<Up, Down>(port, {
  ask: {
    start: async (order) => {
      started.resolve(openFollower(channel, order));
      return (await started.promise).proxy.doors;
    },
    policy: (news) => done(({ policy }) => policy.take(news)),
    rules: (news) => done(({ takeRules }) => takeRules(news)),
    cut: ({ flows, change }) => done(({ leases }) => leases.cut(flows, change)),
    drain: (drainMs) => done(({ drain }) => drain(drainMs)),
  },
  tell: {
    doors: (doors) => hear(({ ownDoors }) => ownDoors.push(...doors)),
    shredded: (tenant) => hear(({ passes }) => passes.shredded(tenant)),
    stale: (stale) => hear((follower) => follower.takeStale(stale)),
    kept: (kept) => hear(({ vault }) => vault.add(kept)),
  },
});
