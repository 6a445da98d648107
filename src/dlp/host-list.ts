/** Lists of hosts as rules and credentials name them: a name, or `*.` and a name for everything below it. */

export const HOST_OR_BELOW = /^(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/;

export function hostMatches(hosts: readonly string[], host: string): boolean {
  return hosts.some((one) => (one.startsWith('*.') ? host.endsWith(one.slice(1)) : host === one));
}
