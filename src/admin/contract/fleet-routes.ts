/** Routes about the fleet that this node is of. */

import { z } from 'zod';
import { fleet } from './fleet-shapes.ts';
import { make } from './make-route.ts';
import { EVERYONE, SECURE } from './route.ts';

export const FLEET_ROUTES = {
  fleetStatus: make('GET', '/v1/fleet', EVERYONE, {
    summary: 'this node in its fleet: at the hub every member, at a member its lease',
    response: fleet,
  }),
  fleetFollow: make('POST', '/v1/fleet/follow', SECURE, {
    summary: 'at a member: agrees to follow a hub that lost its state and began a new epoch',
    body: z.strictObject({
      epoch: z.string().regex(/^[0-9A-Za-z]{26}$/, 'must be an epoch as the log of this node names it'),
      why: z.string().trim().min(1).max(500).describe('reason, kept in the record'),
    }),
    response: z.object({ followed: z.string() }),
    changes: true,
  }),
} as const;
