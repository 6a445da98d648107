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
