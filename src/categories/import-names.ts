/** What makers of lists call a category, in our words: UT1 (Toulouse) and names in common use. */

import type { Taxonomy } from './taxonomy.ts';

const NAMES: Readonly<Record<string, string>> = {
  ads: 'ads-and-trackers',
  adv: 'ads-and-trackers',
  advertising: 'ads-and-trackers',
  agressif: 'adult',
  'audio-video': 'video',
  bank: 'finance',
  banking: 'finance',
  bitcoin: 'crypto-currencies',
  botnet: 'command-and-control',
  c2: 'command-and-control',
  cdn: 'cdns',
  chat: 'messaging',
  cnc: 'command-and-control',
  crypto: 'crypto-currencies',
  cryptojacking: 'malware',
  cryptomining: 'malware',
  dating: 'social-networks',
  ddos: 'malware',
  dga: 'command-and-control',
  doh: 'doh-resolvers',
  'download-host': 'file-drops',
  dyndns: 'dynamic-dns',
  'dynamic-dns': 'dynamic-dns',
  educational_games: 'education',
  filehosting: 'file-drops',
  'file-sharing': 'net-disks',
  financial: 'finance',
  forums: 'forums',
  gambling: 'gambling',
  government: 'government',
  hacking: 'malware',
  imagehosting: 'image-hosts',
  'ip-lookup': 'what-is-my-ip',
  mixed_adult: 'adult',
  nsfw: 'adult',
  paste: 'paste-sites',
  phish: 'phishing',
  porn: 'adult',
  pornography: 'adult',
  press: 'news',
  proxy: 'web-proxies',
  publicite: 'ads-and-trackers',
  ransomware: 'malware',
  redirector: 'web-proxies',
  'remote-control': 'remote-access',
  sect: 'forums',
  sexual: 'adult',
  shortener: 'url-shorteners',
  shorteners: 'url-shorteners',
  social: 'social-networks',
  social_networks: 'social-networks',
  spyware: 'malware',
  stalkerware: 'malware',
  strict_redirector: 'web-proxies',
  strong_redirector: 'web-proxies',
  tracker: 'ads-and-trackers',
  trackers: 'ads-and-trackers',
  tracking: 'ads-and-trackers',
  translation: 'translation-proxies',
  trojan: 'malware',
  tunnel: 'tunnels',
  update: 'os-updates',
  virus: 'malware',
  vpn: 'vpn-services',
  webmail: 'web-mail',
};

/** Our category for a maker's name: as the import maps it, as we name it ourselves, as the field does; else null. */
export function categoryNamed(label: string, taxonomy: Taxonomy, map: ReadonlyMap<string, string>): string | null {
  const name = label.trim().toLowerCase();
  const mapped = map.get(label) ?? map.get(name);
  if (mapped !== undefined) return mapped;
  const known = taxonomy.byId.get(name) ?? taxonomy.byId.get(name.replace(/[\s_]+/g, '-'));
  if (known && !known.derived) return known.id;
  const ours = NAMES[name];
  return ours !== undefined && taxonomy.byId.has(ours) ? ours : null;
}
