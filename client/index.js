// Made of src/gateway/client.ts by `npm run build:client`; do not change it here.
/**
 * A small typed client of the gateway, `locktender/client`: the API's four calls over `fetch`, and its problems as one
 * kind of error. Uses nothing that is not in every JavaScript runtime.
 */

/** The gateway refused: a problem document (RFC 9457). */
export class GatewayProblem extends Error {
           status        ;
  /** One of the gateway's codes, or a reason code. */
           code        ;
           task               ;

  constructor(
    status        ,
    document                                                                                 ,
  ) {
    super(typeof document.detail === 'string' ? document.detail : `the gateway answered with status ${status}`);
    this.name = 'GatewayProblem';
    this.status = status;
    this.code = typeof document.code === 'string' ? document.code : 'unknown';
    this.task = typeof document.task === 'string' ? document.task : null;
  }
}

export function gatewayClient(options               )                {
  const call = async    (method        , path        , body          , more              = {})             => {
    const token = typeof options.token === 'string' ? options.token : await options.token();
    const response = await (options.fetch ?? fetch)(new URL(path, options.url), {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(more.idempotencyKey !== undefined && { 'idempotency-key': more.idempotencyKey }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(more.signal && { signal: more.signal }),
    });
    const answer = (await response.json())                           ;
    if (!response.ok) throw new GatewayProblem(response.status, answer);
    return answer     ;
  };
  const taskPath = (id        ) => `/v1/tasks/${encodeURIComponent(id)}`;
  return {
    runTask: (order, more) => call('POST', '/v1/tasks', { ...order, stream: false }, more),
    task: (id) => call('GET', taskPath(id)),
    killTask: (id) => call('DELETE', taskPath(id)),
    issuePass: (order) => call('POST', '/v1/passes', order),
    guard: (order) => call('POST', '/v1/guard', order),
  };
}
