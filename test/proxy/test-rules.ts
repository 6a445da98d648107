/** Packs of one rule each that several tests use. */

/** A pack of one rule, for a word that no other text says: taken out of results, and blocked or taken out of what leaves. */
export function wordRule(id: string, word: string, request: 'block' | 'redact'): string {
  return `version: 1
rules:
  - id: ${id}
    description: A word that nobody may hear.
    info_type: ${id.toUpperCase()}
    kind: dictionary
    regex: '\\b(${word}[0-9]*)\\b'
    secret_group: 1
    likelihood: VERY_LIKELY
    severity: high
    actions: { result: redact, request: ${request} }
    tests: { match: ['${word}'], no_match: ['${word.slice(1)}'] }
`;
}

/** A secret that LAB_SECRET_RULE finds. */
export const LAB_SECRET = 'labsecret-qwhgtyzvbnmklpxc';

/** A secret that is tokenised in results, and put back only towards `web.lab.test`. */
export const LAB_SECRET_RULE = `version: 1
rules:
  - id: lab-secret
    description: A secret of the lab
    info_type: LAB_SECRET
    kind: secret
    regex: '\\b(labsecret-[a-z]{16})\\b'
    secret_group: 1
    likelihood: VERY_LIKELY
    severity: high
    actions: { result: tokenise, request: block }
    restore: { hosts: [web.lab.test] }
    tests: { match: ['labsecret-abcdefghijklmnop'], no_match: ['labsecret-short'] }
`;
