// Made of src/gateway/client.ts by `npm run build:client`; do not change it here.
/**
 * A small typed client of the gateway, `locktender/client`: the API's four calls over `fetch`, and its problems as one
 * kind of error. Uses nothing that is not in every JavaScript runtime.
 */

/** `progress` and `part`, a part of a result that comes piece by piece, are values of the tool's own. */

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
  const send = async (method        , path        , body          , more              = {})                    => {
    const token = typeof options.token === 'string' ? options.token : await options.token();
    const response = await (options.fetch ?? fetch)(`${options.url.replace(/\/+$/, '')}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(more.idempotencyKey !== undefined && { 'idempotency-key': more.idempotencyKey }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(more.signal && { signal: more.signal }),
    });
    if (response.ok) return response;
    // What stands between may answer with a page of its own.
    throw new GatewayProblem(response.status, (await response.json().catch(() => ({})))                           );
  };
  const call = async    (method        , path        , body          , more              )             =>
    (await (await send(method, path, body, more)).json())     ;
  const taskPath = (id        ) => `/v1/tasks/${encodeURIComponent(id)}`;
  return {
    runTask: (order, more) => call('POST', '/v1/tasks', { ...order, stream: false }, more),
    streamTask: async function* (order, more) {
      yield* eventsOf(await send('POST', '/v1/tasks', { ...order, stream: true }, more));
    },
    task: (id) => call('GET', taskPath(id)),
    killTask: (id) => call('DELETE', taskPath(id)),
    issuePass: (order) => call('POST', '/v1/passes', order),
    guard: (order) => call('POST', '/v1/guard', order),
  };
}

/** The gateway's own server-sent events: an `event` and one line of `data` each. Throws if they end before `result`. */
async function* eventsOf(response          )                            {
  const text = new TextDecoder();
  let rest = '';
  // Leaving early cancels the body, and that closes the connection.
  for await (const piece of response.body                                        ) {
    const events = (rest + text.decode(piece, { stream: true })).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const [, name = '', data = 'null'] = /^event: (.*)\ndata: (.*)$/.exec(event) ?? [];
      const value = JSON.parse(data)                           ;
      if (name === 'fault') throw new GatewayProblem(value['status']          , value);
      yield { event: name, data: value }             ;
      if (name === 'result') return;
    }
  }
  throw new Error('the gateway went away before the task ended');
}
