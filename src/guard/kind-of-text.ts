/** What the scan has to know of a body beside its bytes. */

import type { GuardContext } from './guard-context.ts';

/** What comes in is not unpacked where it stands in no encoding: archives that are downloaded have checksums elsewhere. */
export function kindOfText(context: GuardContext) {
  return { isForm: isForm(context), isLeaving: context.direction === 'request' };
}

export function isForm({ contentType }: GuardContext): boolean {
  return contentType.includes('x-www-form-urlencoded');
}
