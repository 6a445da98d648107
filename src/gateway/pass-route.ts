/** `POST /v1/passes`: a pass for a sandbox of the caller's tenant. */

import type { PassIssuer } from '../core/ports.ts';
import { passOrder } from './contract.ts';
import { answerFault, answerJson, type GatewayExchange, readJson, tenantFor } from './exchange.ts';
import { fault } from './fault.ts';
import { firstReport, type TaskBook } from './task-book.ts';

export interface PassRouteParts {
  readonly issuer: PassIssuer;
  readonly book: TaskBook;
  readonly defaultTtlMs: number;
}

export async function issuePass(exchange: GatewayExchange, parts: PassRouteParts): Promise<void> {
  const { response, caller } = exchange;
  const body = await readJson(exchange, passOrder);
  if (!body.ok) return answerFault(response, body.error);
  const order = body.value;
  const tenant = tenantFor(caller, order.tenant);
  if (!tenant.ok) return answerFault(response, tenant.error);
  if (order.task !== undefined && !parts.book.isFree(order.task, tenant.value)) {
    return answerFault(response, fault('conflict', `task \`${order.task}\` exists; use another id`));
  }
  const issued = await parts.issuer.issue({
    tenant: tenant.value,
    class: order.class ?? '',
    profile: order.profile ?? null,
    risk: order.risk,
    ttlMs: order.ttl_ms ?? parts.defaultTtlMs,
    task: order.task ?? null,
    source: order.source ?? null,
    caller: caller.id,
    kind: 'sandbox',
  });
  if (!issued.ok) return answerFault(response, fault(issued.error.reason, issued.error.message, order.task));
  const { token, claims } = issued.value;
  const report = firstReport(claims);
  parts.book.set(claims.task, { tenant: claims.tenant, kind: 'sandbox', report, until: claims.exp * 1000 });
  answerJson(
    response,
    {
      task: claims.task,
      tenant: claims.tenant,
      pass: claims.jti,
      token,
      class: claims.class,
      profile: claims.profile,
      risk: claims.risk,
      capabilities: claims.capabilities,
      expires_at: new Date(claims.exp * 1000).toISOString(),
    },
    201,
  );
}
