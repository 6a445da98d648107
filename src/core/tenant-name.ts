/** What a tenant may be called: in passes, policy, controls, configuration and the record alike. */

export const TENANT_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

/** The same for people, as the end of a sentence that refuses a name. */
export const TENANT_LETTERS = 'letters, digits, `-` and `_`';
