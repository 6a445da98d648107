/** What a guard is told of a body in tests: a result in plain text, all in force. Of no task: nothing is remembered for the next. */

import type { GuardContext } from '../../src/guard/guard-context.ts';

export function contextOf(over: Partial<GuardContext> = {}): GuardContext {
  return {
    direction: 'result',
    settings: { request: 'enforce', result: 'enforce', minLikelihood: 'POSSIBLE', unscannable: 'block', ignore: [] },
    ...{ tenant: 't', task: '', host: '', contentType: 'text/plain', contentEncoding: '' },
    ...over,
  };
}
